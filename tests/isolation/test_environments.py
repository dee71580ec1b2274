"""Several test environments: none reaches live, none reaches another."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Value

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.exceptions import CrossModeError, UnknownEnvironment
from tests.isolation.conftest import table
from tests.testapp import models as m

PLACES = {
    "live": live_mode,
    "test": lambda: sandbox_mode("test"),
    "staging": lambda: sandbox_mode("staging"),
}
PAIRS = [(a, b) for a in PLACES for b in PLACES if a != b]


@pytest.fixture(autouse=True)
def environments(settings, db):
    settings.SANDBOX = {**settings.SANDBOX, "ENVIRONMENTS": {"test": {}, "staging": {}}}


@pytest.fixture
def org(db):
    return m.Organization.objects.create(name="shared")


@pytest.fixture
def features(org):
    made = {}
    for name, mode in PLACES.items():
        with mode():
            made[name] = m.Feature.objects.create(organization=org, slug="one", title=name)
            m.FeatureUse.objects.create(feature=made[name])
    return made


def refused(write):
    before = table(m.Feature), table(m.FeatureUse)
    with pytest.raises(CrossModeError), transaction.atomic():
        write()
    assert (table(m.Feature), table(m.FeatureUse)) == before


@pytest.mark.parametrize("name", PLACES)
def test_new_rows_are_stamped(org, name):
    with PLACES[name]():
        row = m.Feature.objects.create(organization=org, slug="x")
    (stored,) = table(m.Feature)
    assert (bool(stored["is_test"]), stored["environment"]) == (name != "live", name)
    assert row.environment == name


@pytest.mark.parametrize("name", PLACES)
def test_reads(org, features, name):
    with PLACES[name]():
        assert m.Feature.objects.get() == features[name]
        assert m.Feature.objects.count() == 1
        assert m.FeatureUse.objects.get().feature == features[name]
        assert org.features.get() == features[name]
        assert m.Organization.objects.annotate(n=Count("features__uses")).get().n == 1
        assert not m.Organization.objects.exclude(features__title=name)
        assert list(m.Organization.objects.values_list("features__title", flat=True)) == [name]


@pytest.mark.parametrize(("name", "foreign"), PAIRS)
def test_the_other_environments_row_is_not_there(org, features, name, foreign):
    with PLACES[name]():
        rows = m.Feature.objects.filter(pk=features[foreign].pk)
        assert not rows.exists()
        assert rows.update(title="reached") == 0
        assert rows.delete()[0] == 0
        assert not m.Organization.objects.filter(features__title=foreign)
        assert m.Organization.objects.exclude(features__title=foreign).exists()
        assert not m.FeatureUse.objects.filter(feature=features[foreign])


@pytest.mark.parametrize(("name", "foreign"), PAIRS)
def test_the_other_environments_row_cannot_be_written(org, features, name, foreign):
    stranger = features[foreign]
    with PLACES[name]():
        refused(stranger.save)
        refused(stranger.delete)
        refused(lambda: m.Feature(pk=stranger.pk).delete())
        refused(m.Feature(pk=stranger.pk, organization=org, slug="x").save)
        refused(lambda: m.Feature.objects.bulk_update([stranger], ["title"]))
        refused(lambda: m.FeatureUse.objects.create(feature=stranger))
        refused(lambda: m.FeatureUse.objects.create(feature_id=str(stranger.pk)))
        refused(lambda: m.FeatureUse.objects.update(feature=stranger))
        refused(lambda: m.FeatureUse.objects.update(feature=F("feature") * 0 + stranger.pk))
        refused(lambda: org.features.add(stranger))


@pytest.mark.parametrize(("name", "foreign"), PAIRS)
def test_the_environment_is_never_changed(org, features, name, foreign):
    own = features[name]
    with PLACES[name]():
        refused(lambda: m.Feature.objects.update(environment=foreign))
        refused(lambda: m.Feature.objects.update(environment=Value(foreign)))
        own.environment = foreign
        refused(own.save)
        refused(lambda: own.save(update_fields=["environment"]))
        refused(lambda: m.Feature.objects.create(organization=org, slug="x", environment=foreign))
    with all_modes():
        refused(lambda: m.Feature.objects.update(environment=foreign))
        refused(own.save)


@pytest.mark.parametrize(("name", "foreign"), PAIRS)
def test_one_queryset_follows_the_environment(features, name, foreign):
    queryset = m.Feature.objects.all()
    for place in (name, foreign, name):
        with PLACES[place]():
            assert list(queryset) == [features[place]]


@pytest.mark.parametrize("name", PLACES)
def test_unique_inside_an_environment(org, features, name):
    with PLACES[name]():
        with pytest.raises(IntegrityError), transaction.atomic():
            m.Feature.objects.create(organization=org, slug="one")
        m.Feature.objects.bulk_create(
            [m.Feature(organization=org, slug="one", title="new")],
            update_conflicts=True,
            update_fields=["title"],
            unique_fields=(
                ["organization", "slug"]
                if connection.features.supports_update_conflicts_with_target
                else None
            ),
        )
    titles = {row["environment"]: row["title"] for row in table(m.Feature)}
    assert titles == {**{place: place for place in PLACES}, name: "new"}


@pytest.mark.parametrize("name", ["test", "staging"])
def test_live_takes_every_environments_rows_along(org, name):
    with PLACES[name]():
        m.Feature.objects.create(organization=org, slug="x")
    with live_mode():
        org.delete()
    assert table(m.Feature) == []


@pytest.mark.parametrize("foreign", ["live", "staging"])
def test_an_environment_cannot_take_anothers_rows_along(org, foreign):
    with PLACES[foreign]():
        m.Feature.objects.create(organization=org, slug="x")
    with sandbox_mode():
        refused(org.delete)


def test_all_modes_wants_the_environment_named(org):
    with all_modes():
        refused(lambda: m.Feature.objects.create(organization=org, slug="x"))
        refused(lambda: m.Feature.objects.create(organization=org, slug="x", is_test=True))
        refused(
            lambda: m.Feature.objects.create(
                organization=org, slug="x", is_test=False, environment="test"
            )
        )
        made = m.Feature.objects.create(
            organization=org, slug="x", is_test=True, environment="staging"
        )
        live = m.Feature.objects.create(organization=org, slug="x", is_test=False)
    assert (made.environment, live.environment) == ("staging", "live")


def test_an_unknown_environment_has_no_block():
    for name in ("live", "nowhere", "", None):
        with pytest.raises(UnknownEnvironment):
            sandbox_mode(name)


def test_a_model_without_environment_is_one_for_all_tests(org):
    with sandbox_mode("test"):
        m.Tag.objects.create(name="seen")
    with sandbox_mode("staging"):
        assert m.Tag.objects.get().name == "seen"
    with live_mode():
        assert not m.Tag.objects.exists()
