"""Patches that are made lead where they should, and are those that kubectl would send."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.patches import PatchError
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.strategic_diff import make_strategic_patch, make_three_way_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from tests.apimachinery.objects import DEPLOYMENT
from tests.programs import kubectl as kubectl_program

Object = dict[str, Any]

WORDS = st.sampled_from(["a", "b", "c"])
LABELS = st.dictionaries(WORDS, WORDS, max_size=2)
PORTS = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.integers(1, 3)}, optional={"name": WORDS, "hostPort": st.just(9)}
    ),
    max_size=3,
    unique_by=lambda port: port["containerPort"],
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS},
        optional={"image": WORDS, "ports": PORTS, "args": st.lists(WORDS, max_size=2)},
    ),
    max_size=3,
    unique_by=lambda container: container["name"],
)
VOLUMES = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS}, optional={"emptyDir": st.just({}), "hostPath": st.just({"path": "/"})}
    ),
    max_size=2,
    unique_by=lambda volume: volume["name"],
)
STRATEGIES = st.fixed_dictionaries(
    {}, optional={"type": WORDS, "rollingUpdate": st.fixed_dictionaries({"maxSurge": WORDS})}
)
PODS = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS,
        "volumes": VOLUMES,
        "nodeSelector": LABELS,
        "tolerations": st.lists(st.fixed_dictionaries({"key": WORDS}), max_size=2),
    },
)
DEPLOYMENTS = st.builds(
    lambda metadata, spec: {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", **metadata},
        "spec": spec,
    },
    st.fixed_dictionaries(
        {},
        optional={
            "labels": LABELS,
            "finalizers": st.lists(WORDS, unique=True, max_size=3),
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "replicas": st.integers(0, 2),
            "strategy": STRATEGIES,
            "template": st.fixed_dictionaries({"spec": PODS}),
        },
    ),
)


@given(DEPLOYMENTS, DEPLOYMENTS)
@settings(max_examples=200)
def test_a_patch_of_two_leads_from_one_to_the_other(old: Object, new: Object) -> None:
    """Lists in their order and all; nothing is patched where nothing differs."""
    before = copy.deepcopy((old, new))
    patch = make_strategic_patch(old, new, DEPLOYMENT)
    assert strategic_merge(old, patch, DEPLOYMENT) == new
    assert make_strategic_patch(new, copy.deepcopy(new), DEPLOYMENT) == {}
    assert (old, new) == before


@given(DEPLOYMENTS, DEPLOYMENTS)
@settings(max_examples=100)
def test_without_other_writers_three_are_two(last: Object, new: Object) -> None:
    """A live object that is as it was applied becomes as it is applied now."""
    patch = make_three_way_patch(last, new, last, DEPLOYMENT)
    assert strategic_merge(last, patch, DEPLOYMENT) == new


@given(DEPLOYMENTS, DEPLOYMENTS, DEPLOYMENTS)
@settings(max_examples=100)
def test_an_apply_is_settled_after_the_first_time(last: Object, new: Object, live: Object) -> None:
    """The second patch changes nothing."""
    first = make_three_way_patch(last, new, live, DEPLOYMENT)
    applied = strategic_merge(live, first, DEPLOYMENT)
    again = make_three_way_patch(new, new, applied, DEPLOYMENT)
    assert strategic_merge(applied, again, DEPLOYMENT) == applied


def deployment(**spec: Any) -> Object:
    """Return a Deployment."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def with_containers(*containers: Object) -> Object:
    """Return a Deployment of some containers."""
    return deployment(template={"spec": {"containers": list(containers)}})


