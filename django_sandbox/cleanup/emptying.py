"""One run that empties an owner's test environment: at once, or in steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.db import IntegrityError, connections, router, transaction
from django.db.models import ProtectedError, RestrictedError

from django_sandbox import conf, registry
from django_sandbox.cleanup import files
from django_sandbox.cleanup.collecting import collect_and_delete
from django_sandbox.cleanup.outside import Outside
from django_sandbox.cleanup.refusals import refuse_if_reached
from django_sandbox.cleanup.relations import Plan, Table, keys_to
from django_sandbox.cleanup.rows import between, bounds
from django_sandbox.context import require_scope, sandbox_mode
from django_sandbox.exceptions import CleanupRefused, CrossModeError

ATTEMPTS = 5
Progress = Callable[[str, int, int], None]


class Step(NamedTuple):
    """A part of the work that leaves whole rows behind, for one transaction."""

    label: str
    run: Callable[[], Counter[str]]


class Emptying:
    """Deletes an owner's rows in one test environment, children first.

    :param progress: called as ``progress(model label, rows done, rows in all)``.
    :raises UnknownEnvironment: for live, and for names that the site has not.
    """

    batch_rows = 20_000  # of one table in one transaction, where there are several

    def __init__(self, owner: Any, environment: str, progress: Progress | None = None) -> None:
        self.owner = owner
        self.environment = conf.check_test_environment(environment)
        self.plan = Plan()
        self.progress = progress
        self.deleted: Counter[str] = Counter()
        self._counted: dict[str, int] = {}
        self._bounds: dict[str, list[Any]] = {}

    def _in_mode(self) -> Any:
        return sandbox_mode(self.environment, owner=self.owner)

    def count(self, table: Table) -> int:
        """The owner's rows in one table, as counted when first asked for.

        Not ``exists()``, which the database may answer by walking through all of live.
        """
        if table.label not in self._counted:
            with self._in_mode():
                self._counted[table.label] = table.rows(self.owner).count()
        return self._counted[table.label]

    @property
    def totals(self) -> dict[str, int]:
        """The owner's rows by model label."""
        return {table.label: self.count(table) for table in self.plan.tables}

    def filled(self, *, exposed: bool = False) -> list[Table]:
        """The tables in which the owner has rows; only those that others can hang on."""
        tables = self.plan.tables
        if exposed:
            tables = [table for table in tables if self.plan.is_exposed(table)]
        return [table for table in tables if self.count(table)]

    def bounds(self, table: Table) -> list[Any]:
        """The last primary key of each ``batch_rows`` rows; none where there are fewer."""
        if table.label not in self._bounds:
            with self._in_mode():
                self._bounds[table.label] = bounds(table.rows(self.owner), self.batch_rows)
        return self._bounds[table.label]

    def is_large(self) -> bool:
        """Whether it should be done in several transactions, and can be."""
        return self.plan.can_pause() and any(map(self.bounds, self.plan.tables))

    def counts(self) -> dict[str, int]:
        """Rows of sandboxed models deleted so far, by label; models without any left out."""
        sandboxed = {model._meta.label for model in registry.sandboxed_models()}
        return {label: rows for label, rows in self.deleted.items() if rows and label in sandboxed}

    def steps(self, *, pausing: bool = False) -> Iterator[Step]:
        """The work in its order, each step to be taken before the next is asked for.

        :param pausing: true where each is committed, and takes ``batch_rows`` rows at most.
        """
        yield Step("", partial(self._settle_outside, pausing=pausing))
        for field, table in self.plan.knots():
            if field.null and self.count(table) and self._is_hindrance(field, table, pausing):
                yield Step("", partial(self._untie, field))
        for table in self.plan.tables:
            found = self.bounds(table) if pausing else []
            if pausing and not found and not self.count(table):
                continue
            with self._in_mode():
                parts = between(table.rows(self.owner), found)
            for part in parts:
                yield Step(table.label, partial(self._delete, table, part))

    def take(self, step: Step) -> Counter[str]:
        """Run one step in the environment's mode, to be recorded once it is committed.

        :raises CleanupRefused: where a row of live would be reached.
        """
        try:
            with self._in_mode():
                return step.run()
        except CrossModeError as error:
            raise CleanupRefused(str(error)) from error

    def record(self, step: Step, deleted: Counter[str]) -> None:
        """Add up what a step has deleted; say how far the work is."""
        self.deleted += deleted
        if self.progress and step.label:
            total = max(self.totals[step.label], self.deleted[step.label])
            if total:
                self.progress(step.label, self.deleted[step.label], total)

    def plan_rows(self) -> dict[str, int]:
        """Rows that would be deleted, by model label; nothing is touched.

        :raises CleanupRefused: where a row of live would be reached.
        """
        try:
            with self._in_mode():
                self._refuse_if_reached(thorough=True)
                self.deleted = Counter(self.totals)
                self.deleted += Outside(self.plan, self.filled(), self.owner, act=False).settle()
        except CrossModeError as error:
            raise CleanupRefused(str(error)) from error
        return self.counts()

    def explain(self, error: IntegrityError) -> None:
        """Say which row of live the database protected, if that is why it refused.

        :raises CleanupRefused: naming the model and some of the rows.
        """
        with self._in_mode():
            try:
                self._refuse_if_reached(thorough=True)
            except CleanupRefused as refusal:
                raise refusal from error

    def lock(self, *, owner: bool) -> None:
        """Hold the rows that others point to, so that no more come to hang on them.

        :param owner: the owner's own row too, so that not even new ones are made.
        """
        if owner:
            type(self.owner)._base_manager.select_for_update().filter(pk=self.owner.pk).first()
        with self._in_mode():
            for table in reversed(self.plan.tables):
                if keys_to(table.model):
                    rows = table.rows(self.owner).order_by("pk").select_for_update()
                    for _ in rows.values_list("pk").iterator():
                        pass

    def _settle_outside(self, *, pausing: bool) -> Counter[str]:
        # In one transaction the database's own refusal undoes all of it, and `explain` says
        # why. SQLite refuses only when it commits.
        connection = connections[router.db_for_write(type(self.owner))]
        self._refuse_if_reached(thorough=pausing or connection.vendor == "sqlite")
        return Outside(self.plan, self.filled(exposed=True), self.owner, act=True).settle()

    def _refuse_if_reached(self, *, thorough: bool) -> None:
        for table in self.filled(exposed=not thorough):
            refuse_if_reached(table, self.owner, require_scope(), thorough=thorough)

    def _is_hindrance(self, field: Any, table: Table, pausing: bool) -> bool:
        features = connections[router.db_for_write(table.model)].features
        at_once = not features.can_defer_constraint_checks or self.plan.refuses(field, table)
        apart = field.model is not table.model or bool(pausing and self.bounds(table))
        return at_once or (pausing and apart)

    def _untie(self, field: Any) -> Counter[str]:
        rows = Table(field.model, self.plan.paths[field.model]).rows(self.owner)
        rows.exclude(**{field.name: None}).update(**{field.name: None})
        return Counter()

    def _delete(self, table: Table, rows: Any) -> Counter[str]:
        takes_parents = self.plan.has_parents_to_take(table)
        if table.is_listened_to or takes_parents:
            return collect_and_delete(rows, keep_parents=not takes_parents)
        files.note_rows(rows)
        return Counter({table.label: rows.order_by()._raw_delete(rows.db) or 0})


