"""What a write leaves as it was is not looked at again, and nothing comes out otherwise."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.api.familiar import Familiar
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from tests.reconcile.kit import config_map, crd

LAMP = Target("example.com/v1", "Lamp", "default", "one")
MAP = Target("v1", "ConfigMap", "default", "one")


class _Stranger(Familiar):
    """One who knows no object, and so looks at everything each time."""

    def note(self, *_: object) -> None:
        """Remember nothing."""


def _definition(**fields: Object) -> Object:
    found = crd("Lamp")
    spec = {"type": "object", "properties": {"level": {"type": "integer"}, **fields}}
    version = found["spec"]["versions"][0]
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return found


def _plane(*, knows: bool) -> tuple[ControlPlane, Client]:
    plane = in_memory_plane()
    if not knows:
        plane.api.registry.familiar = _Stranger()
    client = Client(plane, Retrying(attempts=1))
    colour = {"type": "object", "properties": {"red": {"type": "integer", "default": 1}}}
    tags = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 2}}
    client.create(_definition(colour=colour, tags=tags), "user")
    client.create(config_map("one", "default", key="value"), "user")
    client.discover(again=True)
    lamp = {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": {"name": "one"}}
    spec = {"level": 1, "colour": {}, "tags": {"a": "b"}}
    client.create({**lamp, "metadata": {"name": "one", "namespace": "default"}, "spec": spec}, "me")
    return plane, client


_LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "long", "1.0"])
_NAMES = ("level", "colour", "tags", "red", "a", "other")
_MAPS = st.recursive(
    _LEAVES, lambda inner: st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3), max_leaves=6
)
_METADATA = st.dictionaries(
    st.sampled_from(["labels", "annotations", "finalizers", "name", "namespace"]),
    _LEAVES | st.dictionaries(st.sampled_from(["a", "b/c", "-"]), _LEAVES, max_size=2),
    max_size=2,
)
_PATCHES = st.fixed_dictionaries(
    {},
    optional={"spec": _MAPS, "metadata": _METADATA, "data": _MAPS, "status": _MAPS},
)
_WRITES = st.lists(
    st.tuples(st.sampled_from([LAMP, MAP]), _PATCHES, st.sampled_from(["me", "you"])), max_size=6
)


def _written(client: Client, writes: Any) -> list[object]:
    told: list[object] = []
    for target, patch, manager in writes:
        try:
            told.append(client.merge_patch(target, patch, manager).object)
        except ApiError as error:
            told.append((error.status, error.message))
    return told


@settings(max_examples=30, deadline=None)
@given(_WRITES)
def test_knowing_an_object_changes_no_answer(writes: Any) -> None:
    """A server that looks at everything each time answers and stores the very same."""
    ours, theirs = _plane(knows=True), _plane(knows=False)
    assert _written(theirs[1], writes) == _written(ours[1], writes)
    for target in (LAMP, MAP):
        assert theirs[1].get(target) == ours[1].get(target)


def test_another_schema_is_a_new_look_at_everything() -> None:
    """Once the definition forbids or drops a field, the next write of anything else shows it."""
    plane, client = _plane(knows=True)
    definition = Target(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "lamps.example.com"
    )
    new = _definition(tags={"type": "object", "additionalProperties": {"type": "string"}})
    client.merge_patch(definition, {"spec": new["spec"]}, "user")
    plane.settle()
    written = client.merge_patch(LAMP, {"spec": {"level": 2}}, "me").object
    assert written["spec"] == {"level": 2, "tags": {"a": "b"}}


def test_what_is_right_for_a_kind_need_not_be_right_once_the_kind_is_another() -> None:
    """Asked again of the same object, right after it was found to be right."""
    plane, _ = _plane(knows=True)
    catalog = plane.api.registry.catalog
    served = catalog.find("", "v1", "configmaps")
    assert served is not None
    stored = plane.api.registry.get(served, "default", "one")
    familiar = Familiar()
    familiar.note(served.key("default", "one"), served, stored)
    assert familiar.of(served, stored) is stored
    assert familiar.of(replace(served, versions=None), stored) is None
    assert familiar.of(served, dict(stored)) is None
