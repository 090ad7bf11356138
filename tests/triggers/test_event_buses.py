"""EventBuses: which of them the embedded bus stands for."""

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.triggers.buses import read_problem
from tests.triggers.objects import NAMESPACE, event_bus
from tests.triggers.stage import Stage
from tests.triggers.vectors import cases, judge, report

BUS = Target(ARGO_API_VERSION, "EventBus", NAMESPACE, "default")
OTHERS = {
    "spec.kafka": {"kafka": {"url": "kafka:9092"}},
    "spec.nats.exotic": {"nats": {"exotic": {"url": "nats://a", "clusterID": "b"}}},
    "spec.jetstreamExotic": {"jetstreamExotic": {"url": "nats://a"}},
    "spec.jetstream.streamConfig": {"jetstream": {"version": "1", "streamConfig": "maxAge: 1h"}},
}


def test_a_bus_that_argo_would_run_is_the_embedded_one(stage: Stage) -> None:
    """The status says so, with what it stands for; again it writes nothing."""
    stage.apply(event_bus(jetstream={"version": "2.10.10", "replicas": 3}))
    stage.settle()
    deployed = stage.condition(BUS, "Deployed")
    assert (deployed.status, deployed.reason) == ("True", "Embedded")
    assert deployed.message == (
        "the embedded bus serves it in place of 3 servers of JetStream 2.10.10"
    )
    assert stage.condition(BUS, "Configured").status == "True"
    assert stage.settle().writes == 0
    stage.client.delete(BUS)
    stage.apply(event_bus(nats={"native": {}}))
    stage.settle()
    assert stage.condition(BUS, "Deployed").message == "the embedded bus serves it"


@pytest.mark.parametrize("field", OTHERS)
def test_a_bus_that_others_speak_to_is_not_replaced(stage: Stage, field: str) -> None:
    """The embedded one would not have their events."""
    stage.apply(event_bus(**OTHERS[field]))
    settled = stage.settle()
    configured = stage.condition(BUS, "Configured")
    assert configured.status == "False"
    assert configured.message.startswith(f"{field} is not honoured yet")
    assert [one.message for one in settled.waiting] == [configured.message]
    assert stage.condition(BUS, "Deployed").status == "False"


@pytest.mark.vectors
def test_event_buses_are_judged_as_upstream() -> None:
    """As far as upstream finds anything wrong; what it accepts may not be honoured."""
    found = [one for one in cases("validateEventBus") if one["case"].split()[0] in _RUN_BY_ARGO]
    wrong = []
    for case in found:
        problem = read_problem(event_bus(**case["in"]["spec"]))
        wrong.append(judge(case, problem.message if problem else None))
    report("validateEventBus", len(found), [one for one in wrong if one])


_RUN_BY_ARGO = ("empty", "jetstream")


def test_an_even_number_of_servers_is_refused() -> None:
    """They could not agree."""
    problem = read_problem(event_bus(jetstream={"version": "1", "replicas": 2}))
    assert problem is not None
    assert problem.message == "spec.jetstream.replicas must be 1 or at least 3, not 2"
