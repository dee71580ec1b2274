"""Brings the package's translations up to date with its strings.

python tests/translations.py

writes ``django_sandbox/locale/<language>/LC_MESSAGES/django.po`` and ``django.mo``: what is
new comes in empty, what is gone goes. Prints what is left to translate, and exits 1 where
there is something. Needs Django and Babel, and no gettext tools.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parent.parent / "django_sandbox"
LANGUAGES = ("de", "fr")
KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}


def sources() -> list[Path]:
    """The files whose strings people may read."""
    found = [*PACKAGE.rglob("*.py"), *templates()]
    return sorted(path for path in found if "migrations" not in path.parts)


def templates() -> list[Path]:
    folders = PACKAGE.rglob("templates")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def strings() -> Catalog:
    """Every string that is marked for translation, with the files it stands in."""
    catalog = Catalog(project="django-sandbox")
    for path in sources():
        code = path.read_text()
        if path.suffix != ".py":
            code = _as_python(code, path)
        name = path.relative_to(PACKAGE.parent).as_posix()
        found = extract("python", BytesIO(code.encode()), KEYWORDS, ["Translators:"])
        for line, message, comments, context in found:
            catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def _as_python(template: str, path: Path) -> str:
    """A template's strings as calls of gettext, as Django's makemessages sees them."""
    from django.utils.translation.template import templatize

    lines = templatize(template, origin=str(path)).splitlines()
    return "\n".join(line.strip() for line in lines)  # their indentation means nothing


def po_file(language: str) -> Path:
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """The catalogue of one language, as it is stored."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> list[str]:
    """Write the catalogue anew. :returns: the strings that want a translation."""
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = read(language) if path.exists() else _new(language)
    catalog.update(strings(), no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(
            file, catalog, width=100, sort_by_file=True, include_lineno=False, ignore_obsolete=True
        )
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    return untranslated(catalog)


def _new(language: str) -> Catalog:
    return Catalog(
        language,
        header_comment="# Translations of django-sandbox.",
        project="django-sandbox",
        version="1",
        msgid_bugs_address="-",
        last_translator="The django-sandbox maintainers",
        language_team=language,
        revision_date=datetime.now(UTC),
        fuzzy=False,
    )


def untranslated(catalog: Catalog) -> list[str]:
    """Strings without a whole translation, or with one that somebody should look at."""
    return [str(message.id) for message in catalog if message.id and not _is_whole(message)]


def _is_whole(message: Message) -> bool:
    forms = message.string if message.pluralizable else [message.string]
    return bool(forms) and all(forms) and not message.fuzzy


def main() -> int:
    from django.conf import settings

    settings.configure()
    left = {language: update(language) for language in LANGUAGES}
    for language, missing in left.items():
        for message in missing:
            print(f"{language}: {message!r}")
    return int(any(left.values()))


if __name__ == "__main__":
    sys.exit(main())
