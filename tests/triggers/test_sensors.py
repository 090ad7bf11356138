"""Sensors: events that count start what they are to start, once, and nothing is half done."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.names import ENGINE, TRIGGERS_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.triggers.sensor_specification import read_sensor
from tests.triggers.objects import (
    NAMESPACE,
    SENSOR,
    WORKFLOW,
    dependency,
    event_bus,
    sensor,
    trigger,
)
from tests.triggers.stage import Stage
from tests.triggers.vectors import cases, judge, report

NAMED: Object = {**WORKFLOW, "metadata": {"name": "build", "namespace": NAMESPACE}}
BOTH = [dependency("push"), dependency("tag")]


def listening(stage: Stage, value: Object | None = None) -> None:
    """Apply a sensor and let it find its place on the bus."""
    stage.apply(value or sensor())
    stage.settle()


def test_an_event_starts_a_workflow_once(stage: Stage) -> None:
    """It carries Argo's labels, our label and what started it; again nothing is written."""
    listening(stage)
    stage.arrive("e1")
    stage.settle()
    (made,) = stage.workflows()
    metadata = made["metadata"]
    assert metadata["name"].startswith("build-")
    assert "generateName" not in metadata
    assert metadata["labels"] == {
        ENGINE: "native",
        "events.argoproj.io/action-timestamp": "1767323045000",
        "events.argoproj.io/sensor": "on-push",
        "events.argoproj.io/trigger": "build",
        "workflows.argoproj.io/controller-instanceid": "ruleengine",
    }
    assert stage.started_by() == ['{"push":"e1"}']
    before = stage.plane.api.writes[TRIGGERS_MANAGER]
    stage.settle()
    assert stage.plane.api.writes[TRIGGERS_MANAGER] == before
    assert [one.status for one in conditions(stage)] == ["True"] * 3


def conditions(stage: Stage) -> list:
    """Return the conditions of the sensor."""
    names = ("DependenciesProvided", "TriggersProvided", "Deployed")
    return [stage.condition(SENSOR, name) for name in names]


def test_every_event_starts_one_workflow_in_any_number_of_runs(stage: Stage) -> None:
    """Many at once, more than one answer holds, and one that came twice."""
    listening(stage)
    stage.arrive(*(f"e{number}" for number in range(150)), "e3")
    stage.settle()
    assert len(stage.workflows()) == 150
    stage.reopen()
    stage.arrive("e3", "last")
    stage.settle()
    assert len(stage.workflows()) == 151


def test_what_happened_before_a_sensor_was_there_starts_nothing(stage: Stage) -> None:
    """A new sensor is for what comes since it was created, also before it is first decided."""
    stage.arrive("before")
    stage.plane.advance(2)
    stage.apply(sensor())
    stage.arrive("early")
    stage.settle()
    assert stage.started_by() == ['{"push":"early"}']


def test_a_trigger_that_is_added_begins_with_the_next_event(stage: Stage) -> None:
    """What its sensor handled before is none of its business."""
    listening(stage)
    stage.arrive("e1")
    stage.settle()
    stage.apply(sensor(triggers=[trigger(), trigger("second")]))
    stage.settle()
    assert len(stage.workflows()) == 1
    stage.arrive("e2")
    stage.settle()
    assert len(stage.workflows()) == 3


def test_a_sensor_says_what_it_waits_for(stage: Stage) -> None:
    """That counts as settled."""
    listening(stage)
    settled = stage.settle()
    assert [one.message for one in settled.waiting] == ["waiting for events of on-push/push"]
    stage.arrive("after")
    stage.settle()
    assert stage.started_by() == ['{"push":"after"}']


def test_what_happens_while_nobody_looks_is_not_lost(stage: Stage) -> None:
    """The sensor goes on where it stood, in another process, too."""
    listening(stage)
    stage.arrive("e1")
    stage.reopen()
    stage.arrive("e2")
    stage.settle()
    assert stage.started_by() == ['{"push":"e1"}', '{"push":"e2"}']


