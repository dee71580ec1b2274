"""The battery as tests: a mix-in with one test for each model, and a list to parametrise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from django.apps import apps

from django_sandbox.testing.battery import assert_isolated, declared_sandboxed


class IsolationCheck:
    """:func:`assert_isolated` for one model, ready to be called; pytest shows its label."""

    def __init__(self, model: Any, **options: Any) -> None:
        self.model = model
        self.options = options
        self.__name__ = str(model._meta.label)  # what pytest makes the test's id of

    def __call__(self) -> None:
        """Run the battery. :raises NotIsolated: with all leaks of the model."""
        assert_isolated(self.model, **self.options)

    def __repr__(self) -> str:
        return f"<isolation of {self.__name__}>"


def isolation_checks(
    models: Iterable[Any] | None = None,
    *,
    factories: Mapping[Any, Callable[..., Any]] | None = None,
    allow: Collection[str] = (),
    using: str = "default",
    exclude: Collection[Any] = (),
) -> list[IsolationCheck]:
    """One check for each sandboxed model of the site, or for each of ``models``.

    ``@pytest.mark.parametrize("check", isolation_checks())``. A model in ``models`` and
    ``exclude`` and a key of ``factories`` may be a label (``"shop.Order"``).

    :param allow: paths that are known and accepted, of any of the models.
    """
    made = {_model(key): factory for key, factory in (factories or {}).items()}
    left_out = [_model(model) for model in exclude]
    chosen = site_models() if models is None else [_model(model) for model in models]
    return [
        IsolationCheck(model, factory=made.get(model), factories=made, allow=allow, using=using)
        for model in chosen
        if model not in left_out
    ]


def _model(model: Any) -> Any:
    return apps.get_model(model) if isinstance(model, str) else model


def site_models() -> list[Any]:
    """The sandboxed models that the site itself wrote, without the package's own."""
    return [
        model
        for model in apps.get_models()
        if declared_sandboxed(model)
        and not model._meta.proxy
        and not model.__module__.startswith("django_sandbox.")
    ]


class IsolationTests:
    """One test for each model; put it before ``TestCase``, or use it in a plain pytest class.

    :cvar models: the models or their labels; all sandboxed models of the site if unset.
    :cvar factories: for models that cannot be made from their fields, by model or label.
    :cvar allow: paths that are known and accepted.
    :cvar using: alias of the database.
    """

    models: ClassVar[Iterable[Any] | None] = None
    factories: ClassVar[Mapping[Any, Callable[..., Any]]] = {}
    allow: ClassVar[Collection[str]] = ()
    using: ClassVar[str] = "default"
    _tests_made: ClassVar[bool]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "models" not in vars(cls) and any("_tests_made" in vars(c) for c in cls.__mro__):
            return  # a subclass of a ready class has that one's tests
        cls._tests_made = True
        for check in isolation_checks(
            cls.models, factories=cls.factories, allow=cls.allow, using=cls.using
        ):
            name = "test_" + check.__name__.replace(".", "_").lower()
            setattr(cls, name, _as_method(check))


def _as_method(check: IsolationCheck) -> Callable[[Any], None]:
    def test(self: Any) -> None:
        check()

    test.__doc__ = f"{check.__name__} keeps live and test data apart."
    return test
