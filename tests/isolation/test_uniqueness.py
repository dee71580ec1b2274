"""Invariant 7: unique inside a mode, told by forms; upserts never land in the other mode."""

from __future__ import annotations

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from django_sandbox import all_modes
from django_sandbox.exceptions import CrossModeError
from django_sandbox.models import ModeUniqueConstraint
from tests.isolation.conftest import table, unchanged
from tests.testapp import models as m

TARGET = connection.features.supports_update_conflicts_with_target


def refused(write):
    with unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        write()


def unique(*fields):
    return list(fields) if TARGET else None


class EventTypeForm(forms.ModelForm):
    class Meta:
        model = m.EventType
        fields = ["organization", "slug", "name"]


class DocumentForm(forms.ModelForm):
    class Meta:
        model = m.Document
        fields = ["number", "organization"]


# --- ModeUniqueConstraint


def test_the_same_value_in_both_modes(own, other):
    with own.mode():
        assert m.EventType.objects.filter(slug="intro").count() == 1
    with other.mode():
        assert m.EventType.objects.filter(slug="intro").count() == 1


def test_the_database_refuses_a_second_one(inside):
    with pytest.raises(IntegrityError), transaction.atomic():
        m.EventType.objects.create(organization=inside.org, slug="intro")


def test_form_error_on_the_own_modes_value(inside):
    form = EventTypeForm({"organization": inside.org.pk, "slug": "intro", "name": "x"})
    assert form.errors == {"slug": ["Event type with this Organization and Slug already exists."]}


def test_form_says_nothing_about_the_other_modes_value(own, other):
    with other.mode():
        m.EventType.objects.create(organization=other.org, slug="only-there")
    with own.mode():
        form = EventTypeForm({"organization": own.org.pk, "slug": "only-there", "name": "x"})
        assert form.is_valid(), form.errors
        assert form.save().is_test == own.is_test


def test_form_of_the_row_itself(inside):
    data = {"organization": inside.org.pk, "slug": "intro", "name": "again"}
    form = EventTypeForm(data, instance=inside.event_type)
    assert form.is_valid(), form.errors


def test_full_clean(inside, other):
    with pytest.raises(ValidationError) as caught:
        m.EventType(
            organization=inside.org, slug="intro", name="x", parent=inside.event_type
        ).full_clean()
    assert set(caught.value.message_dict) == {"slug"}
    inside.event_type.full_clean(exclude=["parent", "name"])


@pytest.mark.parametrize("flag", [None, True, False])
def test_full_clean_never_complains_about_the_mode(inside, flag):
    row = m.Tag(name="x", organization=inside.org)
    row.is_test = flag
    row.full_clean()


def test_full_clean_with_no_mode_does_not_name_the_field(world):
    row = m.Ticket(title="x")
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    assert "is_test" not in caught.value.message_dict


def test_full_clean_refuses_the_other_modes_key(inside, other):
    row = m.EventType(organization=inside.org, slug="x", name="x", parent_id=other.event_type.pk)
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    assert set(caught.value.message_dict) == {"parent"}


def test_serializer_error_and_silence(own, other):
    serializers = pytest.importorskip("rest_framework.serializers")

    class EventTypeSerializer(serializers.ModelSerializer):
        class Meta:
            model = m.EventType
            fields = ["organization", "slug", "name"]

    with other.mode():
        m.EventType.objects.create(organization=other.org, slug="only-there")
    with own.mode():
        taken = EventTypeSerializer(data={"organization": own.org.pk, "slug": "intro"})
        assert not taken.is_valid()
        assert set(taken.errors) == {"non_field_errors"}
        free = EventTypeSerializer(data={"organization": own.org.pk, "slug": "only-there"})
        assert free.is_valid(), free.errors


def test_constraint_keeps_the_users_fields():
    constraint = m.EventType._meta.constraints[0]
    assert constraint.fields == ("organization", "slug")
    path, args, kwargs = constraint.deconstruct()
    assert path == "django_sandbox.models.ModeUniqueConstraint"
    assert ModeUniqueConstraint(*args, **kwargs) == constraint
    assert constraint.clone() == constraint
    assert constraint != ModeUniqueConstraint(fields=["slug"], name="event_type_slug")


# --- a plain unique value: the database knows one of it, and says so without a 500


def test_get_or_create_on_the_other_modes_value(inside, other):
    for lookup in (
        lambda: m.Document.objects.get_or_create(number=other.document.number),
        lambda: m.Document.objects.get_or_create(
            title="x", defaults={"number": other.document.number}
        ),
        lambda: m.Document.objects.update_or_create(
            number=other.document.number, defaults={"title": "stolen"}
        ),
        lambda: inside.org.documents.get_or_create(number=other.document.number),
        lambda: inside.org.documents.update_or_create(
            number=other.document.number, defaults={"title": "stolen"}
        ),
    ):
        refused(lookup)