def test_events_of_several_dependencies_are_kept_until_all_have_happened(stage: Stage) -> None:
    """Over any number of processes; the newest of each counts."""
    listening(stage, sensor(BOTH))
    stage.arrive("p1", "p2")
    stage.settle()
    stage.reopen()
    stage.arrive("t1", subject="tag")
    stage.settle()
    stage.arrive("t2", subject="tag")
    stage.settle()
    assert stage.started_by() == ['{"push":"p2","tag":"t1"}']
    stage.arrive("p3")
    stage.settle()
    assert stage.started_by()[1:] == ['{"push":"p3","tag":"t2"}']


def test_triggers_of_one_sensor_go_on_by_themselves(stage: Stage) -> None:
    """Each has its own conditions and keeps its own events."""
    alone = trigger("alone", conditions="push")
    together = trigger("together", conditions="push && tag")
    listening(stage, sensor(BOTH, [alone, together]))
    stage.arrive("p1")
    stage.settle()
    assert stage.started_by() == ['{"push":"p1"}']
    stage.arrive("t1", subject="tag")
    stage.settle()
    assert stage.started_by() == ['{"push":"p1","tag":"t1"}', '{"push":"p1"}']


def test_events_that_do_not_pass_start_nothing(stage: Stage) -> None:
    """And no write is made for each of them."""
    listening(stage, sensor([dependency(filters={"context": {"type": "calendar"}})]))
    before = stage.plane.api.writes[TRIGGERS_MANAGER]
    stage.arrive(*(f"e{number}" for number in range(50)))
    stage.settle()
    assert stage.plane.api.writes[TRIGGERS_MANAGER] == before
    stage.arrive(*(f"f{number}" for number in range(50)))
    stage.settle()
    assert stage.plane.api.writes[TRIGGERS_MANAGER] == before + 1
    assert not stage.workflows()


def test_conditions_are_reset_at_their_times(stage: Stage) -> None:
    """What came before does not count any more, also where nobody was there at that time."""
    resets = [{"byTime": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}}]
    listening(stage, sensor(BOTH, [trigger(conditionsReset=resets)]))
    stage.arrive("p1")
    stage.settle()
    stage.plane.advance(2 * 3600)  # 05:04 in UTC is 06:04 in Berlin
    stage.reopen()
    stage.arrive("t1", subject="tag")
    stage.settle()
    assert not stage.workflows()
    stage.arrive("p2")
    stage.settle()
    assert stage.started_by() == ['{"push":"p2","tag":"t1"}']


def test_other_conditions_begin_anew_and_a_changed_dependency_too(stage: Stage) -> None:
    """What was gathered for something else is not used."""
    listening(stage, sensor(BOTH))
    stage.arrive("p1")
    stage.settle()
    changed = dependency("push", filters={"context": {"type": "webhook"}})
    stage.apply(sensor([changed, dependency("tag")]))
    stage.arrive("t1", subject="tag")
    stage.settle()
    assert not stage.workflows()
    stage.arrive("p2")
    stage.settle()
    assert stage.started_by() == ['{"push":"p2","tag":"t1"}']


def test_a_sensor_that_is_made_again_begins_anew(stage: Stage) -> None:
    """Its events in between were for nobody."""
    listening(stage)
    stage.client.delete(SENSOR)
    stage.arrive("between")
    stage.settle()
    stage.plane.advance(2)
    listening(stage)
    stage.arrive("after")
    stage.settle()
    assert stage.started_by() == ['{"push":"after"}']


def test_a_bus_that_was_begun_anew_is_read_from_its_beginning(stage: Stage) -> None:
    """Nothing of it was handled, whatever the record says of the other one."""
    listening(stage)
    stage.arrive("e1", "e2")
    stage.settle()
    stage.bus.close()
    for path in stage.folder.glob("bus.sqlite*"):
        path.unlink()
    stage.reopen()
    stage.arrive("new")
    stage.settle()
    assert len(stage.workflows()) == 3


