"""Metrics of workflows and templates: what is told, when, and what is wrong with them."""

from datetime import timedelta

import pytest

from ruleengine.model.decisions import Answer, Request
from ruleengine.model.values import Object
from ruleengine.pipelines.metering import LIVE_METRICS, METRICS
from tests.pipelines.worlds import End, Script, succeed, world_of

SPEC = """
entrypoint: main
arguments: {parameters: [{name: team, value: shop}]}
templates:
- name: main
  inputs: {parameters: [{name: team}]}
  outputs: {parameters: [{name: size, valueFrom: {path: /size}}]}
  metrics:
    prometheus:
    - METRIC
  container: {image: alpine, command: [work]}
"""

COUNTER = (
    "{name: runs, help: Runs., labels: [{key: team, value: '{{inputs.parameters.team}}'}, "
    "{key: status, value: '{{status}}'}], counter: {value: '1'}}"
)


class Telling:
    """A world that keeps what is told, as a performer would."""

    def __init__(self, spec: str, script: Script = succeed, *others: Object) -> None:
        self.world = world_of(spec, script, *others)
        self.told: dict[str, list[Object]] = {}
        self.live: list[Request] = []

    def turn(self) -> None:
        """Decide once."""
        decision = self.world.turn()
        self.live = [one for one in decision.requests if one.kind == LIVE_METRICS]
        for one in decision.requests:
            assert one.standing
            if one.kind == METRICS:
                assert one.payload["of"] not in self.told, "told twice"
                self.told[str(one.payload["of"])] = list(one.payload["metrics"])

    def run(self, turns: int = 40) -> "Telling":
        """Decide until the workflow is over."""
        for _ in range(turns):
            self.turn()
            self.world.run_pods()
            self.world.now += timedelta(seconds=1)
            if self.world.status("finishedAt"):
                self.turn()
                return self
        raise AssertionError("not over")

    def metrics(self) -> list[Object]:
        """Return everything that was told."""
        return [one for all_of_one in self.told.values() for one in all_of_one]

    def condition(self) -> str:
        """Return what the condition says is wrong with metrics."""
        found = [one for one in self.world.status("conditions") if one["type"] == "MetricsError"]
        return str(found[0]["message"]) if found else ""


def told(metric: str, script: Script = succeed) -> Telling:
    """Return what the one node of a workflow told."""
    return Telling(SPEC.replace("METRIC", metric), script).run()


def test_a_counter_is_told_once_when_its_node_has_ended() -> None:
    """With what its tags say by then."""
    found = told(COUNTER)
    assert found.metrics() == [
        {
            "name": "runs",
            "help": "Runs.",
            "kind": "counter",
            "labels": {"team": "shop", "status": "Succeeded"},
            "value": 1.0,
        }
    ]
    assert list(found.told) == ["workflow-uid/wf/0"]
    assert found.condition() == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{duration}}", 5.0),
        ("{{outputs.parameters.size}}", 42.0),
        ("{{outputs.result}}", 8.0),
        ("{{resourcesDuration.memory}}", 4.0),
        ("{{exitCode}}", 0.0),
        ("{{retries}}", 0.0),
        ("{{=asInt(outputs.parameters.size) * 2}}", 84.0),
        ("3.5", 3.5),
    ],
)
def test_values_are_numbers_tags_and_expressions(value: str, expected: float) -> None:
    """Of the node, its inputs and what it made."""
    metric = f"{{name: one, help: One., gauge: {{value: '{value}'}}}}"
    found = told(metric, lambda *_: End(seconds=4, parameters={"size": "42"}, result="8"))
    (one,) = found.metrics()
    assert (one["kind"], one["operation"], one["value"]) == ("gauge", "Set", expected)


@pytest.mark.parametrize("operation", ["Set", "Add", "Sub"])
def test_a_gauge_says_how_its_value_counts(operation: str) -> None:
    """It is set, grows or shrinks."""
    metric = f"{{name: one, help: One., gauge: {{value: '2', operation: {operation}}}}}"
    (one,) = told(metric).metrics()
    assert one["operation"] == operation


def test_a_histogram_has_buckets() -> None:
    """In their order, each once."""
    metric = "{name: one, help: One., histogram: {value: '{{duration}}', buckets: [10, 2.5, 10]}}"
    (one,) = told(metric).metrics()
    assert (one["kind"], one["buckets"]) == ("histogram", [2.5, 10.0])


