"""The battery's rows, from fields and from factories, and the methods it tries."""

from __future__ import annotations

import pytest

from django_sandbox import live_mode
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.testing import CannotBuild, assert_isolated
from tests.leaky.installed import corner_shop, leaks_of, leaky_models, stored  # noqa: F401 — fixtures


def test_every_type_of_field(leaky, db):
    assert_isolated(leaky.Everything)


def test_without_a_way_to_make_a_row_it_asks_for_a_factory(leaky, db):
    with pytest.raises(CannotBuild) as caught:
        assert_isolated(leaky.Ring)
    assert "leaky.Ring need each other" in str(caught.value)
    assert "assert_isolated(Ring, factory=...)" in str(caught.value)


def test_a_factory(leaky, db):
    def ring():
        ring = leaky.Ring(pk=1 + max([0, *(row[0] for row in stored(leaky.Ring))]))
        ring.other_id = ring.pk
        ring.save(force_insert=True)
        return ring

    assert_isolated(leaky.Ring, factory=ring)


def test_a_factory_may_leave_the_saving_to_us(leaky, shop):
    made = []

    def label():
        made.append(leaky.Label(shop=shop))
        return made[-1]

    assert {leak.path for leak in leaks_of(leaky.Label, factory=label).leaks} == {"Labelling.label"}
    assert [label.is_test for label in made] == [False, True]


def test_a_factory_of_another_model_is_refused(leaky, shop):
    with pytest.raises(CannotBuild, match=r"The factory of leaky.Label gave a Shop instead"):
        assert_isolated(leaky.Label, factory=lambda: shop)


def test_factories_of_parents(leaky, db):
    shops = []

    def make_shop():
        shops.append(leaky.Shop.objects.create(name="made by the site"))
        return shops[-1]

    assert_isolated(leaky.Everything, factories={"leaky.Shop": make_shop})
    assert shops


def test_a_factory_that_chooses_the_mode_itself(leaky, shop):
    with live_mode():
        always_live = leaky.Label.objects.create(shop=shop)
    error = leaks_of(leaky.Label, factory=lambda: always_live)
    assert "`Label.save()` (save) stores a row made in test mode as one of another mode" in str(
        error
    )


def test_a_shared_model_has_nothing_to_isolate(db):
    with pytest.raises(ConfigurationError, match=r"testapp.Organization is a shared model"):
        assert_isolated("testapp.Organization")


# --- methods


def test_a_method_with_arguments_is_shown_by_a_probe(leaky, db):
    path = "Search.objects.found()"
    (leak,) = leaks_of(leaky.Search).leaks
    assert (leak.path, leak.effects) == (path, ("may reach every mode's rows",))
    (leak,) = leaks_of(leaky.Search, probes={path: lambda: leaky.Search.objects.found("")}).leaks
    assert (leak.path, leak.kind, leak.effects) == (path, "probe", ("shows",))
    assert_isolated(leaky.Search, probes={path: lambda: leaky.Search.objects.filter(title="")})
