"""What a site's settings and URLs lack."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings

from django_sandbox import conf, registry
from django_sandbox.doctor import migrations, site
from django_sandbox.doctor.finding import SITE, Finding, Severity

EFFECTS = "django_sandbox.contrib.effects"
ADMIN = "django_sandbox.contrib.admin"
RATE_MIDDLEWARE = "django_sandbox.rates.RateLimitMiddleware"
THROTTLE = "django_sandbox.contrib.rest_framework.ModeRateThrottle"
REST_URLS = "django_sandbox.contrib.rest_framework.urls"


def owner_not_chosen() -> Iterator[Finding]:
    """D003: the owner is the user by default, and cannot be changed once tables are there."""
    if "OWNER_MODEL" in conf.site_settings():
        return
    others = [model._meta.label for model in site.owner_candidates()]
    hint = f" Is it {' or '.join(others)}?" if others else ""
    example = others[0] if others else conf.owner_model()
    yield Finding(
        "sandbox.D003",
        Severity.MUST if others and not migrations.has_tables() else Severity.SHOULD,
        SITE,
        f"Keys and sandboxes belong to {conf.owner_model()}, as nothing else is said. Say it "
        f"before the first migrate: later their tables must be made anew.{hint}",
        [f'SANDBOX = {{"OWNER_MODEL": "{example}", ...}}'],
    )


def default_brand() -> Iterator[Finding]:
    """D005: keys carry a brand that says nothing of the site."""
    if "KEY_PREFIX" not in conf.site_settings():
        yield Finding(
            "sandbox.D005",
            Severity.SHOULD,
            SITE,
            f'API keys begin with "{conf.get("KEY_PREFIX")}_test_". Choose a brand of your own '
            "before the first key is issued: a changed brand makes old keys invalid.",
            ['SANDBOX = {"KEY_PREFIX": "acme", ...}'],
            "guides/keys",
        )


def no_toggle() -> Iterator[Finding]:
    """D006: nobody who is signed in can choose test mode."""
    pages = settings.TEMPLATES and apps.is_installed("django.contrib.auth")
    if pages and not site.has_url("sandbox:mode"):
        yield Finding(
            "sandbox.D006",
            Severity.SHOULD,
            SITE,
            "The toggle between live and test mode has no address: pages with "
            "{% sandbox_toggle %} fail, and the admin cannot change the mode.",
            ['path("sandbox/", include("django_sandbox.urls")),  # in urlpatterns'],
            "guides/lifecycle",
        )


def no_rest() -> Iterator[Finding]:
    """D007: there is Django REST framework, and the package's endpoints are not used."""
    if apps.is_installed("rest_framework") and not site.includes(REST_URLS):
        yield Finding(
            "sandbox.D007",
            Severity.MAY,
            SITE,
            "Owners cannot activate, reset and deactivate their sandbox by your API.",
            [f'path("v1/", include("{REST_URLS}")),  # in urlpatterns'],
            "guides/rest-framework",
        )


def effects_leave() -> Iterator[Finding]:
    """D009: what test mode sends reaches people. W080 looks further, once the app is there."""
    if not apps.is_installed(EFFECTS):
        yield Finding(
            "sandbox.D009",
            Severity.SHOULD,
            SITE,
            "Emails and calls of vendors that are made in test mode leave the house as in live.",
            [f'INSTALLED_APPS += ["{EFFECTS}"]', *_mail_lines()],
            "guides/effects",
        )


def _mail_lines() -> list[str]:
    backend = "django_sandbox.contrib.effects.mail.EmailBackend"
    mailers = getattr(settings, "MAILERS", None)
    if mailers is None:
        used, line = settings.EMAIL_BACKEND, f'EMAIL_BACKEND = "{backend}"'
    else:
        used = mailers.get("default", {}).get("BACKEND", "...")
        line = f'MAILERS = {{"default": {{"BACKEND": "{backend}"}}}}'
    return [line, f'SANDBOX = {{"EFFECTS": {{"EMAIL_BACKEND": "{used}"}}, ...}}']


def rates_without_effect() -> Iterator[Finding]:
    """D010: a rate is set, and nothing counts."""
    rated = [name for name, o in conf.get("ENVIRONMENTS").items() if o.get("rate") is not None]
    throttles = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_THROTTLE_CLASSES", ())
    if rated and THROTTLE not in throttles and RATE_MIDDLEWARE not in site.middleware():
        rest = apps.is_installed("rest_framework")
        yield Finding(
            "sandbox.D010",
            Severity.SHOULD,
            SITE,
            f"A rate is set for {', '.join(rated)}, and nothing counts requests for the whole "
            "site. Single views may, by @rate_limited or throttle_classes.",
            [
                f'REST_FRAMEWORK = {{"DEFAULT_THROTTLE_CLASSES": ["{THROTTLE}"], ...}}'
                if rest
                else f'MIDDLEWARE += ["{RATE_MIDDLEWARE}"]'
            ],
            "guides/rate-limits",
        )


def admin_without_banner() -> Iterator[Finding]:
    """D013: the admin does not show which mode it is in."""
    if apps.is_installed("django.contrib.admin") and not apps.is_installed(ADMIN):
        yield Finding(
            "sandbox.D013",
            Severity.SHOULD if registry.sandboxed_models() else Severity.MAY,
            SITE,
            "Pages of the admin do not say whether they show live or test rows.",
            [f'INSTALLED_APPS = ["{ADMIN}", "django.contrib.admin", ...]'],
        )


RULES = (
    owner_not_chosen,
    default_brand,
    no_toggle,
    no_rest,
    effects_leave,
    rates_without_effect,
    admin_without_banner,
)
