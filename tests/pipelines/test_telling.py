"""Suspend, resume, stop, terminate and node set: what people tell workflows."""

from collections.abc import Callable

import pytest

from ruleengine.model.errors import FailedError, RuleEngineError, UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs import telling
from ruleengine.pipelines.verbs.selecting import parse_selector
from ruleengine.pipelines.verbs.telling import NodeChange
from tests.pipelines.worlds import START, MemoryWorld, world_of

ASKING = """
entrypoint: main
onExit: bye
templates:
- name: main
  dag:
    tasks:
    - {name: one, template: ask}
    - {name: two, template: ask}
    - {name: after, template: say, dependencies: [one, two]}
- name: ask
  inputs: {parameters: [{name: size, default: small, enum: [small, 2]}]}
  suspend: {}
  outputs:
    parameters:
    - {name: verdict, valueFrom: {supplied: {}}}
    - {name: size, valueFrom: {supplied: {}}}
    - {name: level, enum: [low], valueFrom: {supplied: {}, default: low}}
- name: say
  container: {image: alpine, command: [echo]}
- name: bye
  container: {image: alpine, command: [echo]}
"""


def asking() -> MemoryWorld:
    """Return a world whose workflow waits at two nodes."""
    world = world_of(ASKING)
    world.settle()
    return world


def go_on(world: MemoryWorld, changed: Object) -> None:
    """Store what a verb returned and let the workflow go on."""
    world.put(changed)
    world.memo = None
    world.settle()


def test_resumed_with_supplied_values_it_succeeds() -> None:
    """An output that nobody supplies has the default of the input of its name."""
    world = asking()
    go_on(world, telling.resume(world.workflow(), START, supplied={"verdict": "yes"}))
    assert world.status("phase") == "Succeeded"
    outputs = world.node("one")["outputs"]["parameters"]
    values = {one["name"]: one["value"] for one in outputs}
    assert values == {"verdict": "yes", "size": "small", "level": "low"}


def test_a_selector_resumes_only_what_it_means() -> None:
    """The other node waits on."""
    world = asking()
    selector = parse_selector("displayName=one")
    go_on(world, telling.resume(world.workflow(), START, selector, {"verdict": "yes", "size": "2"}))
    assert (world.node("one")["phase"], world.node("two")["phase"]) == ("Succeeded", "Running")


def test_a_suspended_workflow_is_resumed_as_a_whole() -> None:
    """Suspend and resume undo one another where no node waits."""
    world = world_of(ASKING)
    suspended = telling.suspend(world.workflow())
    assert suspended["spec"]["suspend"] is True
    assert telling.resume(suspended, START) == world.workflow()


def test_a_selector_leaves_a_suspended_workflow_suspended() -> None:
    """Only the node goes on."""
    world = asking()
    suspended = telling.suspend(world.workflow())
    selector = parse_selector("displayName=one")
    resumed = telling.resume(suspended, START, selector, {"verdict": "yes"})
    assert resumed["spec"]["suspend"] is True
    phases = {one["displayName"]: one["phase"] for one in resumed["status"]["nodes"].values()}
    assert (phases["one"], phases["two"]) == ("Succeeded", "Running")


def test_stopped_nodes_fail_and_the_exit_handler_runs() -> None:
    """With a selector only the node; the message says why."""
    world = asking()
    go_on(world, telling.stop(world.workflow(), START, parse_selector("name=wf.one"), "no"))
    assert (world.node("one")["phase"], world.node("one")["message"]) == ("Failed", "no")
    go_on(world, telling.stop(world.workflow(), START))
    assert world.status("message") == "Stopped with strategy 'Stop'"
    assert world.node("wf.onExit")["phase"] == "Succeeded"


def test_a_message_is_for_nodes_that_are_selected() -> None:
    """The workflow as a whole takes none, so that it would be lost."""
    with pytest.raises(UsageError, match="a message is for nodes"):
        telling.stop(asking().workflow(), START, message="no")


def test_terminated_no_exit_handler_runs() -> None:
    """A stopped one can still be terminated."""
    world = asking()
    stopped = telling.stop(world.workflow(), START)
    go_on(world, telling.terminate(stopped))
    assert world.status("message") == "Stopped with strategy 'Terminate'"
    assert all(one["displayName"] != "wf.onExit" for one in world.nodes())


