"""Models written the ways a site writes them: every relation, every place for the mixin."""

from __future__ import annotations

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from django_sandbox import is_test_mode
from django_sandbox.models import (
    EnvironmentModel,
    ModeUniqueConstraint,
    SandboxManager,
    SandboxModel,
    SandboxQuerySet,
)
from tests.testapp.fields import ColourField, SecretField


class Organization(models.Model):
    """A shared model, and the owner."""

    name = models.CharField(max_length=100)
    tags = models.ManyToManyField("Tag", blank=True, related_name="organizations")
    notes = GenericRelation("Note")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A shared child of a shared parent."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="teams")


class Timestamped(models.Model):
    """A site's own abstract base, with a save() of its own."""

    touched = models.IntegerField(default=0)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        self.touched += 1
        super().save(*args, **kwargs)


class Tag(SandboxModel):
    organization = models.ForeignKey(
        Organization, models.CASCADE, null=True, related_name="owned_tags"
    )
    name = models.CharField(max_length=50)

    class SandboxMeta:
        owner = "organization"


class EventType(SandboxModel):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="event_types")
    name = models.CharField(max_length=100, default="")
    slug = models.SlugField(default="")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")

    class Meta:
        verbose_name = "event type"
        constraints = [
            ModeUniqueConstraint(fields=["organization", "slug"], name="event_type_slug"),
        ]


class BookingQuerySet(models.QuerySet):
    """A plain queryset class, as a site has before it installs the package."""

    def titled(self, title):
        return self.filter(title=title)


class PlainManager(models.Manager):
    """A plain manager that builds its queryset by hand."""

    def get_queryset(self):
        return BookingQuerySet(self.model, using=self._db).filter(cancelled=False)


class Booking(Timestamped, SandboxModel):
    """The mixin second, an own manager, an own Meta, many relations."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="bookings")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="bookings")
    event_type = models.ForeignKey(EventType, models.CASCADE, null=True, related_name="bookings")
    tags = models.ManyToManyField(Tag, blank=True, related_name="bookings")
    title = models.CharField(max_length=100, default="")
    price = models.IntegerField(default=0)
    cancelled = models.BooleanField(default=False)
    notes = GenericRelation("Note", related_query_name="booking")

    objects = BookingQuerySet.as_manager()
    active = PlainManager()

    class Meta:
        ordering = ["pk"]

    class SandboxMeta:
        owner = "organization"


class ProxyBooking(Booking):
    class Meta:
        proxy = True


class Recurring(Booking):
    """A multi-table child of a sandboxed model."""

    every_days = models.IntegerField(default=7)


class Note(SandboxModel):
    """A generic foreign key to anything."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey()
    text = models.TextField(default="")

    class Meta:
        default_manager_name = "objects"


class Profile(SandboxModel):
    """One-to-one to a shared model."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="profile")
    colour = models.CharField(max_length=20, default="")


class Document(SandboxModel):
    """A key that the site chooses, a unique value without the mode, a scoped manager."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, related_name="documents"
    )
    number = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=50, default="")

    objects = SandboxManager.from_queryset(SandboxQuerySet)()


class Log(models.Model):
    """A shared model that points at a sandboxed one (a check asks not to)."""

    booking = models.ForeignKey(Booking, models.SET_NULL, null=True, related_name="logs")
    text = models.CharField(max_length=100, default="")


# --- for the tests of isolation


class ProxyOrganization(Organization):
    """A proxy of a shared model: deleting by it is deleting the organization."""

    class Meta:
        proxy = True


class Workshop(Booking):
    """A multi-table child with a foreign key of its own."""

    room = models.ForeignKey(EventType, models.SET_NULL, null=True, related_name="workshops")


class Invoice(SandboxModel):
    """Protects the booking it was written for."""

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="invoices")


class Ticket(SandboxModel):
    """Sandboxed, with shared comments hanging on it by a generic foreign key."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="tickets")
    title = models.CharField(max_length=50, default="")
    comments = GenericRelation("Comment", related_query_name="ticket")
    watchers = models.ManyToManyField(Tag, through="Watch", related_name="watched")


class Watch(SandboxModel):
    """A many-to-many table that the site writes itself, two steps away from its owner."""

    ticket = models.ForeignKey(Ticket, models.CASCADE)
    tag = models.ForeignKey(Tag, models.CASCADE)

    class SandboxMeta:
        owner = "ticket__organization"


class Comment(models.Model):
    """A shared model with a generic foreign key, which may lead to a sandboxed one."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey()
    text = models.CharField(max_length=50, default="")


class Place(models.Model):
    """A shared model on which rows hang in every way there is."""

    name = models.CharField(max_length=50, default="")


class Poster(models.Model):
    """A shared model on which generic rows hang, and nothing else."""

    notes = GenericRelation("Note", related_query_name="poster")


