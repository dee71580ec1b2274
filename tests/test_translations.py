"""German and French: whole, alike in what they put in, and what people get to see."""

from __future__ import annotations

import ast
import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import ngettext, pgettext

from django_sandbox import lifecycle, registry
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.contrib.webhooks import notices
from django_sandbox.contrib.webhooks.models import Endpoint
from tests import translations
from tests.testapp.models import Booking

LANGUAGES = pytest.mark.parametrize("language", translations.LANGUAGES)
SWITCH = "/sandbox/mode"


def texts(catalog: Catalog):
    """``{(context, string): translations}``; one translation for each plural form."""
    found = {}
    for message in catalog:
        if message.id:
            forms = message.string if message.pluralizable else (message.string,)
            context = message.context
            if isinstance(context, bytes):  # as Babel reads them from what is compiled
                context = context.decode()
            name = tuple(message.id) if message.pluralizable else message.id
            found[context, name] = tuple(forms)
    return found


# --- the catalogues


@LANGUAGES
def test_the_catalogue_has_the_strings_of_the_source_and_no_others(language):
    """``tox run -e translations`` writes what is missing here."""
    assert set(texts(translations.read(language))) == set(texts(translations.strings()))


@LANGUAGES
def test_every_string_is_translated_and_none_is_fuzzy(language):
    assert translations.untranslated(translations.read(language)) == []


@LANGUAGES
def test_placeholders_and_edges_agree(language):
    catalog = translations.read(language)
    assert [(message.id, errors) for message, errors in catalog.check()] == []
    names = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")
    for message in catalog:
        if not message.id:
            continue
        sources = message.id if message.pluralizable else [message.id]
        forms = message.string if message.pluralizable else [message.string]
        wanted = {frozenset(names.findall(source)) for source in sources}
        for form in forms:
            assert frozenset(names.findall(form)) in wanted, form
            for edge in (str.lstrip, str.rstrip):
                assert (edge(form) == form) == (edge(sources[0]) == sources[0]), form


@LANGUAGES
def test_the_compiled_catalogue_is_that_of_the_source(language):
    with translations.po_file(language).with_suffix(".mo").open("rb") as file:
        assert texts(read_mo(file)) == texts(translations.read(language))


def test_people_are_addressed_politely():
    familiar = {"de": r"\b(du|dir|dich|dein\w*)\b", "fr": r"\b(tu|toi|ton|ta|tes)\b"}
    for language, pattern in familiar.items():
        for forms in texts(translations.read(language)).values():
            assert not [form for form in forms if re.search(pattern, form, re.IGNORECASE)]


def test_french_signs_do_not_part_from_their_words():
    for forms in texts(translations.read("fr")).values():
        for form in forms:
            assert not re.search(r" [:;!?»]|« |(?<=\w)'(?=\w)", form), form


def test_the_extractor_sees_what_it_should():
    """The strings of code and of templates, with their contexts."""
    found = texts(translations.strings())
    assert (None, "Test mode") in found and ("environment", "Switch") in found
    assert ("environment", "Live") in found and (None, "Mode: %(mode)s") in found
    as_python = translations._as_python(
        "a\n  {% blocktranslate count n=n trimmed %}\n one {{ n }}\n{% plural %}{{ n }} many"
        '{% endblocktranslate %}\n b {% translate "c" context "d" %}',
        translations.PACKAGE,
    )
    assert (
        "ngettext(u'one %(n)s', u'%(n)s many'" in as_python and "pgettext(u'd', u'c')" in as_python
    )


# --- nothing is left out


def test_no_string_hides_inside_another():
    """Inside an f-string, before Python 3.12 and with gettext's own tools, it is not found."""
    for path in translations.sources():
        if path.suffix != ".py":
            continue
        for outer in ast.walk(ast.parse(path.read_text())):
            inside = ast.walk(outer) if isinstance(outer, ast.JoinedStr) else ()
            calls = [n.func for n in inside if isinstance(n, ast.Call)]
            names = {getattr(func, "id", None) for func in calls}
            assert not names & set(translations.KEYWORDS), (path, outer.lineno)


def test_no_template_has_words_outside_a_translation():
    for path in translations.templates():
        text = path.read_text()
        text = re.sub(r"{% (comment|blocktranslate)\b.*?{% end\1 %}", "", text, flags=re.DOTALL)
        text = re.sub(r"{% block (bodyclass|coltype) %}.*?{% endblock %}", "", text)
        text = re.sub(r"{[%{#].*?[%}#]}", "", text, flags=re.DOTALL)
        spoken = re.findall(r"\b(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"", text)
        text = re.sub(r"<!--.*?-->|<[^>]*>", " ", text, flags=re.DOTALL)
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", "", " ".join([text, *spoken])))
        assert not words, (path.name, words)


OURS = [config for config in apps.get_app_configs() if config.name.startswith("django_sandbox")]
# Columns that nobody is shown.
HIDDEN = {
    "digest", "slot", "touched_at", "emptying_since", "columns", "secret_stored",
    "previous_stored", "claim", "attempts_this_round",
}  # fmt: skip
INTERNAL = {"CloneLink", "ModeKey", "SnapshotChunk", "ModeWitness"}


def own_models():
    return [m for c in OURS for m in c.get_models() if m.__name__ not in INTERNAL]


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.label)
def test_apps_have_a_translated_name(config):
    assert isinstance(config.verbose_name, Promise)


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_models_their_columns_and_their_choices_have_translated_names(model):
    assert isinstance(model._meta.verbose_name, Promise)
    assert isinstance(model._meta.verbose_name_plural, Promise)
    for field in model._meta.local_concrete_fields:
        if field.name not in HIDDEN and not field.auto_created:
            assert isinstance(field.verbose_name, Promise), field
        assert not field.help_text or isinstance(field.help_text, Promise), field
    for choices in vars(model).values():
        if isinstance(choices, type) and issubclass(choices, models.Choices):
            assert all(isinstance(choice._label_, Promise) for choice in choices)


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_the_admin_says_nothing_that_is_not_translated(model):
    registered = admin.site._registry.get(model)
    classes = type(registered).__mro__ if registered else ()
    for part in (c for c in classes if c.__module__.startswith("django_sandbox")):
        for name, value in vars(part).items():
            described = getattr(value, "short_description", None)
            assert described is None or isinstance(described, Promise), (part, name)


