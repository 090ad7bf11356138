"""What simulated steps make, how long they live, and what nobody said of them."""

from pathlib import Path

import pytest

from ruleengine.app.pod_faults import parse_fault
from ruleengine.app.pod_outcomes import parse_outcome
from ruleengine.app.simulating import Simulation
from ruleengine.app.timeline import What
from tests.app.test_simulating import run
from tests.validation.config_repos import make_repo

HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build, namespace: ruleengine}
spec:
  entrypoint: main
  templates:
  - name: take
    inputs: {parameters: [{name: word}]}
    container: {image: alpine, command: [echo, "{{inputs.parameters.word}}"]}
"""
MADE = """\
  - name: make
    outputs:
      artifacts: [{name: file, path: /file}]
      parameters:
      - {name: kept, valueFrom: {path: /kept, default: usual}}
      - {name: told, globalName: everywhere, valueFrom: {path: /told}}
    container: {image: alpine, command: [make]}
  - name: load
    inputs: {artifacts: [{name: file, path: /file}]}
    container: {image: alpine, command: [cat, /file]}
  - name: main
    steps:
    - - {name: make, template: make}
    - - name: load
        template: load
        arguments: {artifacts: [{name: file, from: "{{steps.make.outputs.artifacts.file}}"}]}
      - name: take
        template: take
        arguments: {parameters: [{name: word, value: "{{steps.make.outputs.parameters.kept}}"}]}
      - name: all
        template: take
        arguments:
          parameters: [{name: word, value: "{{workflow.outputs.parameters.everywhere}}"}]
"""
RESULT = """\
  - name: main
    steps:
    - - {name: make, inline: {container: {image: alpine, command: [date]}}}
    - - name: take
        template: take
        arguments: {parameters: [{name: word, value: "{{steps.make.outputs.result}}"}]}
"""
DAEMON = """\
  - name: server
    daemon: true
    container: {image: nginx, command: [nginx]}
  - name: main
    steps:
    - - {name: server, template: server}
    - - name: take
        template: take
        arguments: {parameters: [{name: word, value: "{{steps.server.ip}}"}]}
"""
SLOW = """\
  - name: main
    activeDeadlineSeconds: 10
    container: {image: alpine, command: [sleep]}
"""
LOOP = """\
  - {name: main, steps: [[{name: a, template: work, withSequence: {count: 3}}]]}
  - {name: work, container: {image: alpine, command: [work]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap, namespace: ruleengine}
data: {resourceRateLimit: "{limit: 0.1, burst: 1}"}
"""
WRONG = """\
  - name: main
    dag: {tasks: [{name: one, template: work}, {name: two, template: none, depends: one}]}
  - {name: work, retryStrategy: {limit: 0}, container: {image: alpine, command: [work]}}
  - name: none
    inputs: {parameters: [{name: p, valueFrom: {configMapKeyRef: {name: gone, key: k}}}]}
    container: {image: alpine, command: [work]}
"""


def simulated(tmp_path: Path, templates: str, *outcomes: str) -> Simulation:
    """Return what becomes of a workflow whose steps come to what is said."""
    repo = make_repo(tmp_path, {"pipelines/build.yaml": HEAD + templates})
    return run(repo, outcomes=tuple(map(parse_outcome, outcomes)))


def pods(simulation: Simulation) -> list[str]:
    """Return what the pods came to, each with the seconds after which it did."""
    moments = [one for one in simulation.moments if one.what is What.POD]
    return [f"+{one.at.total_seconds():.0f}s {one.text}" for one in moments]


def test_a_step_that_succeeded_left_its_artifacts_and_its_defaults(tmp_path: Path) -> None:
    """What was told of a parameter goes where its template says, to the whole workflow here."""
    outcome = 'make={"parameters": {"told": "word"}}'
    simulation = simulated(tmp_path, MADE, outcome, "*=succeeded")
    assert not simulation.failed
    assert pods(simulation) == [
        "+1s Succeeded, as --outcome says (exit code 0)",
        *["+2s Succeeded, as --outcome says (exit code 0)"] * 3,
    ]


def test_steps_that_failed_say_why_and_not_by_an_id_alone(tmp_path: Path) -> None:
    """Argo's message names a node by its id; what went wrong in it is told in its place."""
    simulation = simulated(tmp_path, MADE, "make=failed", "*=succeeded")
    (bad,) = simulation.bad
    assert bad.message.startswith("Failed: make: ")
    assert "child '" not in bad.message


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("failed", "Failed: one(0): main: Error (exit code 1)"),
        ("succeeded", "Error: two: task 'build.two' errored: unable to retrieve inputs."),
    ],
)
def test_a_workflow_that_says_nothing_is_told_with_what_went_wrong_in_it(
    tmp_path: Path, end: str, told: str
) -> None:
    """A DAG has no message of its own, however it ended."""
    (bad,) = simulated(tmp_path, WRONG, f"*={end}").bad
    assert bad.message.startswith(told)


