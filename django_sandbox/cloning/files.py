"""Files of copied rows: a copy of their own, so that no clean-up of a sandbox touches live's.

The name of a copy follows from the name it has in live. So it needs no book-keeping: the
same file in live is the same name in the sandbox, and what an interrupted clone left
behind is found again by the next.
"""

from __future__ import annotations

import posixpath
from hashlib import blake2b
from typing import Any

from django_sandbox.context import live_mode, sandbox_mode


def copied_name(field: Any, name: str, environment: str, key: str) -> str:
    """The name of the copy of a live row's file; empty for no file."""
    if not name:
        return name
    label = f"{field.model._meta.label}.{field.name}:{environment}:{key}:{name}"
    folder, base = posixpath.split(name)
    own = blake2b(label.encode(), digest_size=16).hexdigest() + posixpath.splitext(base)[1]
    full = posixpath.join(folder, own)
    return full if field.max_length is None or len(full) <= field.max_length else own


def transfer(field: Any, name: str, copy_name: str, environment: str) -> None:
    """Copy a file inside its storage, unless the copy is there. A missing file stays missing.

    Read in live and written in the sandbox, as a storage that keeps the modes apart wants it.
    """
    with sandbox_mode(environment):
        if not name or field.storage.exists(copy_name):
            return
    try:
        with live_mode():
            content = field.storage.open(name)
    except FileNotFoundError:
        return
    with content, sandbox_mode(environment):
        field.storage.save(copy_name, content)