# --- what people see


@pytest.fixture
def browser(session, settings):
    """A signed-in browser of somebody who reads one language."""
    position = settings.MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE]
    settings.MIDDLEWARE.insert(position + 1, "django.middleware.locale.LocaleMiddleware")

    def reads(language):
        session.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        return session

    with translation.override(translation.get_language()):  # requests leave theirs behind
        yield reads


SEEN = {
    "de": ("Testmodus", "Sie sehen Testdaten. Nichts davon ist echt.", "Modus: Test", "API-Schlüssel"),
    "fr": (
        "Mode test",
        "Vous consultez des données de test. Rien ici n’est réel.",
        "Mode\N{NO-BREAK SPACE}: Test",
        "clés d’API",
    ),
}  # fmt: skip


@LANGUAGES
@pytest.mark.django_db
def test_a_page_speaks_the_readers_language(browser, language, user):
    person = browser(language)
    person.post(SWITCH, {"environment": "test"})
    page = person.get("/page").text
    name, sentence, mode, keys = SEEN[language]
    assert f"<strong>{name}</strong>" in page and sentence in page and f"{mode}</legend>" in page
    assert "Nothing here is real" not in page
    user.is_staff = user.is_superuser = True
    user.save()
    assert keys in person.get("/admin/django_sandbox/apikey/").text


@LANGUAGES
@pytest.mark.django_db
def test_a_refused_switch_is_told_in_the_readers_language(browser, owner, language):
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    person = browser(language)
    (message,) = person.post(SWITCH, {"environment": "test"}).wsgi_request._messages
    assert {"de": "ist nicht aktiv", "fr": "n’est pas actif"}[language] in str(message)


@LANGUAGES
@pytest.mark.django_db
def test_the_api_speaks_one_language_to_all(browser, owner, language, seeders):
    """Its names are for programs: no client's language may change them."""
    person = browser(language)
    seeders["tests.one"] = lambda who: Booking.objects.create(organization=who)
    answers = {}
    for spoken in ("en", language):
        browser(spoken)
        person.post("/v1/sandbox/activate")
        reset = person.post("/v1/sandbox/reset").json()
        answers[spoken] = reset, person.post("/v1/sandbox/clone", {"source": "x"}).json()
    assert answers["en"] == answers[language]


@LANGUAGES
def test_counts_are_named_alike_in_every_language(language):
    with translation.override(language):
        assert registry.count_name("sandbox_effects.CapturedEffect") == "captured_effects"
        assert str(CapturedEffect._meta.verbose_name_plural) != "captured effects"


@LANGUAGES
@pytest.mark.django_db
def test_the_email_about_an_endpoint_is_in_the_sites_language(
    language, owner, mailoutbox, settings
):
    settings.SANDBOX = {**settings.SANDBOX, "WEBHOOKS": {"OWNER_EMAILS": f"{__name__}.emails"}}
    endpoint = Endpoint(
        id="whe_1",
        owner=owner,
        environment="live",
        url="https://example.com/hook",
        disabled_reason=Endpoint.Reason.GONE,
    )
    with translation.override(language):
        notices.email_owner(endpoint)
    (message,) = mailoutbox
    words = {"de": ("deaktiviert", "mit 410 Gone geantwortet"), "fr": ("désactivé", "répondu 410")}
    assert words[language][0] in message.subject and words[language][1] in message.body
    assert "https://example.com/hook" in message.body and "%" not in message.body


def emails(owner):
    return ["owner@example.com"]


def test_plurals_follow_the_language():
    """None at all is many in German and one in French."""
    strings = "%(number)d key revoked.", "%(number)d keys revoked."
    read = {}
    for language in ("en", *translations.LANGUAGES):
        with translation.override(language):
            read[language] = [ngettext(*strings, n) % {"number": n} for n in (0, 1, 2)]
    assert read == {
        "en": ["0 keys revoked.", "1 key revoked.", "2 keys revoked."],
        "de": ["0 Schlüssel widerrufen.", "1 Schlüssel widerrufen.", "2 Schlüssel widerrufen."],
        "fr": ["0 clé révoquée.", "1 clé révoquée.", "2 clés révoquées."],
    }
    with translation.override("de"):
        rows = "“%(name)s” keeps %(number)d row.", "“%(name)s” keeps %(number)d rows."
        texts = [ngettext(*rows, n) % {"name": "a", "number": n} for n in (0, 1)]
    assert texts == ["„a“ bewahrt 0 Zeilen auf.", "„a“ bewahrt 1 Zeile auf."]


def test_what_needs_a_context_has_one():
    """A site with a word of its own, such as a phone call, must not get ours."""
    with translation.override("de"):
        assert pgettext("captured effect", "call") == "Aufruf"
        assert translation.gettext("call") == "call"
        assert pgettext("API key", "state") == "Zustand"
        assert translation.gettext("state") == "state"  # of a country, say