def test_what_came_to_nothing_is_told(tmp_path: Path) -> None:
    """A slip in a name would else change nothing, and nobody would know."""
    repo = make_repo(tmp_path, {"pipelines/build.yaml": HEAD + MADE})
    words = ("make=failed", "mkae=failed", "*=succeeded")
    faults = (parse_fault("crash=none"), parse_fault("slow=alpine"))
    asked = {"outcomes": tuple(map(parse_outcome, words)), "faults": faults}
    simulation = run(repo, **asked, answers={"qurey": 1})
    said = [one.text for one in simulation.moments if one.what is What.PERSON]
    assert said == [
        "--fault crash=none: no pod was of that name or image",
        "--outcome mkae: no pod was of that name or image",
        "--answer qurey: nothing asked for it",
    ]


def test_a_step_that_failed_left_nothing(tmp_path: Path) -> None:
    """So there is nothing of which an outcome ought to speak."""
    simulation = simulated(tmp_path, MADE, "make=failed", "*=succeeded")
    assert simulation.failed
    assert pods(simulation) == ["+1s Failed, as --outcome says (exit code 1)"]


@pytest.mark.parametrize(
    ("templates", "what"),
    [(RESULT, "its result"), (MADE, "its output parameter 'told'")],
)
def test_what_an_outcome_does_not_tell_is_named(tmp_path: Path, templates: str, what: str) -> None:
    """Nothing ran that could have made it."""
    simulation = simulated(tmp_path, templates, "*=succeeded")
    assert pods(simulation)[0].endswith(f"(exit code 0); it says nothing of {what}")


def test_a_result_that_nobody_reads_is_not_kept(tmp_path: Path) -> None:
    """A loop whose results are no JSON goes on where nobody puts them together."""
    made = "outputs: {parameters: [{name: p, valueFrom: {path: /p, default: d}}]}"
    templates = LOOP.replace("{name: work, ", f"{{name: work, {made}, ")
    assert not simulated(tmp_path, templates, '*={"result": "hello"}').failed


def test_a_daemon_is_ready_at_once_and_lives_as_long_as_it_is_needed(tmp_path: Path) -> None:
    """The step beside it knows its address, and may take longer than a moment."""
    simulation = simulated(tmp_path, DAEMON, 'take={"seconds": 90}', "*=succeeded")
    assert not simulation.failed
    assert pods(simulation) == ["+90s Succeeded, as --outcome says (exit code 0)"]


@pytest.mark.parametrize(
    ("seconds", "end"),
    [
        (9, "+9s Succeeded, as --outcome says (exit code 0)"),
        (11, "+10s Failed: Pod was active on the node longer than the specified deadline"),
    ],
)
def test_no_step_outlives_its_deadline(tmp_path: Path, seconds: int, end: str) -> None:
    """Whatever was said of it."""
    simulation = simulated(tmp_path, SLOW, f'*={{"seconds": {seconds}}}')
    assert pods(simulation) == [end]
    assert simulation.failed == (seconds > 10)


def test_pods_are_created_at_the_rate_that_is_allowed(tmp_path: Path) -> None:
    """In virtual time as on any control plane."""
    simulation = simulated(tmp_path, LOOP, '*={"seconds": 5}')
    assert not simulation.failed
    ends = [one.partition(" ")[0] for one in pods(simulation)]
    assert ends == ["+5s", "+15s", "+25s"]
