"""EventSources: what is received where, said in the status; and their Services."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.names import TRIGGERS_MANAGER
from ruleengine.model.values import Object
from ruleengine.triggers.source_specification import LARGEST_PAYLOAD, read_source
from tests.triggers.objects import (
    NAMESPACE,
    SENSOR,
    SOURCE,
    WEBHOOK,
    event_bus,
    event_source,
    sensor,
)
from tests.triggers.stage import Stage
from tests.triggers.vectors import cases, judge, report

SERVICE = Target("v1", "Service", NAMESPACE, "on-push-eventsource-svc")
SECRET: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "hook", "namespace": NAMESPACE},
    "data": {"token": base64.b64encode(b"s3cret\n").decode()},
}


def webhook(**fields: object) -> Object:
    """Return an EventSource whose webhook has other fields."""
    return event_source(webhook={"push": {**WEBHOOK, **fields}})


def test_a_webhook_is_received_and_the_status_says_where(stage: Stage) -> None:
    """As Argo says it; and again it writes nothing."""
    stage.apply(webhook(metadata={"team": "shop"}, maxPayloadSize=10, url="https://example.com"))
    stage.settle()
    assert stage.condition(SOURCE, "SourcesProvided").status == "True"
    deployed = stage.condition(SOURCE, "Deployed")
    assert (deployed.status, deployed.reason) == ("True", "Receiving")
    assert deployed.message == "push at http://127.0.0.1:12000/push"
    assert stage.doorman is not None
    (route,) = stage.doorman.asked[0].routes
    assert (route.metadata, route.largest, stage.doorman.asked[0].bus) == (
        {"team": "shop"},
        10,
        "shop/default",
    )
    assert stage.settle().writes == 0


def test_a_run_that_only_applies_says_who_receives(stage: Stage) -> None:
    """What another run has said about the addresses stays."""
    stage.doorman = None
    stage.apply(event_source())
    settled = stage.settle()
    assert [one.message for one in settled.waiting] == [
        "its events are received while `ruleengine run` runs"
    ]
    assert stage.condition(SOURCE, "SourcesProvided").status == "True"
    assert stage.settle().writes == 0


def test_a_port_that_cannot_be_opened_is_said(stage: Stage) -> None:
    """The other events of the object are received."""
    assert stage.doorman is not None
    stage.doorman.refusals = {"tag": "port 12001 cannot be opened"}
    stage.apply(event_source(webhook={"push": WEBHOOK, "tag": {**WEBHOOK, "port": "12001"}}))
    settled = stage.settle()
    deployed = stage.condition(SOURCE, "Deployed")
    assert (deployed.status, deployed.message) == ("False", "tag: port 12001 cannot be opened")
    assert [one.message for one in settled.waiting] == ["tag: port 12001 cannot be opened"]
    stage.doorman.refusals = {}
    stage.settle()
    assert stage.condition(SOURCE, "Deployed").status == "True"


def test_a_bus_that_does_not_answer_is_said(stage: Stage) -> None:
    """By the event source that cannot store, and by the sensor that cannot read."""
    assert stage.doorman is not None
    stage.doorman.problem = ("events cannot be stored", "the disk is full; free space")
    stage.apply(event_source(), sensor())
    (stage.folder / "bus.sqlite").write_bytes(b"this is no database" * 100)
    settled = stage.settle()
    deployed = stage.condition(SOURCE, "Deployed")
    assert deployed.message == "events cannot be stored; the disk is full; free space"
    deployed = stage.condition(SENSOR, "Deployed")
    assert (deployed.status, "restore a backup" in deployed.message) == ("False", True)
    assert deployed.message in [one.message for one in settled.waiting]


def test_what_nobody_wants_any_more_is_closed(stage: Stage) -> None:
    """With the object its ports go."""
    stage.apply(event_source())
    stage.settle()
    stage.apply(webhook(endpoint="/other"))
    stage.settle()
    assert stage.doorman is not None
    assert [one.routes[0].endpoint for one in stage.doorman.asked] == ["/push", "/other"]


def test_a_token_is_named_and_never_shown(stage: Stage) -> None:
    """Another Secret is another request; the token itself is in none of them."""
    stage.apply(webhook(authSecret={"name": "hook", "key": "token"}))
    stage.settle()
    deployed = stage.condition(SOURCE, "Deployed")
    assert deployed.message == "push refuses every request until Secret/shop/hook exists"
    stage.apply(SECRET)
    stage.settle()
    assert stage.condition(SOURCE, "Deployed").status == "True"
    assert stage.doorman is not None
    first, second = stage.doorman.asked
    assert first.request.key != second.request.key
    assert "s3cret" not in str(second.request)


def test_the_service_is_that_of_argo_events(stage: Stage) -> None:
    """With its name, selector and ports; it goes when no port is asked for any more."""
    ports = [{"name": "hook", "port": 12000, "targetPort": 12000}]
    service = {"ports": ports, "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}
    stage.apply(event_source(webhook={"push": WEBHOOK}, service=service))
    stage.settle()
    found = stage.get(SERVICE)
    selector = {
        "controller": "eventsource-controller",
        "eventsource-name": "on-push",
        "owner-name": "on-push",
    }
    assert found["spec"]["selector"] == selector
    assert found["metadata"]["labels"] == {"a": "b", **selector}
    assert found["metadata"]["annotations"] == {"c": "d"}
    assert found["spec"]["ports"] == [{**ports[0], "protocol": "TCP"}]
    before = stage.plane.api.writes[TRIGGERS_MANAGER]
    stage.settle()
    assert stage.plane.api.writes[TRIGGERS_MANAGER] == before
    stage.client.delete(SOURCE)
    stage.apply(event_source())
    stage.settle()
    assert stage.client.get(SERVICE) is None


def test_a_service_that_is_not_asked_for_any_more_goes(stage: Stage) -> None:
    """One that somebody else made under its name stays."""
    service = {"ports": [{"port": 12000}]}
    stage.apply(event_source(webhook={"push": WEBHOOK}, service=service))
    stage.settle()
    stage.client.merge_patch(SOURCE, {"spec": {"service": None}}, "user")
    stage.settle()
    assert stage.client.get(SERVICE) is None
    metadata = {"name": SERVICE.name, "namespace": NAMESPACE}
    others = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
    stage.apply({**others, "spec": {"ports": [{"port": 1}]}})
    stage.settle()
    assert stage.client.get(SERVICE) is not None


def test_events_go_to_the_bus_that_is_named(stage: Stage) -> None:
    """A bus that is not served is said, and nothing is received."""
    stage.apply(event_source(webhook={"push": WEBHOOK}, eventBusName="other"))
    stage.settle()
    assert stage.doorman is not None
    assert stage.doorman.asked[0].bus == "shop/other"
    stage.apply(event_source("second"), event_bus(kafka={"url": "kafka:9092"}))
    stage.settle()
    second = Target(SOURCE.api_version, "EventSource", NAMESPACE, "second")
    deployed = stage.condition(second, "Deployed")
    assert deployed.status == "False"
    assert deployed.message.startswith("EventBus/shop/default: spec.kafka is not honoured yet")


UNSUPPORTED = {
    "spec.template": {"webhook": {"push": WEBHOOK}, "template": {"serviceAccountName": "a"}},
    "spec.replicas": {"webhook": {"push": WEBHOOK}, "replicas": 2},
    "spec.calendar": {"calendar": {"nightly": {"schedule": "0 0 * * *"}}},
    "spec.webhook.push.serverCertSecret": {
        "webhook": {"push": {**WEBHOOK, "serverCertSecret": {"name": "a", "key": "b"}}}
    },
}


@pytest.mark.parametrize("field", UNSUPPORTED)
def test_a_field_that_is_not_honoured_leaves_the_event_source_alone(
    stage: Stage, field: str
) -> None:
    """Nothing is received, and the status names the field and the remedy."""
    stage.apply(event_source(**UNSUPPORTED[field]))
    settled = stage.settle()
    provided = stage.condition(SOURCE, "SourcesProvided")
    assert (provided.status, provided.reason) == ("False", "InvalidSpec")
    assert provided.message.startswith(f"{field} is not honoured yet; Leave the field out")
    assert stage.condition(SOURCE, "Deployed").status == "False"
    assert [one.message for one in settled.waiting] == [provided.message]
    assert stage.doorman is not None
    assert not stage.doorman.asked
    assert stage.settle().writes == 0


def test_a_spec_that_is_mended_is_served(stage: Stage) -> None:
    """What was said about the wrong one does not stay."""
    stage.apply(webhook(port="x"))
    stage.settle()
    assert "must be the number of a port" in stage.condition(SOURCE, "SourcesProvided").message
    stage.apply(webhook())
    stage.settle()
    assert stage.condition(SOURCE, "SourcesProvided").status == "True"
    assert stage.condition(SOURCE, "Deployed").status == "True"


def test_a_filter_that_is_no_expression_is_said(stage: Stage) -> None:
    """Upstream would drop every event and acknowledge it."""
    for expression in ("body.x ==", ""):
        stage.apply(webhook(filter={"expression": expression}))
        stage.settle()
        message = stage.condition(SOURCE, "SourcesProvided").message
        assert message.startswith("spec.webhook.push.filter.expression: ")
    stage.apply(webhook(filter={"expression": "body.x == 1"}))
    stage.settle()
    assert stage.doorman is not None
    assert stage.doorman.asked[0].routes[0].filter == "body.x == 1"


@pytest.mark.vectors
def test_webhooks_are_judged_as_upstream() -> None:
    """With its own words, where it has any; its parser's words about a port are mended."""
    found = [
        one
        for one in cases("validateEventSource")
        if "webhook" in one["in"]["spec"] and one["case"] != "webhook bad port"
    ]
    wrong = []
    for case in found:
        problems = read_source(event_source(**case["in"]["spec"])).problems
        message = problems[0].message if problems else None
        wrong.append(judge(case, message, located=True))
    report("validateEventSource", len(found), [one for one in wrong if one])


def test_a_webhook_has_argos_defaults() -> None:
    """An endpoint begins with a slash, a method is written in any case."""
    reading = read_source(webhook(endpoint="push", method="post"))
    assert reading.specification is not None
    (route,) = reading.specification.routes
    assert (route.endpoint, route.method, route.largest) == ("/push", "POST", LARGEST_PAYLOAD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WEBHOOK, "push", "authSecret", "name", "key"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from(["webhook", "service", "eventBusName", "template", "calendar"]), JSON)
def test_wrong_data_never_raises(field: str, value: object) -> None:
    """Whatever stands in a field: a specification or problems."""
    reading = read_source(event_source(**{"webhook": {"push": WEBHOOK}, field: value}))
    assert (reading.specification is None) == bool(reading.problems)


@given(st.sampled_from([*WEBHOOK, "authSecret", "metadata", "maxPayloadSize", "filter"]), JSON)
def test_wrong_data_in_a_webhook_never_raises(field: str, value: object) -> None:
    """The same one level deeper."""
    reading = read_source(webhook(**{field: value}))
    assert (reading.specification is None) == bool(reading.problems)
