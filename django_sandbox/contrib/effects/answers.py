"""Which canned answer does a held-back request get?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django_sandbox.contrib.effects import payloads
from django_sandbox.contrib.effects.capturing import record
from django_sandbox.contrib.effects.declarations import Answer, Rule, rules

SHOWN_OF_ANSWER = 10_000  # characters of an answer that the log keeps


@dataclass(frozen=True)
class Asked:
    """A request that is held back, whichever client made it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def hosts(self) -> set[str]:
        """The host, and the host with its port where the URL names one."""
        parts = urlsplit(self.url)
        host = (parts.hostname or "").lower()
        return {host, f"{host}:{parts.port}"} if parts.port else {host}

    @cached_property
    def path(self) -> str:
        """The path, unquoted."""
        return unquote(urlsplit(self.url).path) or "/"

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; of several of one name the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @cached_property
    def lower_headers(self) -> dict[str, str]:
        """The headers by lower-case name."""
        return {name.lower(): value for name, value in self.headers.items()}

    @property
    def content_type(self) -> str:
        """The body's declared type; empty where there is none."""
        return self.lower_headers.get("content-type", "")

    @cached_property
    def content(self) -> Any:
        """The body as JSON or as a form's dict; ``None`` where it is neither."""
        return payloads.parsed_body(self.body, self.content_type)

    def texts(self) -> Iterator[str]:
        """Every single value in path, query and body: where a magic value may stand."""
        yield from self.path.split("/")
        yield from self.query.values()
        yield from _leaves(self.content)


def held_back(asked: Asked) -> Answer:
    """Record a request in the log, and find its answer: 200 ``{}`` where none is declared.

    :raises WrongAnswer: where a declaration cannot be used. Nothing is sent in any case.
    """
    rule = next((rule for rule in rules() if _matches(rule, asked)), None)
    answer = rule.answer if rule else Answer()
    url = payloads.url(asked.url)
    payload = {
        "method": asked.method,
        "url": url,
        "headers": payloads.headers(asked.headers.items()),
        "body": payloads.body(asked.body, asked.content_type),
        "answer": _described(answer, rule),
    }
    record("http", url, payload)
    return answer


def _described(answer: Answer, rule: Rule | None) -> dict[str, Any]:
    """An answer as the log tells of it."""
    shown: dict[str, Any] = {"rule": rule.where if rule else None}
    if answer.error:
        shown["error"] = answer.error
    else:
        shown |= {"status": answer.status, "body": _shown_body(answer)}
    if answer.delay:
        shown["delay"] = answer.delay
    return shown


def _shown_body(answer: Answer) -> Any:
    """The body, cut where it is long: the log is about what was asked."""
    if len(answer.content) > SHOWN_OF_ANSWER:
        return payloads.text(answer.content.decode(errors="replace"), SHOWN_OF_ANSWER)
    types = {name.lower(): value for name, value in answer.headers.items()}
    return payloads.body(answer.content, types.get("content-type", ""))


def _matches(rule: Rule, asked: Asked) -> bool:
    if rule.method and rule.method != asked.method.upper():
        return False
    if rule.host and not any(fnmatchcase(host, rule.host) for host in asked.hosts):
        return False
    if rule.path and not fnmatchcase(asked.path, rule.path):
        return False
    if rule.magic and rule.magic not in asked.texts():
        return False
    return all(_CONDITIONS[name](wanted, asked) for name, wanted in rule.when.items())


def _holds(wanted: Any, found: Any) -> bool:
    """Whether JSON holds what is wanted: objects may have more keys, all else is equal."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and _holds(value, found[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(_holds(*pair) for pair in zip(wanted, found, strict=True))
        )
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _holds_texts(wanted: Mapping[str, Any], found: Any) -> bool:
    return isinstance(found, Mapping) and all(
        name in found and str(found[name]) == str(value) for name, value in wanted.items()
    )


_CONDITIONS = {
    "json": lambda wanted, asked: _holds(wanted, asked.content),
    "form": lambda wanted, asked: _holds_texts(wanted, asked.content),
    "query": lambda wanted, asked: _holds_texts(wanted, asked.query),
    "headers": lambda wanted, asked: _holds_texts(
        {name.lower(): value for name, value in wanted.items()}, asked.lower_headers
    ),
}


def _leaves(value: Any) -> Iterator[str]:
    """The texts and numbers at the ends of JSON, without recursing."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str | int | float):
            yield str(item)
