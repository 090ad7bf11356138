"""Comparing desired with live shows real differences only; unknown fields are found."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given

from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.ordering import LAST, rank
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import schema_for
from tests.apimachinery.objects import DEPLOYMENT, THING, THINGS


def pod_template(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a Deployment with one container."""
    return {"spec": {**spec, "template": {"spec": {"containers": [{"name": "c", **container}]}}}}


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (
            pod_template({"resources": {"limits": {"cpu": "1000m", "memory": 1024}}}),
            pod_template({"resources": {"limits": {"cpu": "1", "memory": "1024"}}}),
        ),
        (
            pod_template({"resources": {"requests": {"cpu": "100u", "memory": "+1"}}}),
            pod_template({"resources": {"requests": {"cpu": "1m", "memory": "+1"}}}),
        ),
        (
            {"spec": {"template": {"spec": {"volumes": [{"emptyDir": {"sizeLimit": "0.1m"}}]}}}},
            {"spec": {"template": {"spec": {"volumes": [{"emptyDir": {"sizeLimit": "100u"}}]}}}},
        ),
        (pod_template({"resources": {}, "args": [], "tty": False}), pod_template({})),
        (pod_template({}, replicas=0, paused=False), pod_template({}, replicas=0)),
        (pod_template({}, replicas=2.0, strategy=None), pod_template({}, replicas=2)),
        (
            pod_template({"env": [{"name": "A", "value": ""}]}),
            pod_template({"env": [{"name": "A"}]}),
        ),
    ],
)
def test_two_spellings_of_one_object_are_one(
    written: dict[str, Any], normal: dict[str, Any]
) -> None:
    """Quantities, null, and zero values that a server does not write; pointers keep zero."""
    before = copy.deepcopy(written)
    assert normalise(written, DEPLOYMENT) == normal
    assert written == before
    assert normalise(normal, DEPLOYMENT) is normal


def test_an_empty_choice_is_kept() -> None:
    """``emptyDir: {}`` says something: it is a pointer in Go."""
    pod = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    assert normalise(pod, schema_for("v1", "Pod")) is pod


def test_what_nobody_declared_stays_as_it_is() -> None:
    """Fields of kinds without a schema are left alone, null among them."""
    value = {"metadata": {"labels": {}, "name": "x"}, "spec": {"a": None, "b": {}}}
    normal = normalise(value, schema_for("argoproj.io/v1alpha1", "Workflow"))
    assert normal == {"metadata": {"name": "x"}, "spec": {"a": None, "b": {}}}


def test_unknown_fields_are_found_and_taken_out() -> None:
    """Each with its path; everything declared stays."""
    value = pod_template({"imag": "x", "env": [{"name": "A", "valu": "1"}]}, replica=1)
    value["spec"]["template"]["metadata"] = {"labels": {"any": "thing"}}
    pruned, unknown = prune(value, DEPLOYMENT)
    containers = ("spec", "template", "spec", "containers", 0)
    assert set(unknown) == {
        ("spec", "replica"),
        (*containers, "imag"),
        (*containers, "env", 0, "valu"),
    }
    text = json.dumps(pruned)
    assert not any(name in text for name in ("replica", "imag", "valu"))
    assert prune(pruned, DEPLOYMENT) == (pruned, ())
    assert prune(pruned, DEPLOYMENT)[0] is pruned


@given(THINGS)
def test_a_declared_object_has_nothing_to_prune(value: dict[str, Any]) -> None:
    """And comes back as itself."""
    pruned, unknown = prune(value, THING)
    assert pruned is value
    assert unknown == ()


def test_undeclared_fields_are_preserved_where_the_schema_says_so() -> None:
    """A kind that preserves unknown fields has none."""
    value = {"metadata": {"name": "x", "nme": "y"}, "spec": {"any": 1}}
    schema = schema_for("example.com/v1", "Any")
    assert prune(value, schema) == (
        {"metadata": {"name": "x"}, "spec": {"any": 1}},
        (("metadata", "nme"),),
    )


def test_what_others_need_comes_first() -> None:
    """Namespaces and definitions, then configuration, then workloads, then the rest."""
    kinds = [
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "ServiceAccount"),
        ("", "ConfigMap"),
        ("", "Service"),
        ("apps", "Deployment"),
        ("networking.k8s.io", "Ingress"),
        ("argoproj.io", "Application"),
    ]
    ranks = [rank(*kind) for kind in kinds]
    assert ranks == sorted(set(ranks))
    assert rank("example.com", "Namespace") == rank("argoproj.io", "Workflow") == LAST