def test_what_a_metric_asks_for_decides_whether_it_is_told() -> None:
    """A failure is counted where one failed."""
    failures = COUNTER.replace("name: runs", "name: failures, when: '{{status}} == Failed'")
    assert told(failures).told == {}
    (one,) = told(failures, lambda *_: End(code=1)).metrics()
    assert one["labels"]["status"] == "Failed"


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (COUNTER.replace("name: runs", "name: a-b"), "letters, digits and underscores"),
        (COUNTER.replace("help: Runs.", "help: ''"), "has no help"),
        (COUNTER.replace("key: team", "key: 1st"), "the label '1st' is none"),
        (COUNTER.replace("'1'", "'many'"), 'its value "many" is no number'),
        (COUNTER.replace("'1'", "'NaN'"), "no number that could be told"),
        (COUNTER.replace("'1'", "'-1'"), "a counter only grows"),
        (COUNTER.replace("'1'", "'{{outputs.parameters.none}}'"), "no value for {{outputs."),
        (COUNTER.replace("'1'", "'{{=nope(}}'"), "metric 'runs'"),
        (COUNTER.replace("counter: {value: '1'}", "when: 'a b'"), "invalid 'when'"),
        (COUNTER.replace("counter: {value: '1'}", "x: 1"), "one of gauge, counter, histogram"),
        ("{name: a, help: A., histogram: {value: '1', buckets: []}}", "needs buckets"),
        ("{name: a, help: A., gauge: {value: '1', operation: Mul}}", "none of Set, Add, Sub"),
        ("{name: a, help: A., gauge: {value: '1', realtime: true}}", "only a duration"),
    ],
)
def test_a_wrong_metric_is_a_condition_and_changes_nothing_else(metric: str, message: str) -> None:
    """The workflow ends as it would without it."""
    found = told(metric)
    assert message in found.condition()
    assert found.world.status("phase") == "Succeeded"
    assert found.metrics() == []


def test_every_attempt_is_told_the_last_by_the_node_that_retries() -> None:
    """So that failures in between are counted, and nothing twice."""
    spec = SPEC.replace("METRIC", COUNTER).replace(
        "  container:", "  retryStrategy: {limit: 5}\n  container:"
    )
    found = Telling(spec, lambda name, _: End(code=int("(2)" not in name))).run()
    assert [one["labels"]["status"] for one in found.metrics()] == ["Failed", "Failed", "Succeeded"]
    assert len(found.told) == 3
    retries = spec.replace("'1'", "'{{retries}}'")
    found = Telling(retries, lambda name, _: End(code=int("(2)" not in name))).run()
    assert [one["value"] for one in found.metrics()] == [0.0, 0.0, 2.0]


def test_an_attempt_lasted_until_its_own_end() -> None:
    """It is told when the next one begins, which waited for its time."""
    metric = "{name: took, help: T., gauge: {value: '{{duration}}'}}"
    retry = "  retryStrategy: {limit: 1, backoff: {duration: 20s}}\n  container:"
    spec = SPEC.replace("METRIC", metric).replace("  container:", retry)
    first, _ = Telling(spec, lambda name, _: End(code=int("(0)" in name))).run().metrics()
    assert first["value"] < 5


def test_who_tries_again_tells_what_became_of_its_last_attempt() -> None:
    """Hooks are no attempts."""
    labels = "[{key: code, value: '{{exitCode}}'}, {key: retries, value: '{{retries}}'}]"
    spec = f"""
entrypoint: main
templates:
- name: main
  steps:
  - - name: a
      template: flaky
      hooks: {{running: {{template: hook, expression: "steps.a.status == 'Running'"}}}}
- name: flaky
  retryStrategy: {{limit: 1}}
  metrics: {{prometheus: [{{name: ends, help: E., labels: {labels}, counter: {{value: "1"}}}}]}}
  container: {{image: alpine, command: [work]}}
- {{name: hook, container: {{image: alpine, command: [hook]}}}}
"""
    codes = {"(0)": 3, "(1)": 4}
    found = Telling(spec, lambda name, _: End(code=codes.get(name[-3:], 0))).run()
    assert [one["labels"] for one in found.metrics()] == [
        {"code": "3", "retries": "0"},
        {"code": "4", "retries": "1"},
    ]


