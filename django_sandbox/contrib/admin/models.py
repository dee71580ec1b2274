"""Of which environment an entry of the admin's log speaks."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH

# In place of a name, which has no such characters:
ANY_TEST = "*"  # every test environment, as do the rows of a SandboxModel
UNKNOWN = "?"  # written where no mode was set, or in all_modes()


class EntryEnvironment(models.Model):
    """An entry that is shown in one environment, by name, or by one of the two marks.

    An entry without such a row is of live where it is about a row of a sandboxed model, as
    are those from before the app was installed; else it is about a row of every mode.
    """

    entry = models.OneToOneField(
        "admin.LogEntry",
        models.CASCADE,
        primary_key=True,
        related_name="+",
        verbose_name=_("log entry"),
    )
    environment = models.CharField(_("environment"), max_length=ENVIRONMENT_LENGTH)

    class Meta:
        # Read by people who delete a user, in the list of what goes along.
        verbose_name = _("mode of a log entry")
        verbose_name_plural = _("modes of log entries")

    def __str__(self) -> str:
        return str(_MARKS.get(self.environment, self.environment))


_MARKS = {ANY_TEST: _("any test environment"), UNKNOWN: _("not known")}
