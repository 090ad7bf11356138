"""What is over goes to the archive, and is deleted only then."""

from datetime import timedelta

from ruleengine.apimachinery.selectors import parse_label_selector
from ruleengine.model.actions import Verb
from ruleengine.model.decisions import Answer, Decision, Stop
from ruleengine.model.names import RETRIES
from ruleengine.model.times import parse_time
from ruleengine.model.values import lookup
from ruleengine.pipelines.archiving import ArchivePolicy, archive_request
from ruleengine.pipelines.labels import ARCHIVING_LABEL
from ruleengine.pipelines.reconciler import WorkflowReconciler
from tests.pipelines.worlds import MemoryWorld, run

SPEC = """
entrypoint: say
ttlStrategy: {secondsAfterCompletion: 60}
templates:
- name: say
  container: {image: alpine, command: [echo]}
"""


def decide(world: MemoryWorld, policy: ArchivePolicy | None = None) -> Decision:
    """Return the decision on a workflow that is over, and do what it says."""
    reconciler = WorkflowReconciler(archive=policy or ArchivePolicy())
    decision = reconciler.decide(world.workflow(), world, world.now, None)
    for action in decision.actions:
        world.perform(action)
    return decision


def state(world: MemoryWorld) -> str | None:
    """Return what the label says."""
    found: str | None = lookup(world.workflow(), "metadata", "labels", ARCHIVING_LABEL)
    return found


def test_it_is_stored_then_marked_then_deleted_in_its_time() -> None:
    """Each in a decision of its own; meanwhile nothing deletes it."""
    world = run(SPEC)
    world.now += timedelta(seconds=120)
    first = decide(world)
    (request,) = first.requests
    assert (request, request.effect) == (archive_request(world.workflow()), True)
    assert state(world) == "Pending"
    assert decide(world).requests == first.requests
    world.answers[request.key] = Answer(value={"archived": True})
    decide(world)
    assert state(world) == "Archived"
    last = decide(world)
    assert [one.verb for one in last.actions] == [Verb.DELETE]
    assert last.requests == ()


def test_what_cannot_be_archived_is_kept_and_says_why() -> None:
    """Although its time is over."""
    world = run(SPEC)
    world.now += timedelta(seconds=120)
    (request,) = decide(world).requests
    world.answers[request.key] = Answer(error="no room", remedy="make some")
    following = decide(world)
    assert following.actions == ()
    assert following.next.message == "it cannot be archived: no room; make some"


def test_what_could_not_be_archived_is_tried_again_each_hour() -> None:
    """By another request: the answer to the one before is final for who asked."""
    world = run(SPEC)
    finished = parse_time(world.workflow()["status"]["finishedAt"])
    asked = []
    for _ in range(3):
        (request,) = decide(world).requests
        asked.append(request.key)
        world.answers[request.key] = Answer(error="no room", remedy="make some")
        following = decide(world).next
        assert following.stop is Stop.FOR
        assert following.time == finished + timedelta(hours=len(asked))
        world.now = following.time
    assert len(set(asked)) == 3


def test_one_whose_status_lacks_its_end_is_archived_all_the_same() -> None:
    """Others may have written that; where it cannot be stored, it is tried again each hour."""
    world = run(SPEC)
    status = {key: one for key, one in world.status().items() if key != "finishedAt"}
    world.put({**world.workflow(), "status": status})
    first = decide(world)
    assert first.requests == (archive_request(world.workflow()),)
    world.answers[first.requests[0].key] = Answer(error="disk full", remedy="make room")
    created = parse_time(world.workflow()["metadata"]["creationTimestamp"])
    assert decide(world).next.time == created + timedelta(hours=1)
    world.answers[first.requests[0].key] = Answer(value={"archived": True})
    decide(world)
    assert state(world) == "Archived"


def test_an_end_that_is_no_time_is_told() -> None:
    """With where it stands, and what belongs there."""
    world = run(SPEC)
    world.change({"status": {"finishedAt": "yesterday"}})
    found = decide(world)
    assert found.next.stop is Stop.FOR
    assert found.next.message.startswith("status.finishedAt: Invalid isoformat string: 'yesterday'")
    assert "set it to a time like 2026-01-02T03:04:05Z" in found.next.message


def test_others_are_not_archived() -> None:
    """Where the labels do not match, or nothing is to be archived at all."""
    world = run(SPEC)
    selector = parse_label_selector("team=shop")
    assert decide(world, ArchivePolicy(selector=selector)).requests == ()
    assert WorkflowReconciler().decide(world.workflow(), world, world.now, None).requests == ()


def test_a_retried_workflow_is_archived_anew() -> None:
    """It is another end: another request."""
    value = run(SPEC).workflow()
    metadata = {**value["metadata"], "annotations": {RETRIES: "1"}}
    first, second = archive_request(value), archive_request({**value, "metadata": metadata})
    assert first.key != second.key