def delete_rows(owner: Any, environment: str, progress: Progress | None = None) -> dict[str, int]:
    """Delete an owner's rows in one test environment in one transaction.

    A row that somebody makes meanwhile below one that goes is refused by the database: to
    its writer, or to us. Then it is done again, holding more and more.

    :returns: rows deleted, by model label; models without any are left out.
    :raises CleanupRefused: where a row of live would be reached; nothing has changed then.
    """
    using = router.db_for_write(type(owner))
    for attempt in range(1, ATTEMPTS + 1):
        work = Emptying(owner, environment, progress)
        try:
            with transaction.atomic(using=using):
                if attempt > 1:
                    work.lock(owner=attempt > 2)
                if progress:
                    work.totals  # noqa: B018 (counted before anything is gone)
                for step in work.steps():
                    work.record(step, work.take(step))
                check_keys_now(using)
            return work.counts()
        except (ProtectedError, RestrictedError):
            raise
        except IntegrityError as error:
            work.explain(error)
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def check_keys_now(using: str) -> None:
    """Have a database that checks foreign keys at the commit check them here.

    :raises IntegrityError: where a row was left hanging.
    """
    if connections[using].vendor == "postgresql":
        connections[using].check_constraints()


def plan_rows(owner: Any, environment: str) -> dict[str, int]:
    """What :func:`delete_rows` would delete, by model label.

    :raises CleanupRefused: where it would refuse.
    """
    return Emptying(owner, environment).plan_rows()


def count_rows(owner: Any, environment: str) -> dict[str, int]:
    """An owner's rows in one test environment, by model label; zeros included."""
    return dict(Emptying(owner, environment).totals)