def test_a_sensor_listens_to_the_bus_that_is_named(stage: Stage) -> None:
    """One that is not served is said."""
    listening(stage, sensor(eventBusName="other"))
    stage.arrive("e1")
    stage.settle()
    assert not stage.workflows()
    stage.apply(event_bus(kafka={"url": "kafka:9092"}), sensor(eventBusName="default"))
    settled = stage.settle()
    assert stage.condition(SENSOR, "Deployed").status == "False"
    assert "EventBus/shop/default: spec.kafka is not honoured yet" in str(settled.waiting)


def test_parameters_carry_an_event_into_the_workflow(stage: Stage) -> None:
    """As the short form writes them: by index into the arguments, whatever the data is."""
    resource = {
        **WORKFLOW,
        "spec": {
            **WORKFLOW["spec"],
            "arguments": {"parameters": [{"name": "revision", "value": ""}]},
        },
    }
    source = {"dependencyName": "push", "dataTemplate": "{{ .Input.body.after }}"}
    parameters = [{"src": source, "dest": "spec.arguments.parameters.0.value"}]
    submit = {"operation": "submit", "source": {"resource": resource}, "parameters": parameters}
    listening(stage, sensor(triggers=[trigger(argoWorkflow=submit)]))
    stage.arrive("e1", data='{"body": {"after": "abc\\"}}{{workflow.name}}"}}')
    stage.arrive("e2")
    stage.settle()
    (made,) = stage.workflows()
    assert made["spec"]["arguments"]["parameters"] == [
        {"name": "revision", "value": 'abc"}}{{workflow.name}}'}
    ]
    (happening,) = stage.happenings()
    assert "unable to resolve 'push' parameter value" in happening


def test_parameters_may_change_what_a_trigger_is(stage: Stage) -> None:
    """Those of the trigger change its template first, those of the kind the object then."""
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    source = {"dependencyName": "push", "dataKey": "body.n"}
    k8s = {"source": {"resource": value}, "parameters": [{"src": source, "dest": "data.x"}]}
    changed = [{"src": source, "dest": "k8s.source.resource.metadata.name", "operation": "append"}]
    wrong = [{"src": source, "dest": "k8s.operation"}]
    triggers = [
        {"template": {"name": "good", "k8s": k8s}, "parameters": changed},
        {"template": {"name": "bad", "k8s": k8s}, "parameters": wrong},
    ]
    listening(stage, sensor(triggers=triggers))
    stage.arrive("e1", data='{"body": {"n": 7}}')
    stage.settle()
    assert stage.get(Target("v1", "ConfigMap", NAMESPACE, "a7"))["data"] == {"x": "7"}
    (happening,) = stage.happenings()
    assert happening.endswith("k8s.operation: 7 is not honoured yet")


def test_events_are_filtered_by_their_data(stage: Stage) -> None:
    """Data, expressions and context together; an error is told once."""
    filters = {
        "data": [{"path": "body.ref", "type": "string", "value": ["^refs/heads/main$"]}],
        "exprs": [{"expr": "n > 1", "fields": [{"name": "n", "path": "body.n"}]}],
        "context": {"type": "webhook"},
    }
    listening(stage, sensor([dependency(filters=filters)]))
    stage.arrive("e1", data='{"body": {"ref": "refs/heads/main", "n": 2}}')
    stage.arrive("e2", data='{"body": {"ref": "refs/heads/other", "n": 2}}')
    stage.arrive("e3", data='{"body": {"ref": "refs/heads/main", "n": 1}}')
    stage.arrive("e4", "e5", data="{}")
    stage.settle()
    assert stage.started_by() == ['{"push":"e1"}']
    assert stage.happenings() == [
        "FilterFailed: the filters of push: expr filter error (path 'body.n' does not exist)"
    ]


