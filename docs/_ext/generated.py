"""Parts of the reference that are made from the package itself when the pages are built.

A line ``<!-- generated: rest -->`` in a page is where the part of that name goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import layers

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
# Any call can be refused so; the page says it once.
EVERYWHERE = re.compile(
    r"INVALID|PARSE_ERROR|UNSUPPORTED_MEDIA_TYPE|RATE_LIMITED|API_KEY_\w+|PERMISSION_DENIED"
    r"|OWNER_REQUIRED"
)


def configure() -> None:
    """Settings of a site that has all of the package, for the build."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="docs",  # noqa: S106 - it signs nothing
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "drf_spectacular",
            "django_sandbox",
            "django_sandbox.contrib.activity",
            "django_sandbox.contrib.effects",
            "django_sandbox.contrib.webhooks",
        ],
        MIDDLEWARE=["django_sandbox.middleware.SandboxMiddleware"],
        REST_FRAMEWORK={
            "DEFAULT_SCHEMA_CLASS": "django_sandbox.contrib.rest_framework.schema.AutoSchema"
        },
    )
    django.setup()


# --- manage.py sandbox


def commands() -> str:
    """Each action with its arguments, as ``--help`` has them."""
    from django_sandbox.management.actions import ACTIONS

    return "\n".join(line for action in ACTIONS.values() for line in _action(action))


def _action(action: Any) -> Iterator[str]:
    yield f"### `sandbox {action.name}`\n"
    yield f"{action.help[0].upper()}{action.help[1:]}.\n"
    if not action.arguments:
        return
    yield "| argument | |\n| --- | --- |"
    for argument in action.arguments:
        yield f"| {_usage(argument)} | {_meaning(argument.options)} |"
    yield ""


def _usage(argument: Any) -> str:
    options = argument.options
    name = argument.names[-1]
    if options.get("action") == "store_true":
        return f"`{name}`"
    if name.startswith("-"):
        value = options.get("metavar") or name.strip("-").upper()
        return f"`{name} {value}`"
    return f"`{options.get('metavar') or name}`"


def _meaning(options: dict[str, Any]) -> str:
    words = [options["help"]] if options.get("help") else []
    if options.get("choices"):
        words.append("one of " + ", ".join(f"`{choice}`" for choice in options["choices"]))
    if options.get("required"):
        words.append("needed")
    elif isinstance(options.get("default"), str) and options["default"]:
        words.append(f"`{options['default']}` if left out")
    return _cell("; ".join(words))


# --- REST


def rest() -> str:
    """Each call of the package's own addresses, from the OpenAPI schema of them."""
    from drf_spectacular.generators import SchemaGenerator

    from django_sandbox.contrib.rest_framework import urls

    schema = SchemaGenerator(patterns=urls.urlpatterns).get_schema(request=None, public=True)
    groups: dict[str, list[str]] = {}
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            lines = groups.setdefault(call["tags"][0], [])
            lines += _call(method.upper(), path.lstrip("/"), call, schema)
    return "\n".join(f"## {tag}\n\n" + "\n".join(lines) for tag, lines in groups.items())


def _call(method: str, path: str, call: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    yield f"### `{method} {path}`\n"
    summary = call.get("summary", "").rstrip(".")
    description = call.get("description", "").strip()
    yield " ".join(filter(None, [f"{summary}." if summary else "", description])) + "\n"
    taken = [*_parameters(call, schema), *_body(call, schema)]
    if taken:
        yield "| takes | type | |\n| --- | --- | --- |"
        yield from taken
        yield ""
    yield "| answers | |\n| --- | --- |"
    for status, answer in call["responses"].items():
        if status < "400":
            yield f"| {status} | {_cell(_answer(answer, schema))} |"
    for status, codes in _refusals(call):
        yield f"| {status} | {', '.join(f'`{code}`' for code in codes)} |"
    yield ""


def _parameters(call: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    for parameter in call.get("parameters", []):
        if parameter["in"] == "query":
            kind = _type(parameter["schema"], schema)
            note = _note(parameter, schema)
            yield f"| `?{parameter['name']}=` | {kind} | {_cell(note)} |"


def _body(call: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    content = call.get("requestBody", {}).get("content", {})
    whole = _resolved(next(iter(content.values()), {}).get("schema", {}), schema)
    required = whole.get("required", [])
    for name, field in whole.get("properties", {}).items():
        note = _note(field, schema) + (" Needed." if name in required else "")
        yield f"| `{name}` | {_type(field, schema)} | {_cell(note.strip())} |"


def _answer(answer: dict[str, Any], schema: dict[str, Any]) -> str:
    content = next(iter(answer.get("content", {}).values()), {}).get("schema")
    if content is None:
        return "no body"
    return _fields(content, schema)


def _fields(part: dict[str, Any], schema: dict[str, Any]) -> str:
    whole = _resolved(part, schema)
    if whole.get("type") == "array":
        return f"a list of {_fields(whole['items'], schema)}"
    names = [_field(name, field, schema) for name, field in whole.get("properties", {}).items()]
    return ", ".join(names) or _type(part, schema)


def _field(name: str, field: dict[str, Any], schema: dict[str, Any]) -> str:
    """A field's name, with what is in it where that is an object or a list of them."""
    whole = _resolved(field, schema)
    inner = _resolved(whole["items"], schema) if whole.get("type") == "array" else whole
    if not inner.get("properties"):
        return f"`{name}`"
    return f"`{name}` ({_fields(whole, schema)})"


def _refusals(call: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The codes of each refusing status, but for those that every call can answer."""
    for status, answer in call["responses"].items():
        content = next(iter(answer.get("content", {}).values()), {})
        codes = [c for c in content.get("examples", {}) if not EVERYWHERE.fullmatch(c)]
        if status >= "400" and codes:
            yield status, codes


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "allOf" in part and len(part["allOf"]) == 1:
        part = {**_resolved(part["allOf"][0], schema), **part}
    if "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[1]
        return schema["components"]["schemas"][name]
    return part


def _type(part: dict[str, Any], schema: dict[str, Any]) -> str:
    whole = _resolved(part, schema)
    choices = [choice for choice in whole.get("enum", []) if choice is not None]
    if choices:
        return _cell(" or ".join(f"`{choice}`" for choice in choices))
    if "oneOf" in whole:
        return _cell(" or ".join(_type(one, schema) for one in whole["oneOf"]))
    kind = whole.get("type", "anything")
    if kind == "array":
        return f"list of {_type(whole['items'], schema)}"
    return "moment" if whole.get("format") == "date-time" else kind


def _note(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """What the schema says of a field, without the list of its choices."""
    note = field.get("description") or ""
    return "" if note.startswith("* `") else note.partition("\n\n* `")[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- Sphinx

PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "layers": layers.picture,
    "modules": layers.words,
    "rest": rest,
}


def put_in(app: Any, page: str, source: list[str]) -> None:
    """Sphinx's event ``source-read``: put the parts where a page wants them."""
    source[0] = MARK.sub(lambda mark: PARTS[mark[1]](), source[0])


def part_fields(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's event for docstrings: ``It does. :raises E: where …`` in one line becomes two."""
    for number, line in reversed(list(enumerate(lines))):
        text, mark, field = line.partition(" :raises ")
        if mark and text.strip():
            lines[number : number + 1] = [text, "", f":raises {field}"]


def setup(app: Any) -> dict[str, bool]:
    configure()
    app.connect("source-read", put_in)
    app.connect("autodoc-process-docstring", part_fields)
    return {"parallel_read_safe": True}
