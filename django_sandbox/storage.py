"""Keeps the files of test mode under a prefix of their own.

For a site's ``STORAGES``, around whichever storage it has::

    STORAGES = {
        "default": {
            "BACKEND": "django_sandbox.storage.SandboxStorage",
            "OPTIONS": {"storage": {"BACKEND": "storages.backends.s3.S3Storage"}},
        },
    }

In test mode a file is saved as ``sandbox/<environment>/<name>``, and the row keeps that name.
"""

from __future__ import annotations

import posixpath
from typing import Any

from django.core.files.storage import Storage, storages
from django.utils.deconstruct import deconstructible

from django_sandbox import conf
from django_sandbox.context import Mode, current_scope, require_scope
from django_sandbox.exceptions import CrossModeError, ModeNotSet

DEFAULT_STORAGE = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
WRITING = frozenset("wax+")


@deconstructible(path="django_sandbox.storage.SandboxStorage")
class SandboxStorage(Storage):
    """A storage whose test files are apart from live ones.

    Saving puts a file into the current environment. Test mode can read what the rows it
    sees name, and change or delete files of its own environment only; live mode saves
    nothing under the prefix. Everything else is the storage inside.

    :param storage: the storage inside, as in ``STORAGES``: ``BACKEND`` and ``OPTIONS``.
    :param prefix: the folder of all test files.
    :raises CrossModeError: for a file of another mode. Nothing was changed.
    :raises ModeNotSet: where a file is saved, or a live one changed, with no mode set.
    """

    def __init__(self, storage: dict[str, Any] | None = None, prefix: str = "sandbox") -> None:
        self.prefix = prefix.strip("/")
        self.inner: Any = storages.create_storage(storage or DEFAULT_STORAGE)

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # not there yet: while it is unpickled or copied
            raise AttributeError(name)
        return getattr(self.inner, name)

    # --- where a file belongs

    def environment_of(self, name: str) -> str:
        """The environment that a stored name belongs to; live for all without the prefix."""
        parts = posixpath.normpath(str(name).replace("\\", "/")).lstrip("/").split("/")
        if parts[0] != self.prefix:
            return conf.LIVE_ENVIRONMENT
        return parts[1] if len(parts) > 1 else ""

    def folder(self) -> str:
        """The current environment's folder; empty in live mode.

        :raises CrossModeError: in ``all_modes()``, which is no place for a file.
        """
        scope = require_scope()
        if scope.mode is Mode.ALL:
            raise CrossModeError("Choose live_mode() or sandbox_mode() before you save a file.")
        return f"{self.prefix}/{scope.environment}" if scope.is_test else ""

    def _placed(self, name: str) -> str:
        """A name to save under, inside the current environment."""
        folder = self.folder()
        if self.environment_of(name) == (require_scope().environment if folder else "live"):
            return name
        if self.environment_of(name) != conf.LIVE_ENVIRONMENT:
            raise CrossModeError(f"The file {name!r} belongs to another environment.")
        return f"{folder}/{name.lstrip('/')}"

    def _check_change(self, name: str) -> None:
        """Test mode changes its own environment's files only; without a mode no live file."""
        scope, environment = current_scope(), self.environment_of(name)
        if scope is None:
            if environment == conf.LIVE_ENVIRONMENT:
                raise ModeNotSet()
        elif scope.is_test and environment != scope.environment:
            raise CrossModeError(f"The file {name!r} belongs to another environment.")

    # --- what a storage does

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Save a file in the current environment; returns the name that the row keeps."""
        placed = self._placed(name or content.name)
        saved: str = self.inner.save(placed, content, max_length=max_length)
        return saved

    def open(self, name: str, mode: str = "rb") -> Any:
        """Open a file, for writing only in its own environment."""
        if WRITING & set(mode):
            self._check_change(name)
        return self.inner.open(name, mode)

    def delete(self, name: str) -> None:
        """Delete a file of the current environment; live may delete test files too."""
        self._check_change(name)
        self.inner.delete(name)

    def listdir(self, path: str) -> Any:
        """The folders and files of a folder; the folder of test files is not shown in live."""
        scope = require_scope()
        if scope.is_test and self.environment_of(path) != scope.environment:
            raise CrossModeError(f"Test mode can list {self.folder()!r} and what is below it.")
        folders, files = self.inner.listdir(path)
        if posixpath.normpath(path or ".") in (".", "/") and scope.mode is not Mode.ALL:
            folders = [folder for folder in folders if folder.strip("/") != self.prefix]
        return folders, files

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """A free name in the current environment."""
        found: str = self.inner.get_available_name(self._placed(name), max_length=max_length)
        return found

    def get_valid_name(self, name: str) -> str:
        return str(self.inner.get_valid_name(name))

    def generate_filename(self, filename: Any) -> str:
        return str(self.inner.generate_filename(filename))

    def path(self, name: str) -> str:
        return str(self.inner.path(name))

    def exists(self, name: str) -> bool:
        return bool(self.inner.exists(name))

    def size(self, name: str) -> int:
        return int(self.inner.size(name))

    def url(self, name: str | None) -> str:
        return str(self.inner.url(name))

    def get_accessed_time(self, name: str) -> Any:
        return self.inner.get_accessed_time(name)

    def get_created_time(self, name: str) -> Any:
        return self.inner.get_created_time(name)

    def get_modified_time(self, name: str) -> Any:
        return self.inner.get_modified_time(name)