def test_an_object_with_a_fixed_name_is_made_once(stage: Stage) -> None:
    """A later event finds it there already, which is said."""
    listening(stage, sensor(triggers=[trigger(resource=NAMED)]))
    stage.arrive("e1", "e2")
    stage.settle()
    assert stage.started_by() == ['{"push":"e1"}']
    assert stage.happenings() == [
        "TriggerFailed: build started nothing for push e2: Workflow/shop/build exists already"
    ]


def test_what_the_server_refuses_is_said_and_stops_nothing(stage: Stage) -> None:
    """The next event is handled; the refused one is not tried again and again."""
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 1}}
    bad = {**config_map, "metadata": {"generateName": "bad-"}}
    broken = trigger("broken", k8s={"operation": "create", "source": {"resource": bad}})
    del broken["template"]["argoWorkflow"]
    listening(stage, sensor(triggers=[broken, trigger()]))
    stage.arrive("e1", "e2")
    stage.settle()
    assert stage.started_by() == ['{"push":"e1"}', '{"push":"e2"}']
    assert len(stage.happenings()) == 2
    assert stage.happenings()[0].startswith("TriggerFailed: broken started nothing for push e1: ")
    before = stage.plane.api.writes[TRIGGERS_MANAGER]
    stage.settle()
    assert stage.plane.api.writes[TRIGGERS_MANAGER] == before


def test_any_object_can_be_created(stage: Stage) -> None:
    """In the sensor's namespace where it names none; one without a name is refused."""
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}}
    made = {"template": {"name": "make", "k8s": {"source": {"resource": value}}}}
    nameless = {
        "template": {"name": "nameless", "k8s": {"source": {"resource": {**value, "metadata": {}}}}}
    }
    listening(stage, sensor(triggers=[made, nameless]))
    stage.arrive("e1")
    stage.settle()
    found = stage.get(Target("v1", "ConfigMap", NAMESPACE, "made"))
    assert ENGINE not in found["metadata"]["labels"]
    (happening,) = stage.happenings()
    assert happening.startswith(
        "TriggerFailed: nameless started nothing for push e1: the object has"
    )