def test_get_or_create_by_key_of_the_other_mode(inside, other):
    refused(lambda: m.Booking.objects.get_or_create(pk=other.booking.pk, organization=inside.org))
    refused(
        lambda: m.Booking.objects.update_or_create(
            pk=other.booking.pk, defaults={"organization": inside.org}
        )
    )


def test_get_or_create_inside_the_mode(inside):
    assert m.Document.objects.get_or_create(number=inside.document.number) == (
        inside.document,
        False,
    )
    changed, made = m.Document.objects.update_or_create(
        number=inside.document.number, defaults={"title": "new"}
    )
    assert (changed.title, made) == ("new", False)


def test_an_error_of_ones_own_stays_an_integrity_error(inside):
    with pytest.raises(IntegrityError), transaction.atomic():
        m.Document.objects.create(number=inside.document.number)
    with pytest.raises(IntegrityError), transaction.atomic():
        m.Document.objects.get_or_create(title="x", defaults={"number": inside.document.number})


def test_ignored_conflicts_leave_the_other_modes_row(inside, other):
    with unchanged(other):
        m.Document.objects.bulk_create(
            [m.Document(number=other.document.number), m.Document(number="new")],
            ignore_conflicts=True,
        )
    assert m.Document.objects.filter(number="new").exists()
    assert not m.Document.objects.filter(number=other.document.number).exists()


# --- upserts


def upsert(*rows, fields=("title",), on=("number",)):
    return m.Document.objects.bulk_create(
        rows, update_conflicts=True, update_fields=list(fields), unique_fields=unique(*on)
    )


def test_upsert_onto_the_own_modes_row(inside, other):
    with unchanged(other):
        upsert(
            m.Document(number=inside.document.number, title="new"),
            m.Document(number="fresh", title="new"),
        )
    assert set(m.Document.objects.values_list("number", "title")) == {
        (inside.document.number, "new"),
        ("fresh", "new"),
    }


@pytest.mark.parametrize("rows", [1, 2, 250])
def test_upsert_onto_the_other_modes_row(inside, other, rows):
    fresh = [m.Document(number=f"n{n}", title="stolen") for n in range(rows - 1)]
    refused(lambda: upsert(*fresh, m.Document(number=other.document.number, title="stolen")))


def test_upsert_by_positional_arguments(inside, other):
    row = m.Document(number=other.document.number, title="stolen")
    refused(
        lambda: m.Document.objects.bulk_create(
            [row], None, False, True, ["title"], unique("number")
        )
    )


def test_upsert_onto_the_other_modes_key(inside, other):
    row = m.Document(pk=other.document.pk, number="fresh", title="stolen")
    refused(lambda: upsert(row, on=("id",)))


def test_upsert_that_would_take_over_the_mode_and_owner(inside, other):
    row = m.Document(number=other.document.number, title="stolen", organization=inside.home)
    refused(lambda: upsert(row, fields=("title", "is_test", "organization")))


def test_upsert_through_a_mode_unique_constraint(inside, other):
    with unchanged(other):
        m.EventType.objects.bulk_create(
            [m.EventType(organization=inside.org, slug="intro", name="new")],
            update_conflicts=True,
            update_fields=["name"],
            unique_fields=unique("organization", "slug"),
        )
    assert m.EventType.objects.get(slug="intro").name == "new"
    assert m.EventType.objects.count() == 2


def test_upsert_links_are_checked(inside, other):
    row = m.EventType(organization=inside.org, slug="intro", parent_id=other.event_type.pk)
    refused(
        lambda: m.EventType.objects.bulk_create(
            [row],
            update_conflicts=True,
            update_fields=["parent"],
            unique_fields=unique("organization", "slug"),
        )
    )


def test_upsert_in_all_modes_keeps_to_the_rows_mode(own, other):
    with all_modes():
        row = m.Document(number=other.document.number, title="stolen", is_test=own.is_test)
        refused(lambda: upsert(row))
        upsert(m.Document(number=own.document.number, title="new", is_test=own.is_test))
    assert {row["title"] for row in table(m.Document)} == {"new", other.document.title}


# --- unique values in forms: those of one's own mode


def test_unique_field_in_a_form(inside, other):
    form = DocumentForm({"number": inside.document.number, "organization": inside.org.pk})
    assert set(form.errors) == {"number"}
    free = DocumentForm({"number": "fresh", "organization": inside.org.pk})
    assert free.is_valid()
