"""Random catalogues, cloned and edited on both sides, beside a model of plain dicts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import count as counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.cloning import CONFLICTS
from tests.cloneapp.models import Category, Label, Product, Remark
from tests.testapp.models import Organization

MODELS = {"category": Category, "label": Label, "product": Product, "remark": Remark}
KINDS = list(MODELS)
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
REQUIRED = {"product": "category", "remark": "about"}

operations = st.lists(
    st.one_of(
        st.tuples(st.just("make"), st.sampled_from(KINDS), st.integers(0, 99), st.integers(0, 99)),
        st.tuples(
            st.sampled_from(["edit", "edit", "delete"]),
            st.sampled_from(["live", "test"]),
            st.integers(0, 99),
            st.integers(0, 99),
        ),
        st.tuples(st.just("clone"), st.sampled_from(CONFLICTS[:2]), st.booleans(), st.booleans()),
    ),
    min_size=8,
    max_size=30,
)


@dataclass
class World:
    """What each side holds: rows by a number that a row and its copy share.

    A row is a dict: ``kind``, and what it points to by such numbers.
    """

    live: dict = field(default_factory=dict)
    test: dict = field(default_factory=dict)
    base: dict = field(default_factory=dict)  # number: (live's row, the copy), as last alike

    def delete(self, side, number):
        """With what hangs on it; what may be empty is emptied."""
        rows = getattr(self, side)
        for other, row in list(rows.items()):
            if other not in rows:
                continue
            if number in (row.get("category"), row.get("about")) or row.get("parent") == number:
                self.delete(side, other)
        rows.pop(number, None)
        for other, row in rows.items():
            rows[other] = {
                **row,
                **({"featured": None} if row.get("featured") == number else {}),
                **({"labels": row["labels"] - {number}} if "labels" in row else {}),
            }

    # --- what a clone is to do

    def there(self, number):
        return number in self.base and number in self.test

    def desired(self, number):
        row = dict(self.live[number])
        for name in ("parent", "featured", "category", "about"):
            if row.get(name) is not None and not self.there(row[name]):
                row[name] = None
        if "labels" in row:
            row["labels"] = frozenset(x for x in row["labels"] if self.there(x))
        return row

    def incomplete(self, number):
        return self.desired(number) != self.live[number]

    def clone(self, conflicts, prune):
        overwrite = conflicts == "overwrite"
        known = {n for n in self.live if self.there(n)}
        touched = {n for n in known if self.test[n] != self.base[n][1]}
        new = [n for n in self.live if n not in known and (overwrite or n not in self.base)]
        for _ in range(len(new) + 1):  # until no more can come
            for number in new:
                needs = self.live[number].get(REQUIRED.get(self.live[number]["kind"], ""))
                if needs is None or self.there(needs):
                    self.base.setdefault(number, None)
                    self.test.setdefault(number, None)
        for number in [n for n in self.live if self.there(n)]:
            wanted, row = self.desired(number), self.test[number]
            if row is not None:
                needs = REQUIRED.get(row["kind"])
                if needs and wanted[needs] is None:
                    wanted[needs] = row[needs]  # what cannot be empty stays as it is
            if number in touched and not overwrite:
                if wanted == row:
                    self.base[number] = (self.live[number], row)
            else:
                self.test[number] = wanted
                self.base[number] = (self.live[number], wanted)
        if prune:
            self.prune(touched, overwrite)
        for number in [n for n in self.base if n not in self.live and n not in self.test]:
            del self.base[number]

    def prune(self, touched, overwrite):
        gone = [n for n in self.base if n not in self.live and n in self.test]
        gone = [n for n in gone if overwrite or self.test[n] == self.base[n][1]]
        # What loses something it points to by a removal is looked at as it was before.
        while True:
            free = [
                n
                for n in gone
                if n in self.test
                and (
                    overwrite
                    or not any(
                        n in (r.get("category"), r.get("parent")) for r in self.test.values()
                    )
                )
            ]
            if not free:
                return
            for number in free:
                self.remove(number)

    def remove(self, number):
        rows = self.test
        for other, row in list(rows.items()):
            if other in rows and number in (row.get("category"), row.get("parent")):
                self.remove(other)
        rows.pop(number, None)
        for other, row in rows.items():
            if row.get("featured") == number:
                rows[other] = {**row, "featured": None}
            if number in row.get("labels", ()):
                rows[other] = {**row, "labels": row["labels"] - {number}}


class Site:
    """The same in the database; a row's name is its number."""

    def __init__(self, owner):
        self.owner = owner
        self.world = World()
        self.numbers = counter(1)

    def mode(self, side):
        return live_mode() if side == "live" else sandbox_mode()

    def of_kind(self, side, kind, pick):
        rows = getattr(self.world, side)
        found = sorted(n for n, row in rows.items() if row["kind"] == kind)
        return found[pick % len(found)] if found else None

    def get(self, number):
        kind = self.kind(number)
        name = "text" if kind == "remark" else "name"
        return MODELS[kind].objects.get(**{name: str(number)}, organization=self.owner)

    def kind(self, number):
        for rows in (self.world.live, self.world.test):
            if number in rows:
                return rows[number]["kind"]
        raise KeyError(number)

    def values(self, side, kind, pick, other):
        """New values of a row, all that it can point to chosen by two numbers."""
        category = self.of_kind(side, "category", pick)
        if kind == "category":
            return {
                "parent": category if other % 2 else None,
                "featured": self.of_kind(side, "product", other),
            }
        if kind == "product":
            labels = {self.of_kind(side, "label", x) for x in (pick, other)[: other % 3]}
            return {"category": category, "price": other, "labels": frozenset(labels - {None})}
        if kind == "remark":
            kinds = [k for k in KINDS[:3] if self.of_kind(side, k, other) is not None]
            about = self.of_kind(side, kinds[pick % len(kinds)], other) if kinds else None
            return {"about": about}
        return {}

    def write(self, side, number, values, row):
        with self.mode(side):
            for name, value in values.items():
                if name == "labels":
                    row.labels.set([self.get(x) for x in value])
                elif name == "price":
                    row.price = value
                else:
                    setattr(row, name, None if value is None else self.get(value))
            row.save()

    # --- operations

    def make(self, kind, pick, other):
        values = self.values("live", kind, pick, other)
        if REQUIRED.get(kind) and values[REQUIRED[kind]] is None:
            return
        number = next(self.numbers)
        name = "text" if kind == "remark" else "name"
        with live_mode():
            row = MODELS[kind](organization=self.owner, **{name: str(number)})
            for column in ("category", "about"):
                if values.get(column):
                    setattr(row, column, self.get(values[column]))
            row.save()
        self.world.live[number] = {"kind": kind, **values}
        self.write("live", number, values, row)

    def pick(self, side, pick):
        numbers = sorted(getattr(self.world, side))
        return numbers[pick % len(numbers)] if numbers else None

    def edit(self, side, pick, other):
        number = self.pick(side, pick)
        if number is None:
            return
        values = self.values(side, self.kind(number), other, pick)
        if REQUIRED.get(self.kind(number)) and values[REQUIRED[self.kind(number)]] is None:
            return
        if values.get("parent") == number:
            values["parent"] = None
        with self.mode(side):
            row = self.get(number)
        self.write(side, number, values, row)
        rows = getattr(self.world, side)
        rows[number] = {**rows[number], **values}

    def delete(self, side, pick, other):
        number = self.pick(side, pick)
        if number is None:
            return
        before = set(getattr(self.world, side))
        kinds = {n: self.kind(n) for n in before}
        self.world.delete(side, number)
        with self.mode(side):
            for lost in before - set(getattr(self.world, side)):
                name = "text" if kinds[lost] == "remark" else "name"
                MODELS[kinds[lost]].objects.filter(**{name: str(lost)}).delete()

    def clone(self, conflicts, prune, dry):
        if dry:
            before = self.read("test")
            planned = lifecycle.clone(self.owner, dry_run=True, conflicts=conflicts, prune=prune)
            assert self.read("test") == before
        done = lifecycle.clone(self.owner, conflicts=conflicts, prune=prune)
        if dry:
            names = ("added", "changed", "removed", "kept", "conflicts", "skipped", "gone")
            for name in names:
                assert getattr(planned, name) == getattr(done, name), name
        self.world.clone(conflicts, prune)
        assert self.read("test") == self.world.test
        assert self.read("live") == self.world.live
        again = lifecycle.clone(self.owner, conflicts=conflicts, prune=prune)
        assert not again.wrote, again

    def read(self, side):
        """One side in the form of the model."""
        found, numbers = {}, {}
        with self.mode(side):
            own = {kind: m.objects.filter(organization=self.owner) for kind, m in MODELS.items()}
            rows = [(kind, row) for kind, of_kind in own.items() for row in of_kind]
            links = list(Product.labels.through.objects.values_list("product_id", "label_id"))
        for kind, row in rows:
            number = int(row.text if kind == "remark" else row.name)
            assert number not in numbers.values(), "a row was copied twice"
            numbers[kind, str(row.pk)] = number
        for kind, row in rows:
            number = numbers[kind, str(row.pk)]
            found[number] = {"kind": kind, **self.values_of(kind, row, links, numbers)}
        return found

    def values_of(self, kind, row, links, numbers):
        def of(kind, key):
            return None if key is None else numbers[kind, str(key)]

        if kind == "category":
            return {"parent": of(kind, row.parent_id), "featured": of("product", row.featured_id)}
        if kind == "product":
            labels = frozenset(of("label", label) for own, label in links if own == row.pk)
            category = of("category", row.category_id)
            return {"category": category, "price": int(row.price), "labels": labels}
        if kind == "remark":
            (about,) = (k for k, m in MODELS.items() if m is row.content_type.model_class())
            return {"about": of(about, row.object_id)}
        return {}


@pytest.mark.django_db
@settings(
    max_examples=200 if LONG else 6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    database=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
@given(steps=operations)
def test_a_long_life(steps):
    owner = Organization.objects.create(name="Acme")
    lifecycle.activate(owner)
    lifecycle.cleanup(owner)
    site = Site(owner)
    for name, *arguments in [*steps, ("clone", "keep", True, True)]:
        getattr(site, name)(*arguments)
