"""End states: everything stored that matters, without what may differ from run to run."""

from collections.abc import Callable, Mapping
from typing import Final

from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from tests.simulation.invariants import ViolationError

SERVER_KEPT: Final = ("uid", "resourceVersion", "managedFields", "creationTimestamp", "generation")
_NOISE: Final = frozenset({"Event", "Lease", "Node", "EndpointSlice"})

State = Mapping[str, Object]
"""Everything stored that matters, by the name of the object."""


def state_of(plane: ControlPlane, normalise: Callable[[Object], Object | None]) -> State:
    """Return what is stored; ``normalise`` leaves out what differs from run to run."""
    found: dict[str, Object] = {}
    for resource in plane.store.resources():
        for value in plane.store.list(resource).items:
            if value.get("kind") in _NOISE:
                continue
            normal = normalise(without_server(value))
            if normal is not None:
                found[str(Target.of(value))] = normal
    return found


def without_server(value: Object) -> Object:
    """Return an object without what the server keeps of every run anew."""
    metadata = {key: one for key, one in value["metadata"].items() if key not in SERVER_KEPT}
    if "ownerReferences" in metadata:
        owners = metadata["ownerReferences"]
        metadata["ownerReferences"] = [{**one, "uid": ""} for one in owners]
    return {**value, "metadata": metadata}


def compare(expected: State, state: State) -> None:
    """Raise ``ViolationError`` for the first object that differs."""
    for name in sorted(expected.keys() | state.keys()):
        if name not in state:
            raise ViolationError(f"at the end {name} is missing")
        if name not in expected:
            raise ViolationError(f"at the end {name} is left over")
        if expected[name] != state[name]:
            text = f"at the end {name} is {state[name]}, without faults it is {expected[name]}"
            raise ViolationError(text)