@pytest.mark.parametrize("kind", ["container", "containerSet"])
def test_items_tell_what_their_template_states_and_what_holds_them_does_not(kind: str) -> None:
    """Nor do the containers of a set, nor the loop that has none."""
    made = "{image: alpine, command: [work]}"
    made = made if kind == "container" else f"{{containers: [{{name: main, {made[1:]}]}}"
    spec = f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: a, template: work, withItems: [1, 2]}}
    - {{name: b, template: work, withItems: []}}
- name: work
  metrics: {{prometheus: [{{name: runs, help: R., counter: {{value: "1"}}}}]}}
  {kind}: {made}
"""
    found = Telling(spec).run()
    assert found.world.status("phase") == "Succeeded"
    assert len(found.metrics()) == 2


def test_metrics_know_the_workflow_and_the_node_that_they_are_of() -> None:
    """As all that its template states."""
    tags = ("workflow.name", "workflow.parameters.team", "node.name", "pod.name")
    labels = ", ".join(f"{{key: l{n}, value: '{{{{{tag}}}}}'}}" for n, tag in enumerate(tags))
    found = told(COUNTER.replace("labels: [", f"labels: [{labels}, "))
    (one,), (pod,) = found.metrics(), found.world.pods()
    assert [one["labels"][f"l{n}"] for n in range(4)] == [
        "wf",
        "shop",
        "wf",
        pod["metadata"]["name"],
    ]


def test_nodes_that_did_not_run_tell_nothing() -> None:
    """Skipped by their condition, or never begun."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: work, when: "false"}
- name: work
  metrics: {prometheus: [{name: runs, help: Runs., counter: {value: "1"}}]}
  container: {image: alpine, command: [work]}
"""
    assert Telling(spec).run().metrics() == []


@pytest.mark.parametrize("retried", [False, True])
def test_a_daemon_tells_once_when_it_is_ready(*, retried: bool) -> None:
    """It runs then, as in Argo; its end is nothing new."""
    spec = """
entrypoint: main
templates:
- name: main
  steps: [[{name: serve, template: serve}], [{name: ask, template: work}]]
- name: serve
  daemon: true
  RETRIED
  metrics:
    prometheus:
    - {name: runs, help: R., labels: [{key: s, value: "{{status}}"}], counter: {value: "1"}}
  container: {image: alpine, command: [serve]}
- {name: work, container: {image: alpine, command: [work]}}
"""
    strategy = "retryStrategy: {limit: 1}" if retried else "timeout: 1h"
    found = Telling(
        spec.replace("RETRIED", strategy),
        lambda name, _: None if "serve" in name else End(seconds=5),
    )
    for _ in range(40):
        found.turn()
        found.world.run_pods()
        for pod in found.world.pods():
            if pod["status"]["phase"] == "Running":
                ready = {**pod["status"], "containerStatuses": [{"name": "main", "ready": True}]}
                found.world.put({**pod, "status": ready})
        if found.world.status("finishedAt"):
            break
        found.world.now += timedelta(seconds=1)
    assert found.world.status("phase") == "Succeeded"
    assert [one["labels"] for one in found.metrics()] == [{"s": "Running"}]


def test_nodes_that_are_stopped_tell_too() -> None:
    """What runs is ended, and counted as failed; tasks of a DAG as any other."""
    spec = """
entrypoint: main
templates:
- name: main
  dag: {tasks: [{name: a, template: work}, {name: b, template: work, dependencies: [a]}]}
- name: work
  metrics:
    prometheus:
    - {name: runs, help: R., labels: [{key: s, value: "{{status}}"}], counter: {value: "1"}}
  container: {image: alpine, command: [work]}
"""
    found = Telling(spec, lambda *_: None)
    for _ in range(3):
        found.turn()
        found.world.run_pods()
    found.world.change({"spec": {"shutdown": "Terminate"}})
    found.run()
    assert [one["labels"] for one in found.metrics()] == [{"s": "Failed"}]


def test_a_workflow_tells_its_own_at_its_end() -> None:
    """How it ended and how long it took; exit handlers are over by then."""
    spec = """