class Item(SandboxModel):
    """One foreign key for each rule of deletion; a test uses one of them."""

    cascade = models.ForeignKey(Place, models.CASCADE, null=True, related_name="cascading")
    protect = models.ForeignKey(Place, models.PROTECT, null=True, related_name="protecting")
    restrict = models.ForeignKey(Place, models.RESTRICT, null=True, related_name="restricting")
    set_null = models.ForeignKey(Place, models.SET_NULL, null=True, related_name="nulling")
    set_default = models.ForeignKey(
        Place, models.SET_DEFAULT, null=True, default=None, related_name="defaulting"
    )
    set_value = models.ForeignKey(Place, models.SET(None), null=True, related_name="setting")
    do_nothing = models.ForeignKey(Place, models.DO_NOTHING, null=True, related_name="ignoring")


class Part(SandboxModel):
    """Hangs on an item, with a rule that refuses."""

    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="parts")
    kept = models.ForeignKey(Item, models.RESTRICT, null=True, related_name="kept_parts")
    ignored = models.ForeignKey(Item, models.DO_NOTHING, null=True, related_name="ignored_parts")


class Feature(EnvironmentModel):
    """A model with several test environments."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="features")
    slug = models.SlugField()
    title = models.CharField(max_length=50, default="")

    class Meta:
        constraints = [
            ModeUniqueConstraint(fields=["organization", "slug"], name="feature_slug"),
        ]


class FeatureUse(EnvironmentModel):
    feature = models.ForeignKey(Feature, models.CASCADE, related_name="uses")


# --- shared models whose rows are each bound to one owner's environment


class Endpoint(models.Model):
    """Goes when its environment is purged."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="endpoints")
    environment = models.CharField(max_length=50)

    class SandboxMeta:
        owner = "organization"
        environment = "environment"


class Delivery(models.Model):
    """Bound by the endpoint it hangs on, which it keeps from going before it."""

    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="deliveries")

    class SandboxMeta:
        owner = "endpoint__organization"
        environment = "endpoint__environment"


class Progress(models.Model):
    """Goes already when the data it speaks of goes."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="progress")
    environment = models.CharField(max_length=50)

    class SandboxMeta:
        owner = "organization"
        environment = "environment"
        cleared_by = "cleanup"


class Everything(SandboxModel):
    """A field of every kind, a site's own kinds too."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="everything")
    boolean = models.BooleanField(null=True)
    char = models.CharField(max_length=100, default="", blank=True)
    text = models.TextField(null=True)
    big = models.BigIntegerField(null=True)
    small = models.PositiveSmallIntegerField(null=True)
    number = models.FloatField(null=True)
    decimal = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    date = models.DateField(null=True)
    time = models.TimeField(null=True)
    moment = models.DateTimeField(null=True)
    duration = models.DurationField(null=True)
    touched = models.DateTimeField(auto_now=True)
    made = models.DateTimeField(auto_now_add=True)
    uuid = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    binary = models.BinaryField(null=True)
    json = models.JSONField(null=True)
    json_never_null = models.JSONField(default=dict)
    file = models.FileField(upload_to="files", null=True)
    secret = SecretField(null=True)
    colour = ColourField(null=True)
    doubled = models.GeneratedField(
        expression=models.F("small") * 2, output_field=models.IntegerField(), db_persist=True
    )


class Step(SandboxModel):
    """Rows that point to each other in a circle, one key of it not null."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=50, default="")
    above = models.ForeignKey("self", models.CASCADE, null=True, related_name="below")
    answer = models.ForeignKey("Answer", models.SET_NULL, null=True, related_name="asked_by")

    class SandboxMeta:
        owner = "organization"


class Answer(SandboxModel):
    """The other half of the circle."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="answers")

    class SandboxMeta:
        owner = "step__organization"


# --- what a site writes by hand without the package: a manager that filters when it is asked


class EagerManager(models.Manager):
    """Looks the mode up while the queryset is made, and freezes it there."""

    def get_queryset(self):
        return super().get_queryset().filter(is_test=is_test_mode())


def eager_default():
    return is_test_mode()


class EagerModel(models.Model):
    is_test = models.BooleanField(default=eager_default)

    objects = EagerManager()

    class Meta:
        abstract = True


class EagerTag(EagerModel):
    organizations = models.ManyToManyField(Organization, related_name="eager_tags")


class EagerBooking(EagerModel):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="eager_bookings")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="eager_bookings")
    title = models.CharField(max_length=100, default="")


# --- for the tests of cleanup

from tests.testapp.shelves import Attachment, Folder, Paper, Stamp, Sticker, Watcher  # noqa: E402

__all__ = ["Attachment", "Folder", "Paper", "Stamp", "Sticker", "Watcher"]
