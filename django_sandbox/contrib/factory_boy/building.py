"""Builds the objects of a batch: as factory-boy does, with what is the same worked out once.

factory-boy parses a factory's declarations anew for every object. Here that is done once
for a batch (and once for each sub-factory in it), which is most of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from factory import builder, enums, errors
from factory.base import BaseFactory
from factory.declarations import SKIP, BaseDeclaration

from django_sandbox.contrib.factory_boy.obstacles import obstacle


class Recipe:
    """A factory's declarations together with the arguments of a batch.

    :ivar bulk: whether its objects are written in bulk. Where they are not, every object
        is created in factory-boy's own way.
    """

    def __init__(self, factory: Any, arguments: Mapping[str, Any]) -> None:
        self.factory = factory
        self.options: Any = factory._meta
        self.arguments = dict(arguments)
        declared = dict(arguments)
        self.sequence = declared.pop("__sequence", None)
        pre, post = builder.parse_declarations(
            declared,
            base_pre=self.options.pre_declarations,
            base_post=self.options.post_declarations,
        )
        self.bulk = obstacle(factory, post) is None
        self.names = list(pre)
        self.constants: dict[str, Any] = {}
        self.declared: dict[str, Any] = {}
        for name in pre:
            _, declaration, context = pre[name]
            if enums.get_builder_phase(declaration) == enums.BuilderPhase.ATTRIBUTE_RESOLUTION:
                self.declared[name] = _evaluation(declaration, context)
            else:
                self.constants[name] = declaration
        self.is_plain = _is_plain(self.options)

    @property
    def model(self) -> Any:
        return self.options.get_model_class()

    def arguments_of(self, values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the model is called with, from the values of all declarations."""
        if not self.is_plain:
            prepared: tuple[tuple[Any, ...], dict[str, Any]]
            prepared = self.options.prepare_arguments({name: values[name] for name in self.names})
            return prepared
        given = ((name, values[name]) for name in self.names)
        return (), {name: value for name, value in given if value is not SKIP}


def _evaluation(declaration: Any, context: Any) -> Callable[[Any, Any], Any]:
    """A declaration as a function of the stub and the step."""
    plain = type(declaration).evaluate_pre is BaseDeclaration.evaluate_pre
    if plain and not context and not getattr(declaration, "_defaults", True):
        evaluate = declaration.evaluate  # nothing to unroll, as in most declarations
        return lambda stub, step: evaluate(stub, step, {})
    evaluate_pre = declaration.evaluate_pre
    return lambda stub, step: evaluate_pre(instance=stub, step=step, overrides=context)


def _is_plain(options: Any) -> bool:
    """Whether the values are the model's arguments as they are."""
    own, plain = options.factory._adjust_kwargs, cast(Any, BaseFactory._adjust_kwargs)
    adjusts = own.__func__ is not plain.__func__
    hides = options.exclude or options.parameters or options.rename or options.inline_args
    return not (adjusts or hides)


class Builder:
    """Builds one batch; what factory-boy's steps know as their builder.

    :param add: called with a recipe and the arguments of each object that is to be
        written in bulk; returns the object.
    """

    strategy = enums.CREATE_STRATEGY

    def __init__(self, add: Any) -> None:
        self.add = add
        self._recipes: dict[Any, Recipe] = {}

    def build(self, recipe: Recipe, parent_step: Any = None, force_sequence: Any = None) -> Any:
        """One object by a recipe, related objects included."""
        sequence = recipe.sequence if force_sequence is None else force_sequence
        if sequence is None:
            sequence = recipe.options.next_sequence()
        step = _Step(self, sequence, parent_step)
        step.stub = stub = _Stub(recipe, step)
        for name in recipe.declared:
            getattr(stub, name)
        args, kwargs = recipe.arguments_of(stub.__dict__)
        step.stub = None  # no circle for the garbage collector, ten thousand times
        return self.add(recipe, args, kwargs)

    def recipe(self, factory: Any, arguments: Mapping[str, Any]) -> Recipe:
        """The recipe of a sub-factory, made once for the same arguments."""
        key = (factory, *((name, id(value)) for name, value in arguments.items()))
        found = self._recipes.get(key)
        if found is None:
            # A recipe keeps its arguments alive, so an id in a key is never another's.
            found = self._recipes[key] = Recipe(factory, arguments)
        return found


class _Step(builder.BuildStep):
    """A step whose sub-factories are part of the batch."""

    def __init__(self, builder: Builder, sequence: Any, parent_step: Any) -> None:
        plain: Any = super()
        plain.__init__(builder, sequence, parent_step)

    def recurse(self, factory: Any, declarations: Any, force_sequence: Any = None) -> Any:
        recipe = self.builder.recipe(factory, declarations)
        if recipe.bulk:
            return self.builder.build(recipe, self, force_sequence)
        one = builder.StepBuilder(factory._meta, dict(declarations), self.builder.strategy)
        return one.build(parent_step=self, force_sequence=force_sequence)


class _Stub:
    """What a declaration sees of the object that is being made: values, worked out when asked.

    Those that are known stand in ``__dict__``, so that reading one costs nothing.
    """

    def __init__(self, recipe: Recipe, step: _Step) -> None:
        values = self.__dict__
        values.update(recipe.constants)
        values["_sandbox_making"] = (recipe, step, [])

    @property
    def factory_parent(self) -> Any:
        step = self._sandbox_making[1]
        return step.parent_step.stub if step.parent_step else None

    def __getattr__(self, name: str) -> Any:
        if name == "_sandbox_making":
            raise AttributeError(name)
        recipe, step, pending = self._sandbox_making
        found = recipe.declared.get(name)
        if found is None:
            raise AttributeError(
                f"The parameter {name!r} is unknown. {recipe.factory.__name__} has "
                f"{', '.join(recipe.names)}."
            )
        if name in pending:
            raise errors.CyclicDefinitionError(
                f"Cyclic lazy attribute definition for {name!r}; cycle found in {pending!r}."
            )
        pending.append(name)
        try:
            value = found(self, step)
        finally:
            pending.pop()
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Setting of object attributes is not allowed")

    def __repr__(self) -> str:
        return f"<{self._sandbox_making[0].factory.__name__} being made>"
