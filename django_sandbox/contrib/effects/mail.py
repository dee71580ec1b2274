"""The email backend: live delivers by the site's real backend, test captures.

``EMAIL_BACKEND = "django_sandbox.contrib.effects.mail.EmailBackend"``, or as the ``BACKEND``
of one of Django 6.1's ``MAILERS``.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from threading import Lock
from typing import Any

from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError
from django.utils.module_loading import import_string

from django_sandbox.contrib.effects import anymail, options
from django_sandbox.contrib.effects.capturing import record
from django_sandbox.contrib.effects.decisions import is_held_back
from django_sandbox.contrib.effects.loops import off_the_loop
from django_sandbox.contrib.effects.messages import describe
from django_sandbox.contrib.effects.team import copy_for_team
from django_sandbox.contrib.outbound import permit_outbound
from django_sandbox.exceptions import ConfigurationError, ModeNotSet

logger = logging.getLogger("django_sandbox.effects")
# An error that a handler of the log would itself report by mail must not go round in circles.
_complaining: ContextVar[bool] = ContextVar("django_sandbox_complaining", default=False)


# One for all, since messages that carry their connection are copied.
_making = Lock()


class EmailBackend(BaseEmailBackend):
    """Asks for the mode anew whenever something is sent, whenever it was opened or made.

    :param fail_silently: as everywhere in Django. In test mode it silences a log that cannot
        be written and a mode that is not set; nothing is sent either way.
    :param backend: the real backend of this one, in place of
        ``SANDBOX["EFFECTS"]["EMAIL_BACKEND"]``: for sites with several mailers.
    :param options: for the real backend.
    """

    def __init__(
        self,
        fail_silently: bool = False,
        *,
        alias: str | None = None,
        backend: str | None = None,
        **options: Any,
    ) -> None:
        if alias is None:
            super().__init__()
        else:
            super().__init__(alias=alias)
        self.fail_silently = fail_silently
        self._path = backend
        self._options = options
        if fail_silently:
            self._options["fail_silently"] = True
        if alias is not None:
            self._options["alias"] = alias
        self._real: Any = None

    def open(self) -> bool | None:
        """Open the real backend's connection in live; in test there is nothing to open."""
        if self._is_held_back():
            return False
        opened: bool | None = self.real().open()
        return opened

    def close(self) -> None:
        """Close the real backend's connection, if it was ever opened; in whatever mode."""
        if self._real is not None:
            with permit_outbound():  # a goodbye to the server is no mail
                self._real.close()

    def send_messages(self, email_messages: Any) -> int:
        """Deliver in live, capture in test. Returns the number of messages either way.

        :raises ModeNotSet: where no mode is set; nothing has been sent.
        """
        messages = list(email_messages or ())
        if not messages:
            return 0
        try:
            held_back = is_held_back()
        except ModeNotSet:
            self._complain("No mode is set, so an email was neither sent nor captured.")
            return 0
        if not held_back:
            sent: int = self.real().send_messages(messages)
            return sent
        return sum(self._capture(message) for message in messages)

    def real(self) -> Any:
        """The backend that delivers, made when it is first needed.

        :raises ConfigurationError: where the site names this very backend.
        """
        with _making:
            if self._real is None:
                self._real = self._make_real()
            return self._real

    @property
    def real_path(self) -> str:
        """Dotted path of the backend that delivers."""
        path: str = self._path or options.get("EMAIL_BACKEND")
        return path

    def _make_real(self) -> Any:
        made_by = import_string(self.real_path)
        if isinstance(made_by, type) and issubclass(made_by, EmailBackend):
            raise ConfigurationError(
                'SANDBOX["EFFECTS"]["EMAIL_BACKEND"] names the backend that captures. Name the '
                'one that delivers, such as "django.core.mail.backends.smtp.EmailBackend".'
            )
        given = {**options.get("EMAIL_OPTIONS"), **self._options}
        if hasattr(mail, "mailers") and made_by.__module__.startswith("django.core.mail."):
            # Django 6.1 warns of its own backends being made by anybody but its mailers.
            given.setdefault("alias", None)
        return made_by(**given)

    def _is_held_back(self) -> bool:
        try:
            return is_held_back()
        except ModeNotSet:
            return True  # said when something is sent

    def _capture(self, message: Any) -> int:
        recipients = [str(address) for address in message.recipients()]
        if not recipients:
            return 0
        # What live would refuse, such as a line break in a header, test refuses too.
        raw = message.message().as_bytes()
        payload = describe(message)
        try:
            for_team = off_the_loop(copy_for_team, message)
            if for_team is not None:
                payload["delivered_to"] = for_team.recipients()
            effect = record("email", ", ".join(recipients), payload, raw)
        except DatabaseError:
            self._complain("An email of test mode could not be captured. It was not sent.")
            return 0
        anymail.mark_as_captured(message, self.real_path, effect)
        if for_team is not None:
            with permit_outbound():
                self.real().send_messages([for_team])
        return 1

    def _complain(self, what: str) -> None:
        """Raise on, unless the caller wants silence. Only inside ``except``."""
        if not self.fail_silently:
            raise
        if _complaining.get():
            return
        token = _complaining.set(True)
        try:
            logger.warning(what, exc_info=True)
        finally:
            _complaining.reset(token)