entrypoint: main
onExit: main
metrics:
  prometheus:
  - {name: took, help: Took., gauge: {value: "{{workflow.duration}}"}}
  - {name: ends, help: E., labels: [{key: s, value: "{{workflow.status}}"}], counter: {value: "1"}}
templates:
- {name: main, container: {image: alpine, command: [work]}}
"""
    found = Telling(spec, lambda *_: End(seconds=3)).run()
    (of,) = found.told
    assert of == "workflow-uid//0"
    took, ends = found.metrics()
    assert took["value"] > 6
    assert ends["labels"] == {"s": "Succeeded"}


@pytest.mark.parametrize(
    ("failing", "phase"), [("", "Failed"), (".onExit", "Failed"), ("nothing", "Succeeded")]
)
def test_a_workflow_is_told_as_what_it_came_to(failing: str, phase: str) -> None:
    """An exit handler that failed counts."""
    spec = """
entrypoint: work
onExit: work
metrics:
  prometheus:
  - name: ends
    help: E.
    labels: [{key: a, value: "{{status}}"}, {key: b, value: "{{workflow.status}}"}]
    counter: {value: "1"}
templates:
- {name: work, container: {image: alpine, command: [work]}}
"""
    found = Telling(spec, lambda name, _: End(code=int(name == failing))).run()
    assert found.world.status("phase") == phase
    assert [one["labels"] for one in found.metrics()] == [{"a": phase, "b": phase}]


def test_gauges_in_real_time_are_shown_while_what_states_them_runs() -> None:
    """Since when it runs is told: whoever shows it works out how long that is."""
    live = "{name: running, help: R., gauge: {realtime: true, value: '{{VALUE}}'}}"
    spec = SPEC.replace("METRIC", live.replace("VALUE", "duration")).replace(
        "templates:\n",
        f"metrics: {{prometheus: [{live.replace('VALUE', 'workflow.duration')}]}}\ntemplates:\n",
        1,
    )
    found = Telling(spec, lambda *_: End(seconds=3))
    found.turn()
    node, workflow = found.live
    started = found.world.status("startedAt")
    shown = {"name": "running", "help": "R.", "labels": {}, "since": started}
    assert [node.payload["metrics"], workflow.payload["metrics"]] == [[shown], [shown]]
    assert node.payload["of"] != workflow.payload["of"]
    found.run()
    assert found.live == []
    assert found.metrics() == []


@pytest.mark.parametrize(("wanted", "times"), [("0", 1), ("1", 0)])
def test_what_a_gauge_in_real_time_asks_for_decides_whether_it_is_shown(
    wanted: str, times: int
) -> None:
    """Which attempt it is of, say."""
    live = (
        f"{{name: running, help: R., when: '{{{{retries}}}} == {wanted}', "
        "labels: [{key: of, value: '{{retries}}'}], gauge: {realtime: true, value: '{{duration}}'}}"
    )
    retry = "  retryStrategy: {limit: 1}\n  container:"
    found = Telling(SPEC.replace("METRIC", live).replace("  container:", retry))
    found.turn()
    listed = [one for request in found.live for one in request.payload["metrics"]]
    assert [one["labels"] for one in listed] == [{"of": "0"}] * times
    assert found.condition() == ""  # as what tries it again was not asked


def test_what_was_told_before_a_crash_is_told_again_under_the_same_name() -> None:
    """Whoever keeps it knows by that name that it was told."""
    spec = SPEC.replace("METRIC", COUNTER)
    found = Telling(spec)
    seen = []
    for _ in range(6):
        decision = found.world.decide()
        told = [str(one.payload["of"]) for one in decision.requests]
        seen += told
        found.world.turn(0 if told and len(seen) < 3 else None)
        found.world.run_pods()
        found.world.now += timedelta(seconds=1)
    assert seen == ["workflow-uid/wf/0"] * 3


def test_an_answer_is_never_waited_for() -> None:
    """A store that fails costs a metric, no workflow."""
    found = Telling(SPEC.replace("METRIC", COUNTER))
    found.world.answers = _Failing()
    found.run()
    assert found.world.status("phase") == "Succeeded"


class _Failing(dict[str, Answer]):
    def get(self, key: str, default: object = None) -> Answer:  # type: ignore[override]
        del key, default
        return Answer(error="full", remedy="free space")
