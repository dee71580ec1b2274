"""Writes what was held back into the log.

In the caller's own transaction, on its own connection, behind a savepoint: an entry that
cannot be written raises and leaves that transaction sound. Where the transaction is rolled
back the entry goes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import router, transaction

from django_sandbox.context import Mode, require_scope
from django_sandbox.contrib.effects import counting, options, payloads
from django_sandbox.contrib.effects.loops import off_the_loop
from django_sandbox.exceptions import ModeNotSet
from django_sandbox.owners import current_owner_key

if TYPE_CHECKING:
    from django_sandbox.contrib.effects.models import CapturedEffect

KINDS = ("email", "http", "call")
SUMMARY_LENGTH = 500


def capture(kind: str, summary: str, payload: Any = None) -> CapturedEffect:
    """Write an entry to the log by hand, in the current mode.

    :param kind: ``"email"``, ``"http"`` or ``"call"``.
    :param summary: the recipient, the URL or the function; cut at 500 characters.
    :param payload: anything; what is no JSON is kept as its ``repr``, and what is named like
        a secret is masked.
    :raises ModeNotSet: where no mode is set, and inside ``all_modes()``.
    :raises ValueError: for another kind.
    """
    return record(kind, summary, {} if payload is None else payload)


async def acapture(kind: str, summary: str, payload: Any = None) -> CapturedEffect:
    """:func:`capture` for async code."""
    return await sync_to_async(capture)(kind, summary, payload)


def record(kind: str, summary: str, payload: Any, raw: bytes | None = None) -> CapturedEffect:
    """Write an entry, from wherever it is called, an event loop included.

    :param raw: the effect as the wire would have carried it, kept up to ``MAX_BYTES``.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of effect. The kinds are {', '.join(KINDS)}.")
    if require_scope().mode is Mode.ALL:
        raise ModeNotSet(
            "all_modes() does not say whose log this belongs to. Wrap it in "
            "`with live_mode():` or `with sandbox_mode():` (from django_sandbox)."
        )
    return off_the_loop(_insert, kind, summary, payloads.fitted(payload), raw)


def _insert(kind: str, summary: str, payload: Any, raw: bytes | None) -> CapturedEffect:
    from django_sandbox.contrib.effects.models import CapturedEffect

    limit = options.get("MAX_BYTES")
    if raw is not None and len(raw) > limit:
        payload = {**payload, "truncated": f"{limit} of {len(raw)} bytes of the raw message"}
        raw = raw[:limit]
    owner = CapturedEffect._meta.get_field("owner")
    effect = CapturedEffect(
        kind=kind,
        summary=payloads.text(str(summary))[:SUMMARY_LENGTH],
        payload=payload,
        raw=raw,
        **{owner.attname: owner.to_python(current_owner_key())},
    )
    using = router.db_for_write(CapturedEffect)
    with transaction.atomic(using=using):
        effect.save(using=using, force_insert=True)
    counting.note()
    return effect
