"""What is not honoured, or has no usable value, is said; the rollout is then left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.decisions import DONE, Stop
from ruleengine.model.values import Object
from ruleengine.rollouts.specification import read_specification
from tests.rollouts.objects import rollout
from tests.rollouts.worlds import world_of

SERVICE = {"activeService": "web"}
ROUTING = {"trafficRouting": {"nginx": {"stableIngress": "web"}}}
ANALYSIS = {"templates": [{"templateName": "rate"}]}


def canary(**fields: object) -> Object:
    """Return a Rollout with fields of its canary strategy."""
    return rollout("web:2", strategy={"canary": fields})


UNSUPPORTED = {
    "spec.workloadRef": rollout("web:2", workloadRef={"kind": "Deployment", "name": "web"}),
    "spec.strategy.blueGreen": rollout("web:2", strategy={"blueGreen": SERVICE}),
    "spec.strategy.canary.trafficRouting": canary(**ROUTING),
    "spec.strategy.canary.analysis": canary(analysis=ANALYSIS),
    "spec.strategy.canary.steps[0].analysis": canary(steps=[{"analysis": ANALYSIS}]),
    "spec.strategy.canary.steps[1].experiment": canary(
        steps=[{"setWeight": 5}, {"experiment": {"templates": []}}]
    ),
    "spec.strategy.canary.steps[0].setCanaryScale": canary(
        steps=[{"setCanaryScale": {"replicas": 1}}]
    ),
    "spec.restartAt": rollout("web:2", restartAt="2026-01-01T00:00:00Z"),
}
INVALID = {
    "spec.replicas": rollout("web:2", replicas=-1),
    "spec.selector": rollout("web:2", selector={"matchLabels": {"app": "other"}}),
    "spec.template": rollout("web:2", template=None),
    "spec.template.spec.containers": rollout(
        "web:2", template={"metadata": {"labels": {"app": "web"}}, "spec": {}}
    ),
    "spec.strategy": rollout("web:2", strategy={}),
    "spec.strategy.canary.maxSurge": canary(maxSurge="much"),
    "spec.strategy.canary.maxSurge and": canary(maxSurge=0, maxUnavailable="0%"),
    "spec.strategy.canary.steps[0]": canary(steps=[{"setWeight": 1, "pause": {}}]),
    "spec.strategy.canary.steps[0].setWeight": canary(steps=[{"setWeight": 101}]),
    "spec.strategy.canary.steps[1].pause.duration": canary(
        steps=[{"setWeight": 5}, {"pause": {"duration": "soon"}}]
    ),
    "spec.progressDeadlineSeconds": rollout("web:2", minReadySeconds=700),
}


@pytest.mark.parametrize("field", UNSUPPORTED)
def test_a_field_that_is_not_honoured_leaves_the_rollout_alone(field: str) -> None:
    """No ReplicaSet moves; phase, message and condition name the field and the remedy."""
    world = world_of(rollout("web:1"))
    before = world.sets()
    world.declare(UNSUPPORTED[field])
    following = world.settle()
    assert world.sets() == before
    message = str(world.status("message"))
    assert world.status("phase") == "Degraded"
    assert message.startswith(f"InvalidSpec: {field} is not honoured yet; Leave the field out")
    assert message.endswith("[rollout-field-unsupported]")
    assert (following.stop, f"InvalidSpec: {following.message}") == (Stop.FOR, message)
    assert world.status("stableRS") == before[0]["metadata"]["name"].removeprefix("web-")


@pytest.mark.parametrize("field", INVALID)
def test_a_value_that_cannot_be_used_leaves_the_rollout_alone(field: str) -> None:
    """The message names the field; correcting it is all that is needed."""
    world = world_of(rollout("web:1"))
    world.declare(INVALID[field])
    world.settle()
    assert world.pods() == {"web:1": 5}
    assert str(world.status("message")).startswith(f"InvalidSpec: {field}")
    world.declare(rollout("web:2"))
    assert world.settle() == DONE
    assert (world.status("phase"), world.pods()) == ("Healthy", {"web:2": 5})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["canary", "steps", "pause", "spec", "a"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from([*sorted(rollout()["spec"]), "minReadySeconds", "paused"]), JSON)
def test_wrong_data_never_raises(field: str, value: object) -> None:
    """Whatever stands in a field: a specification or problems."""
    reading = read_specification(rollout(**{field: value}))
    assert (reading.specification is None) == bool(reading.problems)


@given(st.sampled_from(["steps", "maxSurge", "maxUnavailable", "replicaProgressThreshold"]), JSON)
def test_wrong_data_in_the_strategy_never_raises(field: str, value: object) -> None:
    """The same one level deeper."""
    reading = read_specification(canary(**{field: value}))
    assert (reading.specification is None) == bool(reading.problems)


@given(JSON)
def test_a_wrong_template_never_raises(value: object) -> None:
    """The template is hashed by its types; what does not fit is a problem."""
    template = {**rollout()["spec"]["template"], "spec": {"containers": [value], "volumes": value}}
    reading = read_specification(rollout(template=template))
    assert (reading.specification is None) == bool(reading.problems)
