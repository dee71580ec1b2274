"""Each kind of table that a policy can stand on. The tests talk to them in raw SQL."""

from django.db import models

from django_sandbox.models import EnvironmentModel, SandboxModel


class House(models.Model):
    """Shared by all modes, with a plain link to a sandboxed model."""

    favourites = models.ManyToManyField("Stay", related_name="houses")

    class Meta:
        app_label = "rooms"


class Stay(SandboxModel):
    guest = models.CharField(max_length=50)
    code = models.CharField(max_length=20, null=True, unique=True)

    class Meta:
        app_label = "rooms"

    def __str__(self):
        return self.guest


class LongStay(Stay):
    """A multi-table child: its own table does not say the mode."""

    weeks = models.IntegerField(default=4)

    class Meta:
        app_label = "rooms"


class Room(EnvironmentModel):
    number = models.IntegerField()

    class Meta:
        app_label = "rooms"
