"""The strategic merge patch merges lists by their keys and follows its directives."""

import copy
from typing import Any

import pytest

from ruleengine.apimachinery.patches import PatchError
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.strategic_merge import strategic_merge

POD = schema_for("v1", "Pod")
DEPLOYMENT = schema_for("apps/v1", "Deployment")


def merged(spec: dict[str, Any], patch: dict[str, Any]) -> Any:
    """Return the spec of a Pod after a patch of its spec."""
    before = copy.deepcopy((spec, patch))
    result = strategic_merge({"spec": spec}, {"spec": patch}, POD)["spec"]
    assert (spec, patch) == before
    return result


def named(*names: str) -> list[dict[str, str]]:
    """Return list items of these names."""
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("spec", "patch", "result"),
    [
        ({"nodeName": "a"}, {"nodeName": "b"}, {"nodeName": "b"}),
        ({"nodeName": "a", "hostPID": True}, {"nodeName": None}, {"hostPID": True}),
        (
            {"containers": [{"name": "a", "image": "i"}, {"name": "b"}]},
            {"containers": [{"name": "c"}, {"name": "a", "tty": True}]},
            {
                "containers": [
                    {"name": "c"},
                    {"name": "a", "image": "i", "tty": True},
                    {"name": "b"},
                ]
            },
        ),
        (
            {"containers": named("a", "b")},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": named("b")},
        ),
        (
            {"containers": [{"name": "a", "image": "i"}]},
            {"containers": [{"name": "b"}, {"name": "a", "$patch": "replace", "tty": True}]},
            {"containers": named("b")},
        ),
        (
            {"containers": named("a", "b")},
            {"containers": [{"name": "c"}, {"$patch": "replace"}]},
            {"containers": named("c")},
        ),
        (
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}]},
            {"tolerations": [{"key": "b"}]},
        ),
        (
            {"nodeSelector": {"a": "x", "b": "y"}},
            {"nodeSelector": {"$patch": "replace", "c": "z"}},
            {"nodeSelector": {"c": "z"}},
        ),
        (
            {"nodeSelector": {"a": "x"}},
            {"nodeSelector": {"$patch": "delete"}},
            {"nodeSelector": {}},
        ),
        ({}, {"nodeSelector": {"$patch": "replace", "a": "x"}}, {}),
        (
            {"nodeSelector": {"a": "x"}, "containers": named("a")},
            {
                "nodeSelector": {"$patch": "merge", "b": "y"},
                "containers": [{"name": "b", "$patch": "merge"}],
            },
            {"nodeSelector": {"a": "x", "b": "y"}, "containers": named("b", "a")},
        ),
        (
            {},
            {"containers": [{"name": "a", "tty": None}, {"name": "b", "$patch": "delete"}]},
            {"containers": named("a")},
        ),
        (
            {"containers": named("sidecar", "old")},
            {
                "$setElementOrder/containers": named("new"),
                "containers": [{"name": "new"}, {"name": "old", "$patch": "delete"}],
            },
            {"containers": named("sidecar", "new")},
        ),
        (
            {"containers": named("a", "b")},
            {"$setElementOrder/containers": named("b", "a")},
            {"containers": named("b", "a")},
        ),
        ({"containers": "x"}, {"containers": named("a")}, {"containers": named("a")}),
        (
            {"nodeName": "a"},
            {"$retainKeys": ["hostPID"], "nodeName": None, "hostPID": True},
            {"hostPID": True},
        ),
        (
            {"containers": named("a", "server", "b")},
            {
                "$setElementOrder/containers": named("b", "a"),
                "containers": [{"name": "a", "tty": True}],
            },
            {"containers": [{"name": "server"}, {"name": "b"}, {"name": "a", "tty": True}]},
        ),
        (
            {"nodeName": "a"},
            {"nodeSelector": {"$patch": None}},
            {"nodeName": "a", "nodeSelector": {}},
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {
                "volumes": [
                    {"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}
                ]
            },
            {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        ),
        (
            {"containers": [{"name": "a", "ports": [{"containerPort": 1, "protocol": "UDP"}]}]},
            {"containers": [{"name": "a", "ports": [{"containerPort": 1, "name": "x"}]}]},
            {
                "containers": [
                    {"name": "a", "ports": [{"containerPort": 1, "protocol": "UDP", "name": "x"}]}
                ]
            },
        ),
    ],
)
def test_a_patch_changes_what_it_names(
    spec: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    """Scalars, keyed lists, atomic lists, maps and every directive."""
    assert merged(spec, patch) == result


def test_a_list_of_scalars_is_a_set() -> None:
    """Finalizers are added once, and removed by their directive."""
    live = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["c", "b"],
            "finalizers": ["c", "b"],
        }
    }
    assert strategic_merge(live, patch, POD) == {"metadata": {"finalizers": ["c", "b"]}}


def test_a_struct_keeps_only_the_retained_keys() -> None:
    """A change of the deployment strategy drops the parameters of the old one."""
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(live, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


@pytest.mark.parametrize(
    "patch",
    [
        {"containers": [{"image": "x"}]},
        {"containers": ["x"]},
        {"containers": [{"name": "a", "$patch": "spam"}]},
        {"nodeSelector": {"$patch": "spam"}},
        {"nodeSelector": {"$retainKeys": ["a"], "b": "x"}},
        {"nodeSelector": {"$retainKeys": "a"}},
        {"nodeSelector": {"$retainKeys": None}},
        {"$deleteFromPrimitiveList/x": "a"},
        {"$setElementOrder/containers": named("b"), "containers": named("a")},
        {"$setElementOrder/containers": named("b", "a"), "containers": named("a", "b")},
        {"$setElementOrder/containers": "a"},
    ],
)
def test_a_patch_that_cannot_be_followed_is_refused(patch: dict[str, Any]) -> None:
    """Missing merge keys, unknown directives, orders that leave items out."""
    with pytest.raises(PatchError):
        strategic_merge(
            {"spec": {"containers": [], "nodeSelector": {"z": "z"}}}, {"spec": patch}, POD
        )


def test_a_patch_is_an_object() -> None:
    """Anything else is refused."""
    with pytest.raises(PatchError):
        strategic_merge({}, [], POD)  # type: ignore[arg-type]
