"""Hashes are those of Argo's controller, so that its ReplicaSets are found again."""

import pytest

from ruleengine.model.values import Object
from ruleengine.rollouts.hashes import pod_template_hash, step_hash
from ruleengine.rollouts.marshalling import marshal

TEMPLATE: Object = {
    "metadata": {"labels": {"app": "canary-scaledowndelay"}},
    "spec": {
        "containers": [
            {
                "name": "canary-scaledowndelay",
                "image": "nginx:1.19-alpine",
                "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
                "resources": {"requests": {"memory": "16Mi", "cpu": "5m"}},
            }
        ]
    },
}


def _with(**fields: object) -> Object:
    """Return the template with fields of its container replaced."""
    container = TEMPLATE["spec"]["containers"][0] | fields
    return {**TEMPLATE, "spec": {"containers": [container]}}


def test_a_pod_template_has_the_hash_that_argo_published() -> None:
    """The hash of a template in Argo's own tests, as its releases on current libraries make it."""
    assert pod_template_hash(TEMPLATE) == "674d8cf959"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, "5ffbfbbd64"),
        ([], "5ffbfbbd64"),
        ([{"pause": {}}], "6b9b86fbd5"),
        ([{"pause": {}}, {"pause": {}}], "79c9b9f6bf"),
    ],
)
def test_steps_have_the_hashes_that_argo_published(steps: object, expected: str) -> None:
    """A canary without steps has a hash too."""
    assert step_hash(steps) == expected


@pytest.mark.parametrize(
    "same",
    [
        _with(resources={"requests": {"cpu": "0.005", "memory": "16Mi"}}),
        _with(command=[], env=None),
        _with(misspelt="a server drops what it does not know"),
        {"spec": TEMPLATE["spec"], "metadata": {**TEMPLATE["metadata"], "annotations": {}}},
    ],
    ids=["quantities", "empty fields", "unknown fields", "order"],
)
def test_spellings_that_mean_the_same_hash_alike(same: Object) -> None:
    """Quantities are canonical; what Go leaves out does not count."""
    assert pod_template_hash(same) == pod_template_hash(TEMPLATE)


def test_another_template_and_another_try_hash_differently() -> None:
    """A counted collision gives a new name to the same template."""
    hashes = {
        pod_template_hash(TEMPLATE),
        pod_template_hash(_with(image="nginx:1.20-alpine")),
        pod_template_hash(TEMPLATE, 0),
        pod_template_hash(TEMPLATE, 1),
    }
    assert len(hashes) == 4


def test_fields_come_in_the_order_in_which_go_declares_them() -> None:
    """The order differs from that of names and of protobuf numbers; HTML signs are escaped."""
    text = marshal(
        {"resources": {}, "args": ["a<b"], "command": ["x"], "name": "c", "image": "i"},
        "core/v1.Container",
    )
    assert text == ('{"name":"c","image":"i","command":["x"],"args":["a\\u003cb"],"resources":{}}')
