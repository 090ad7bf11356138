"""``step wait``: waits until a step's command has ended, and reports what it made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ruleengine.model.values import Object
from ruleengine.services.artifacts.store import Access
from ruleengine.step.access import PodAccess
from ruleengine.step.keeping import keep_all, keep_logs
from ruleengine.step.leaving import read_left, said_of
from ruleengine.step.plan import Plan, StepError, made
from ruleengine.step.watching import ends

_KEPT: Final = 256 * 1024
"""How many bytes of the standard output, its last ones, are the result (reference 15)."""


def wait(plan: Plan) -> int | None:
    """Wait for the end of the step; return its exit code, ``None`` if it was killed.

    Raises ``StepError`` where nobody can see its end any more.
    """
    ((_, code),) = ends([plan.directory])
    return code


class IncompleteError(StepError):
    """Something that a step was to make is not there; ``outputs`` are what there is of it."""

    def __init__(self, message: str, outputs: Object) -> None:
        super().__init__(message)
        self.outputs = outputs


def collect(plan: Plan, code: int | None, access: Access | None = None) -> Object:
    """Return what the step made, its artifacts and logs having been put into their stores.

    Raises ``StepError`` where its logs cannot be kept, ``IncompleteError`` for a declared file
    that is not there, unless the step failed: then that is what has to be told.
    """
    given = access or PodAccess()
    said = _result(plan.directory) if plan.result else None
    outputs: Object = {} if said is None else {"result": said}
    artifacts = keep_logs(plan, given)
    try:
        outputs["parameters"] = list(_parameters(plan, code))
        artifacts += keep_all(plan, code, given)
    except StepError as error:
        known = {**outputs, "artifacts": artifacts}
        raise IncompleteError(str(error), _without_empty(known)) from error
    return _without_empty({**outputs, "artifacts": artifacts})


def _without_empty(outputs: Object) -> Object:
    return {name: value for name, value in outputs.items() if value or name == "result"}


def _parameters(plan: Plan, code: int | None) -> Iterator[Object]:
    for number, declared in enumerate(plan.parameters):
        left = read_left(plan.directory, "parameters", str(number))
        said = "" if left is not None or code else said_of(plan.directory, "parameters", number)
        if said:
            raise StepError(f"the output parameter {declared['name']!r} has no value: {said}")
        value = _parameter(left, declared)
        if value is not None:
            yield made(declared, value)
        elif not code:
            raise StepError(
                f"the output parameter {declared['name']!r} has no value: the step wrote no file "
                f"{declared.get('path')}"
            )


def _parameter(left: bytes | None, declared: Object) -> str | None:
    if left is not None:
        return left.decode("utf-8", errors="replace").removesuffix("\n")
    default = declared.get("default")
    return None if default is None else str(default)


def _result(folder: Path) -> str | None:
    """Return the end of the standard output; ``None`` where it was not kept whole."""
    data = read_left(folder, "output", last=_KEPT)
    return None if data is None else data.decode("utf-8", errors="replace").removesuffix("\n")
