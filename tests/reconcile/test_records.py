"""Records: small facts that outlive objects, read through the world, written by actions."""

from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target, Verb
from ruleengine.model.decisions import Decision
from ruleengine.model.errors import StoreError
from ruleengine.model.names import RECORD_TYPE
from ruleengine.model.records import (
    LIMIT,
    forget_record,
    from_secret,
    keep_record,
    read_record,
    record_target,
    to_secret,
)
from ruleengine.model.values import Object
from tests.reconcile.test_settling import Scene, workflow

OWNER = Target("argoproj.io/v1alpha1", "Workflow", "shop", "one")
PLACE = record_target(OWNER, "runs")


@dataclass
class Remembering:
    """Counts in a record which specs it has seen, ``count`` being what identifies a spec."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world, now: datetime, memo: object) -> Decision:  # noqa: ANN001
        """Return the record with what is new in it."""
        del now, memo
        owner, count = Target.of(value), value["spec"]["count"]
        seen = (read_record(world, owner, "runs") or {}).get("seen", [])
        if count == 0:
            return Decision(actions=(forget_record(owner, "runs", self.manager),))
        wanted = seen if count in seen else [*seen, count]
        action = keep_record(owner, "runs", {"seen": wanted}, self.manager)
        return Decision(actions=(action,), status={"seen": wanted})


def scene() -> Scene:
    """Return a process with one object."""
    made = Scene(reconciler=Remembering())
    made.api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}})
    made.api.add(workflow("one", 1))
    return made


def test_a_record_outlives_its_object() -> None:
    """What was remembered is there when the object is made again."""
    first = scene()
    first.settle()
    assert first.settle().writes == 0
    first.api._remove(OWNER)
    first.api.add(workflow("one", 2))
    first.settle()
    assert first.status("one") == {"seen": [1, 2]}
    assert first.api.objects[PLACE]["type"] == RECORD_TYPE


def test_a_record_can_be_forgotten() -> None:
    """The Secret goes; the second time nothing is written."""
    first = scene()
    first.settle()
    first.api._remove(OWNER)
    first.api.add(workflow("one", 0))
    first.settle()
    assert PLACE not in first.api.objects
    assert first.settle().writes == 0


def test_a_broken_record_stops_its_owner_only() -> None:
    """Going on without what was remembered would do again what was done."""
    first = scene()
    first.settle()
    first.api.add({**first.api.objects[PLACE], "data": {"record": "bm90IGpzb24="}})
    first.api.add(workflow("two", 5))
    settled = first.settle()
    assert [str(one.target) for one in settled.failed] == ["Workflow/shop/one"]
    assert "cannot be read" in settled.failed[0].message
    assert first.status("two") == {"seen": [5]}


def test_a_newer_format_is_refused() -> None:
    """An older version must not overwrite what it does not understand."""
    secret = to_secret(PLACE, OWNER, "runs", {})
    newer = {**secret, "data": {"record": "eyJmb3JtYXQiOjIsImNvbnRlbnQiOnt9fQ=="}}
    with pytest.raises(StoreError, match="newer ruleengine"):
        from_secret(newer)


def test_a_record_is_no_store_of_data() -> None:
    """Too much content is refused before it is written."""
    with pytest.raises(ValueError, match="bytes"):
        keep_record(OWNER, "runs", {"text": "x" * LIMIT}, "ruleengine-toy")


def test_versions_of_a_group_share_a_record_and_purposes_do_not() -> None:
    """The name follows from owner and purpose alone."""
    later = Target("argoproj.io/v1", "Workflow", "shop", "one")
    assert record_target(later, "runs") == PLACE
    assert record_target(OWNER, "approvals") != PLACE
    assert forget_record(OWNER, "runs", "m").verb is Verb.DELETE


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(content=st.dictionaries(st.text(), plain, max_size=4))
def test_a_record_comes_back_as_it_was_kept(content: Object) -> None:
    """Whatever plain data it holds."""
    assert from_secret(to_secret(PLACE, OWNER, "runs", content)) == content
