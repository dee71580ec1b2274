"""What can be a job: for each kind how it is checked, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django_sandbox import conf, documents, lifecycle, registry, snapshots
from django_sandbox.cleanup import Emptying, Progress
from django_sandbox.cloning import check_direction
from django_sandbox.exceptions import SandboxNotActive
from django_sandbox.lifecycle.steps import should_pause
from django_sandbox.models import Sandbox
from django_sandbox.snapshots.taking import found

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    :param check: refuses at once what cannot be done; given owner, environment, arguments.
    :param carry_out: does it, given a callable for the progress too, and returns the
        document that the call answers with where it does not make a job.
    :param in_steps: whether the work on a sandbox is several transactions, and not one in
        which the job is ended too; none where it never is.
    """

    check: Callable[[Any, str, Arguments], None]
    carry_out: Callable[[Any, str, Arguments, Progress], dict[str, Any]]
    in_steps: Callable[[Any, str], bool] | None = None


def _check_active(owner: Any, environment: str) -> None:
    conf.check_test_environment(environment)
    if not Sandbox.objects.active().filter(owner=owner, environment=environment).exists():
        raise SandboxNotActive(environment)


def _check_reset(owner: Any, environment: str, arguments: Arguments) -> None:
    registry.check_scenario(arguments["scenario"])
    _check_active(owner, environment)


def _reset(owner: Any, environment: str, arguments: Arguments, progress: Progress) -> Any:
    return documents.reset(lifecycle.reset(owner, environment, progress=progress, **arguments))


def _check_cleanup(owner: Any, environment: str, arguments: Arguments) -> None:
    conf.check_test_environment(environment)


def _cleanup(owner: Any, environment: str, arguments: Arguments, progress: Progress) -> Any:
    return documents.counts("deleted", lifecycle.cleanup(owner, environment, progress=progress))


def _is_large(owner: Any, environment: str) -> bool:
    has_sandbox = Sandbox.objects.filter(owner=owner, environment=environment).exists()
    return has_sandbox and should_pause(Emptying(owner, environment))


def _check_clone(owner: Any, environment: str, arguments: Arguments) -> None:
    check_direction(arguments["source"], environment)
    _check_active(owner, environment)


def _clone(owner: Any, environment: str, arguments: Arguments, progress: Progress) -> Any:
    return documents.clone(lifecycle.clone(owner, environment, progress=progress, **arguments))


def _check_restore(owner: Any, environment: str, arguments: Arguments) -> None:
    _check_active(owner, environment)
    found(owner, environment, arguments["name"])


def _restore(owner: Any, environment: str, arguments: Arguments, progress: Progress) -> Any:
    done = snapshots.restore(owner, environment, progress=progress, **arguments)
    return documents.restoration(done)


KINDS: dict[str, Kind] = {
    "reset": Kind(_check_reset, _reset),
    "cleanup": Kind(_check_cleanup, _cleanup, _is_large),
    "clone": Kind(_check_clone, _clone),
    "restore": Kind(_check_restore, _restore),
}
