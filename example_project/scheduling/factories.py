"""factory-boy factories, for the seeders and for tests alike.

They save in whatever mode they are called in, as every other code does.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from scheduling.models import AvailabilityRule, Booking, EventType, Membership, Organization

FIRST_SLOT = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday


class OrganizationFactory(DjangoModelFactory):
    """A customer."""

    class Meta:
        model = Organization

    slug = factory.Sequence(lambda n: f"organization-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.replace("-", " ").title())


class UserFactory(DjangoModelFactory):
    """Somebody who can sign in with the password ``secret``."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user-{n}")
    password = factory.django.Password("secret")


class MembershipFactory(DjangoModelFactory):
    """A user as an admin of an organization."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)
    role = Membership.Role.ADMIN


class EventTypeFactory(DjangoModelFactory):
    """A 30-minute event."""

    class Meta:
        model = EventType

    organization = factory.SubFactory(OrganizationFactory)
    slug = factory.Sequence(lambda n: f"event-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.replace("-", " ").title())
    duration_minutes = 30


class AvailabilityRuleFactory(DjangoModelFactory):
    """One weekday from nine to five."""

    class Meta:
        model = AvailabilityRule

    organization = factory.SubFactory(OrganizationFactory)
    weekday = AvailabilityRule.Weekday.MONDAY
    start = time(9)
    end = time(17)


class BookingFactory(DjangoModelFactory):
    """A slot of its own for each booking made, one after the other."""

    class Meta:
        model = Booking

    event_type = factory.SubFactory(EventTypeFactory)
    organization = factory.SelfAttribute("event_type.organization")
    invitee_name = factory.Sequence(lambda n: f"Invitee {n}")
    invitee_email = factory.Sequence(lambda n: f"invitee-{n}@example.com")
    starts_at = factory.Sequence(lambda n: FIRST_SLOT + timedelta(hours=n))