def test_nodes_get_outputs_phases_and_messages() -> None:
    """Outputs alone leave the node waiting."""
    world = asking()
    selector = parse_selector("displayName=one")
    change = NodeChange(outputs={"verdict": "yes"}, message="looked at")
    world.put(telling.set_nodes(world.workflow(), START, selector, change))
    node = world.node("one")
    assert (node["phase"], node["message"]) == ("Running", "looked at")
    changed = telling.set_nodes(world.workflow(), START, selector, NodeChange(phase="Succeeded"))
    go_on(world, changed)
    assert world.node("one")["outputs"]["parameters"][0]["value"] == "yes"


EVERY = parse_selector("")
REFUSED: dict[str, tuple[Callable[[Object], Object], type[RuleEngineError], str]] = {
    "an output without a value": (
        lambda one: telling.resume(one, START),
        FailedError,
        "has not been set",
    ),
    "an output that nobody asks for": (
        lambda one: telling.resume(one, START, supplied={"verdikt": "yes"}),
        UsageError,
        "did you mean verdict?",
    ),
    "a value that may not be chosen": (
        lambda one: telling.resume(one, START, supplied={"size": "huge"}),
        UsageError,
        "size is one of: small, 2",
    ),
    "a value that may not be chosen, set": (
        lambda one: telling.set_nodes(one, START, EVERY, NodeChange(outputs={"level": "high"})),
        UsageError,
        "level is one of: low",
    ),
    "nodes that do not wait": (
        lambda one: telling.resume(one, START, parse_selector("displayName=after")),
        FailedError,
        "nodes that wait: one, two",
    ),
    "nodes that do not wait, of a suspended workflow": (
        lambda one: telling.resume(telling.suspend(one), START, parse_selector("displayName=x")),
        FailedError,
        "nodes that wait: one, two",
    ),
    "a stop for nodes that do not wait": (
        lambda one: telling.stop(one, START, parse_selector("displayName=x")),
        FailedError,
        "nodes that wait",
    ),
    "a change of nodes that do not wait": (
        lambda one: telling.set_nodes(one, START, parse_selector("id=x"), NodeChange(message="x")),
        FailedError,
        "nodes that wait",
    ),
    "a phase that is no end": (
        lambda one: telling.set_nodes(one, START, EVERY, NodeChange(phase="Running")),
        UsageError,
        "phases: Error, Failed, Skipped, Succeeded",
    ),
    "a second stop": (
        lambda one: telling.stop(telling.stop(one, START), START),
        FailedError,
        "already shut down",
    ),
    "a stop after a termination": (
        lambda one: telling.stop(telling.terminate(one), START),
        FailedError,
        "already shut down",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_says_why(name: str) -> None:
    """With what to do in place of it."""
    verb, kind, text = REFUSED[name]
    with pytest.raises(kind) as caught:
        verb(asking().workflow())
    assert text in f"{caught.value.message} {caught.value.remedy}"


@pytest.mark.parametrize(
    "verb",
    [
        telling.suspend,
        telling.terminate,
        lambda one: telling.resume(one, START),
        lambda one: telling.stop(one, START),
        lambda one: telling.set_nodes(one, START, EVERY, NodeChange(message="x")),
    ],
)
def test_what_is_over_is_told_nothing(verb: Callable[[Object], Object]) -> None:
    """Its end is not changed any more."""
    world = asking()
    go_on(world, telling.terminate(world.workflow()))
    with pytest.raises(FailedError, match="it is over"):
        verb(world.workflow())


def test_a_running_workflow_that_waits_for_nobody_is_not_resumed() -> None:
    """There is nothing to resume."""
    value: Object = {"metadata": {"name": "wf"}, "spec": {}, "status": {"phase": "Running"}}
    with pytest.raises(FailedError, match="nothing to resume"):
        telling.resume(value, START)


def test_what_is_stopped_before_it_began_never_begins() -> None:
    """It failed, and says by what; its exit handler runs."""
    world = world_of(ASKING)
    go_on(world, telling.stop(world.workflow(), START))
    assert world.status("phase") == "Failed"
    assert world.status("message") == "Stopped with strategy 'Stop'"
    assert world.began == [".onExit"]
    other = world_of(ASKING)
    go_on(other, telling.terminate(other.workflow()))
    assert (other.status("phase"), other.began) == ("Failed", [])