def test_an_object_may_be_written_as_a_text(stage: Stage) -> None:
    """As YAML in the source ``inline``."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\n"
    listening(
        stage,
        sensor(triggers=[{"template": {"name": "make", "k8s": {"source": {"inline": text}}}}]),
    )
    stage.arrive("e1")
    stage.settle()
    assert stage.get(Target("v1", "ConfigMap", NAMESPACE, "made"))


@pytest.mark.parametrize(
    ("kind", "operation"), [("argoWorkflow", "resubmit"), ("k8s", "patch"), ("k8s", "delete")]
)
def test_operations_that_are_not_honoured_are_said(stage: Stage, kind: str, operation: str) -> None:
    """The sensor is left alone; nothing is done by halves."""
    one = {"name": "a", kind: {"operation": operation, "source": {"resource": WORKFLOW}}}
    listening(stage, sensor(triggers=[{"template": one}]))
    message = stage.condition(SENSOR, "TriggersProvided").message
    assert f"spec.triggers[0].template.{kind}.operation: {operation} is not honoured yet" in message


UNSUPPORTED = {
    "spec.template": sensor(template={"serviceAccountName": "a"}),
    "spec.triggers[0].template.http": sensor(
        triggers=[{"template": {"name": "a", "http": {"url": "b"}}}]
    ),
    "spec.triggers[0].rateLimit": sensor(
        triggers=[{**trigger(), "rateLimit": {"requestsPerUnit": 1}}]
    ),
    "spec.triggers[0].template.argoWorkflow.args": sensor(
        triggers=[
            trigger(
                argoWorkflow={
                    "operation": "submit",
                    "args": ["a"],
                    "source": {"resource": WORKFLOW},
                }
            )
        ]
    ),
    "what a starts": sensor(triggers=[{"template": {"name": "a", "http": {}}}]),
    "what b starts": sensor(triggers=[{"template": {"name": "b", "k8s": {"source": {"git": {}}}}}]),
    "spec.dependencies[0].transform": sensor([dependency(transform={"jq": "."})]),
}


@pytest.mark.parametrize("field", UNSUPPORTED)
def test_a_field_that_is_not_honoured_leaves_the_sensor_alone(stage: Stage, field: str) -> None:
    """No event is handled, and the status names the field and the remedy."""
    stage.apply(UNSUPPORTED[field])
    settled = stage.settle()
    stage.arrive("e1")
    stage.settle()
    assert not stage.workflows()
    provided = "Dependencies" if "dependencies" in field else "Triggers"
    message = stage.condition(SENSOR, f"{provided}Provided").message
    assert message.startswith(f"{field} is not honoured yet; Leave the field out")
    assert stage.condition(SENSOR, "Deployed").status == "False"
    assert [one.message for one in settled.waiting] == [message]
    assert stage.settle().writes == 0


def test_a_sensor_on_its_way_out_starts_nothing(stage: Stage) -> None:
    """A finalizer of somebody else keeps it; events are not for it any more."""
    listening(stage)
    stage.client.merge_patch(SENSOR, {"metadata": {"finalizers": ["example.com/a"]}}, "user")
    stage.client.delete(SENSOR)
    stage.arrive("e1")
    stage.settle()
    assert not stage.workflows()


@pytest.mark.vectors
def test_sensors_are_judged_as_upstream() -> None:
    """With its own words behind the place; what is not honoured is left out."""
    wrong, count = [], 0
    for case in cases("validateSensor"):
        text = json.dumps({"dependencies": [], "triggers": [], **case["in"]["spec"]})
        spec = json.loads(_INLINE.sub(json.dumps({"resource": WORKFLOW}), text))
        reading = read_sensor(sensor(**spec))
        problem = reading.problem
        if problem is not None and "not honoured" in problem.message:
            continue
        if case["case"] in _STRICTER:
            wrong.append("" if problem else case["case"])
            continue
        count += 1
        wrong.append(judge(case, problem.message if problem else None, located=True))
    assert count > 8
    report("validateSensor", count, [one for one in wrong if one])


_INLINE = re.compile(r'\{"inline": "[^"]*"\}')
"""What the cases create is no object; here it has to be one."""

_STRICTER = {
    "condition naming an unknown dependency passes validation",
    "data unknown type passes validation",
    "k8s resource parameter index",
}
"""Upstream accepts it and then never fires, or looks at other fields first."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "template", "k8s", "source", "resource", "filters", "context", "time"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(["dependencies", "triggers", "eventBusName", "template"]), JSON)
def test_wrong_data_never_raises(field: str, value: object) -> None:
    """Whatever stands in a field: a specification or a problem."""
    reading = read_sensor(sensor(**{field: value}))
    assert (reading.specification is None) == (reading.problem is not None)


@given(JSON, JSON)
def test_wrong_data_inside_never_raises(one: object, other: object) -> None:
    """The same in a dependency and in a trigger."""
    spec = sensor([dependency(filters=one)], [trigger(argoWorkflow=other, conditions=one)])
    reading = read_sensor(spec)
    assert (reading.specification is None) == (reading.problem is not None)


def test_the_record_holds_no_data_of_events(stage: Stage) -> None:
    """Only where the sensor stands; the events stay on the bus."""
    listening(stage, sensor(BOTH))
    stage.arrive("p1", data='{"body": "quite a long text"}')
    stage.settle()
    secrets = stage.client.list("v1", "Secret", namespace="ruleengine").items
    (record,) = [one for one in secrets if one["type"] == "ruleengine.dev/record"]
    assert len(lookup(record, "data", "record")) < 700
