"""What the product keeps: two shared models, three that live in one mode each.

Organizations and memberships are the same in live and test mode. Event types and
availability are configuration (``clone = True``); bookings are client data.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from django_sandbox.models import (
    ModeUniqueConstraint,
    SameModeConstraint,
    SandboxModel,
    SandboxQuerySet,
)

LAST_START = datetime(9999, 1, 1, tzinfo=UTC)  # so that there is an end too


class SlotTaken(ValidationError):
    """The booking overlaps another one of the same event type."""

    def __init__(self) -> None:
        super().__init__("This time overlaps another booking.", code="slot_taken")


class Organization(models.Model):
    """A customer of the product. Shared: it owns API keys and sandboxes."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's part in an organization. Shared, like the user."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        MEMBER = "member", "Member"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization"], name="membership_once_per_user"
            )
        ]

    class SandboxMeta:
        shared = True  # who may see test data is no test data

    def __str__(self) -> str:
        return f"{self.user} at {self.organization} ({self.get_role_display()})"


class EventType(SandboxModel):
    """Something that can be booked, such as a 30-minute call."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="event_types")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60)
    duration_minutes = models.PositiveSmallIntegerField(
        "duration in minutes",
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(24 * 60)],
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            ModeUniqueConstraint(
                fields=["organization", "slug"],
                name="event_type_slug_per_organization",
                violation_error_message="An event type with this slug exists already.",
            )
        ]

    class SandboxMeta:
        clone = True

    def __str__(self) -> str:
        return self.name


class AvailabilityRule(SandboxModel):
    """On this weekday, from when to when, people can be booked."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="availability_rules"
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    start = models.TimeField()
    end = models.TimeField()

    class Meta:
        ordering = ["weekday", "start", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gt=F("start")),
                name="availability_ends_after_start",
                violation_error_message="The end must be later than the start.",
            )
        ]

    class SandboxMeta:
        clone = True

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M} to {self.end:%H:%M}"


class BookingQuerySet(SandboxQuerySet["Booking"]):
    """Questions asked of bookings."""

    def confirmed(self) -> BookingQuerySet:
        """Bookings that hold their slot."""
        return self.filter(status=Booking.Status.CONFIRMED)

    def overlapping(self, booking: Booking) -> BookingQuerySet:
        """Other bookings of the same event type that hold part of a booking's slot."""
        return (
            self.confirmed()
            .filter(event_type_id=booking.event_type_id)
            .filter(starts_at__lt=booking.ends_at, ends_at__gt=booking.starts_at)
            .exclude(pk=booking.pk)
        )


class Booking(SandboxModel):
    """An invitee's slot. Slots of one event type do not overlap inside a mode."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", "Confirmed"
        CANCELLED = "cancelled", "Cancelled"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="bookings")
    event_type = models.ForeignKey(EventType, models.RESTRICT, related_name="bookings")
    invitee_name = models.CharField(max_length=100)
    invitee_email = models.EmailField()
    starts_at = models.DateTimeField(validators=[MaxValueValidator(LAST_START)])
    ends_at = models.DateTimeField(editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CONFIRMED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["event_type", "starts_at"], name="booking_slot")]
        # The ORM refuses a link into the other mode; so does the database, to raw SQL.
        constraints = [SameModeConstraint(field="event_type", name="booking_event_type_mode")]

    class SandboxMeta:
        owner = "organization"
        clone = False

    def __str__(self) -> str:
        return f"{self.invitee_name}, {self.starts_at:%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        """Say in a form what :meth:`save` would refuse. :raises SlotTaken: on an overlap."""
        if not (self.starts_at and self.event_type_id):
            return
        if self.event_type.organization_id != self.organization_id:
            raise ValidationError("The event type belongs to another organization.")
        self._check_slot(self.event_type)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, unless another booking holds the slot, however many ask at once.

        The event type's row is held while looking and writing: two requests for one slot
        come one after the other. Live and test rows are different rows, so a test
        booking neither waits for a live one nor gets in its way.

        :raises SlotTaken: on an overlap; nothing is saved.
        """
        with transaction.atomic():
            held = EventType.objects.select_for_update().filter(pk=self.event_type_id).first()
            if held is not None:  # else of the other mode: saving refuses it, with its reason
                self._check_slot(held)
            super().save(*args, **kwargs)

    def cancel(self) -> bool:
        """Free the slot. Returns whether this call did it."""
        if self.status == self.Status.CANCELLED:
            return False
        self.status = self.Status.CANCELLED
        self.save(update_fields=["status"])
        return True

    def _check_slot(self, event_type: EventType) -> None:
        self.ends_at = self.starts_at + timedelta(minutes=event_type.duration_minutes)
        holds_slot = self.status == self.Status.CONFIRMED
        if holds_slot and Booking.objects.overlapping(self).exists():
            raise SlotTaken()