@pytest.mark.parametrize(
    ("last", "new", "live", "spec"),
    [
        pytest.param(
            deployment(replicas=1, paused=True),
            deployment(replicas=2),
            deployment(replicas=1, paused=True, minReadySeconds=3),
            {"paused": None, "replicas": 2},
            id="what only live has stays",
        ),
        pytest.param(
            with_containers({"name": "a"}, {"name": "old"}),
            with_containers({"name": "new"}, {"name": "a"}),
            with_containers({"name": "a"}, {"name": "old"}, {"name": "injected"}),
            {
                "template": {
                    "spec": {
                        "$setElementOrder/containers": [{"name": "new"}, {"name": "a"}],
                        "containers": [{"name": "new"}, {"name": "old", "$patch": "delete"}],
                    }
                }
            },
            id="items go and come",
        ),
        pytest.param(
            deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
            deployment(strategy={"type": "Recreate"}),
            deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}),
            {"strategy": {"$retainKeys": ["type"], "rollingUpdate": None, "type": "Recreate"}},
            id="the other strategy's fields go",
        ),
    ],
)
def test_a_patch_of_three_is_what_kubectl_sends(
    last: Object, new: Object, live: Object, spec: Object
) -> None:
    """Its directives and their order are what servers and people know."""
    assert make_three_way_patch(last, new, live, DEPLOYMENT) == {"spec": spec}


def test_finalizers_are_taken_out_by_their_directive() -> None:
    """A list of texts has no items to mark."""
    old, new = deployment(), deployment()
    old["metadata"] |= {"finalizers": ["a", "b"]}
    new["metadata"] |= {"finalizers": ["c", "b"]}
    assert make_strategic_patch(old, new, DEPLOYMENT)["metadata"] == {
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "$setElementOrder/finalizers": ["c", "b"],
        "finalizers": ["c"],
    }


def test_items_without_their_key_are_refused() -> None:
    """They cannot be told apart."""
    for old, new in (({"image": "x"}, {"name": "a"}), ({"name": "a"}, {"image": "x"})):
        with pytest.raises(PatchError, match="merge key: name"):
            make_strategic_patch(with_containers(old), with_containers(new), DEPLOYMENT)


PATCHES = [
    {"spec": {"replicas": None, "paused": True}},
    {"metadata": {"finalizers": ["c", "a"], "$deleteFromPrimitiveList/finalizers": ["b"]}},
    {"metadata": {"$setElementOrder/finalizers": ["b", "a"]}},
    {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
    {"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}}},
    {"spec": {"template": {"spec": {"nodeSelector": {"$patch": "delete"}}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "c"}, {"name": "b", "image": "n"}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "c"}, {"$patch": "replace"}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}}},
    {
        "spec": {
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "c"}],
                    "containers": [{"name": "c"}, {"name": "b", "$patch": "delete"}],
                }
            }
        }
    },
    {"spec": {"template": {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}}},
    {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP"}]},
                        {"name": "b", "env": [{"name": "B", "value": None}]},
                    ]
                }
            }
        }
    },
    {"spec": {"template": {"spec": {"tolerations": [{"key": "z"}]}}}},
]
LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "finalizers": ["a", "b"]},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "nodeSelector": {"a": "b"},
                "tolerations": [{"key": "t"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
                "containers": [
                    {"name": "a", "image": "i", "ports": [{"containerPort": 80, "name": "p"}]},
                    {"name": "b", "image": "j", "env": [{"name": "B", "value": "1"}]},
                ],
            },
        },
    },
}


@pytest.mark.kubectl
@pytest.mark.parametrize("patch", PATCHES, ids=str)
def test_kubectl_patches_the_same_way(patch: Object, tmp_path: Path) -> None:
    """The real one is asked, without a cluster."""
    program = kubectl_program()
    (tmp_path / "live.json").write_text(json.dumps(LIVE))
    (tmp_path / "patch.json").write_text(json.dumps(patch))
    command = [program, "patch", "--local", "--type=strategic", "--output=json"]
    done = subprocess.run(
        [*command, "--filename=live.json", "--patch-file=patch.json"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    theirs = json.loads(done.stdout)
    ours = strategic_merge(LIVE, patch, DEPLOYMENT)
    assert normalise(ours, DEPLOYMENT) == normalise(theirs, DEPLOYMENT)


def test_the_selector_of_a_budget_is_replaced_as_a_whole() -> None:
    """So a label that is gone from it is gone from what it selects, too."""
    schema = schema_for("policy/v1", "PodDisruptionBudget")
    old: Object = {"spec": {"selector": {"matchLabels": {"a": "1", "b": "2"}}}}
    new: Object = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    assert make_strategic_patch(old, new, schema) == new
    assert make_three_way_patch(old, new, old, schema) == new
    assert strategic_merge(old, new, schema) == new
