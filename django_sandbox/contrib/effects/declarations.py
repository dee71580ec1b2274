"""Canned answers as a site declares them: read, checked, named where they are wrong.

From ``RESPONSES`` and ``MAGIC`` in the settings, and from files under ``RESPONSES_DIR``:
``<dir>/<host>/<any name>.json``, each holding one answer or a list of them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django_sandbox.contrib.effects import options
from django_sandbox.exceptions import ConfigurationError

ERRORS = ("connect", "connect_timeout", "read_timeout")
MAX_DELAY = 60  # seconds: a client without a timeout would wait so long
_ANSWER_KEYS = frozenset({"status", "json", "text", "headers", "delay", "error", "when"})
_WHEN_KEYS = frozenset({"json", "form", "query", "headers"})
_TARGET = re.compile(r"(?:(?P<method>[A-Z]+)\s+)?(?P<host>[^/\s]+)(?P<path>/\S*)")
SETTING = 'SANDBOX["EFFECTS"]'


class WrongAnswer(ConfigurationError):
    """A declared answer cannot be used; the message says where it stands and what is wrong."""


@dataclass(frozen=True)
class Answer:
    """What a vendor would have said."""

    status: int = 200
    content: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0  # seconds until the first byte
    error: str = ""  # one of ERRORS, in place of an answer


@dataclass(frozen=True)
class Rule:
    """An answer, and the requests that it is for. An empty part is for all."""

    where: str
    answer: Answer
    method: str = ""
    host: str = ""
    path: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    magic: str = ""


def rules() -> Iterator[Rule]:
    """All rules, in the order in which they are asked: magic values, settings, files.

    :raises WrongAnswer: at the first that cannot be used.
    """
    for read in sources():
        yield from read


def sources() -> Iterator[Iterator[Rule]]:
    """The rules of each key and each file, which are right or wrong by themselves."""
    for name, read in (("MAGIC", _magic), ("RESPONSES", _of_target)):
        declared = options.get(name)
        if not isinstance(declared, Mapping):
            raise WrongAnswer(f"{SETTING}[{name!r}] must be a dict.")
        for key, value in declared.items():
            yield read(f"{SETTING}[{name!r}][{key!r}]", key, value)
    for file in files():
        yield _of_file(file)


def files() -> list[Path]:
    """The files of canned answers, those of one host together, in the order of their names."""
    declared = options.get("RESPONSES_DIR")
    if declared is None:
        return []
    if not isinstance(declared, str | Path) or not Path(declared).is_dir():
        raise WrongAnswer(f"{SETTING}['RESPONSES_DIR'] must be a folder; {declared!r} is none.")
    return sorted(Path(declared).glob("*/*.json"))


def _magic(where: str, key: Any, value: Any) -> Iterator[Rule]:
    if not isinstance(key, str) or not key:
        raise WrongAnswer(f"{where}: a magic value is a text.")
    if not isinstance(value, Mapping):
        raise WrongAnswer(f"{where} must be a dict.")
    rest = dict(value)
    target = rest.pop("at", None)
    answer, when = _answer(where, rest)
    parts = {} if target is None else _target(where, target)
    yield Rule(where, answer, when=when, magic=key, **parts)


def _of_target(where: str, key: Any, value: Any) -> Iterator[Rule]:
    target = _target(where, key)
    several = value if isinstance(value, list | tuple) else [value]
    for number, one in enumerate(several):
        place = where if several is not value else f"{where}[{number}]"
        answer, when = _answer(place, one)
        yield Rule(place, answer, when=when, **target)


def _target(where: str, target: Any) -> dict[str, str]:
    match = _TARGET.fullmatch(target) if isinstance(target, str) else None
    if match is None or "://" in target:
        raise WrongAnswer(
            f"{where}: {target!r} is no target. Write '<host>/<path glob>', such as "
            "'api.example.com/v1/*', with a method before it if it is for that one alone: "
            "'POST api.example.com/v1/charges'."
        )
    parts = match.groupdict(default="")
    return {**parts, "host": parts["host"].lower()}


def _of_file(file: Path) -> Iterator[Rule]:
    try:
        stat = file.stat()
        return iter(_read(file, stat.st_mtime_ns, stat.st_size))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongAnswer(f"{file}: {error}") from error


@lru_cache(maxsize=1024)
def _read(file: Path, changed: int, size: int) -> tuple[Rule, ...]:
    """The rules of a file; read again once it has changed."""
    declared = json.loads(file.read_text(encoding="utf-8"))
    several = declared if isinstance(declared, list) else [declared]
    found = []
    for number, one in enumerate(several):
        where = str(file) if several is not declared else f"{file}[{number}]"
        if not isinstance(one, dict):
            raise WrongAnswer(f"{where} must be an object.")
        rest = dict(one)
        method, path = rest.pop("method", ""), rest.pop("path", None)
        if not isinstance(path, str) or not path.startswith("/"):
            raise WrongAnswer(f"{where}: 'path' must be a path glob such as '/v1/charges*'.")
        if not isinstance(method, str) or (method and not re.fullmatch("[A-Z]+", method)):
            raise WrongAnswer(f"{where}: 'method' must be a method such as 'POST'.")
        answer, when = _answer(where, rest)
        # The log names the rule to customers, who need not know where files of the site are.
        name = where.removeprefix(f"{file.parent.parent}{os.sep}")
        found.append(Rule(name, answer, method, file.parent.name.lower(), path, when))
    return tuple(found)


def _answer(where: str, declared: Any) -> tuple[Answer, Mapping[str, Any]]:
    """One answer and its conditions. :raises WrongAnswer: naming the key that is wrong."""
    if not isinstance(declared, Mapping):
        raise WrongAnswer(f"{where} must be a dict such as {{'status': 200, 'json': {{}}}}.")
    for key in declared:
        if key not in _ANSWER_KEYS:
            known = ", ".join(sorted(_ANSWER_KEYS))
            raise WrongAnswer(f"{where} has an unknown key {key!r}. The keys are {known}.")
    for key, (fits, wanted) in _WANTED.items():
        if key in declared and not fits(declared[key]):
            raise WrongAnswer(f"{where}: {key!r} must be {wanted}, not {declared[key]!r}.")
    if "json" in declared and "text" in declared:
        raise WrongAnswer(f"{where} has both 'json' and 'text'. Keep one.")
    content, kind = _content(where, declared)
    answer = Answer(
        status=declared.get("status", 200),
        content=content,
        headers={"Content-Type": kind, **declared.get("headers", {})},
        delay=declared.get("delay", 0),
        error=declared.get("error", ""),
    )
    return answer, declared.get("when", {})


def _content(where: str, declared: Mapping[str, Any]) -> tuple[bytes, str]:
    if "text" in declared:
        return declared["text"].encode(), "text/plain; charset=utf-8"
    try:
        return json.dumps(declared.get("json", {})).encode(), "application/json"
    except (TypeError, ValueError) as error:
        raise WrongAnswer(f"{where}: 'json' is no JSON: {error}.") from error


def _is_when(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= _WHEN_KEYS:
        return False
    return all(isinstance(value[key], Mapping) for key in value.keys() - {"json"})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WANTED: dict[str, tuple[Any, str]] = {
    "status": (
        lambda v: isinstance(v, int) and not isinstance(v, bool) and 200 <= v <= 599,
        "an HTTP status from 200 to 599",
    ),
    "text": (lambda v: isinstance(v, str), "a text"),
    "headers": (
        lambda v: (
            isinstance(v, Mapping)
            and all(
                isinstance(part, str) and "\n" not in part for pair in v.items() for part in pair
            )
        ),
        "a dict of texts",
    ),
    "delay": (
        lambda v: _is_number(v) and 0 <= v <= MAX_DELAY,
        f"a number of seconds from 0 to {MAX_DELAY}",
    ),
    "error": (lambda v: v in ERRORS, f"one of {', '.join(ERRORS)}"),
    "when": (_is_when, f"a dict with some of {', '.join(sorted(_WHEN_KEYS))}, each a dict"),
}
