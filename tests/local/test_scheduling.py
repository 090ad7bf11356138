"""Which nodes a pod wants, and what it puts up with."""

from typing import Any

import pytest

from ruleengine.local.affinity import wants_node
from ruleengine.local.scheduling import untolerated
from ruleengine.model.values import Object

NODE: Object = {
    "metadata": {"name": "local", "labels": {"os": "linux", "cores": "64"}},
    "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
}


def affine(*terms: Object) -> Object:
    """Return a pod that asks for nodes by required affinity."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}
    return {"spec": {"affinity": {"nodeAffinity": required}}}


def needs(key: str, operator: str, *values: str) -> Object:
    """Return a term of one requirement."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}


@pytest.mark.parametrize(
    ("pod", "wanted"),
    [
        ({"spec": {}}, True),
        ({"spec": {"nodeSelector": {"os": "linux"}}}, True),
        ({"spec": {"nodeSelector": {"os": "plan9"}}}, False),
        (affine(needs("os", "In", "linux", "bsd")), True),
        (affine(needs("os", "NotIn", "linux")), False),
        (affine(needs("os", "Exists")), True),
        (affine(needs("os", "DoesNotExist")), False),
        (affine(needs("cores", "Gt", "32")), True),
        (affine(needs("cores", "Lt", "32")), False),
        (affine(needs("os", "Gt", "32")), False),
        (affine(needs("none", "Gt", "32")), False),
        (affine(needs("os", "In", "bsd"), needs("os", "In", "linux")), True),
        (affine({}), False),
        (
            affine({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["x"]}]}),
            False,
        ),
    ],
)
def test_a_node_is_wanted_by_labels_and_required_affinity(pod: Object, *, wanted: bool) -> None:
    """One term has to hold, with all of its requirements."""
    assert wants_node(pod["spec"], NODE) is wanted


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({}, False),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists"}, True),
    ],
)
def test_a_taint_is_put_up_with_by_key_value_and_effect(
    toleration: dict[str, Any], *, tolerated: bool
) -> None:
    """An effect that does not shut a node counts for nothing."""
    pod = {"spec": {"tolerations": [toleration]}}
    assert (untolerated(pod, NODE, ("NoSchedule",)) is None) is tolerated
    assert untolerated(pod, NODE, ("NoExecute",)) is None
