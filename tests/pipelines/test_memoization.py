"""Memoization: what was made under a key is taken from its cache."""

import json
from datetime import timedelta

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.decisions import Refusal
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from tests.pipelines.worlds import NAMESPACE, START, End, MemoryWorld, run, succeed, world_of

SPEC = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make, arguments: {parameters: [{name: of, value: one}]}}
  - - name: use
      template: use
      arguments: {parameters: [{name: text, value: "{{steps.make.outputs.parameters.text}}"}]}
- name: make
  inputs: {parameters: [{name: of}]}
  memoize: {key: "text-{{inputs.parameters.of}}", maxAge: 10m, cache: {configMap: {name: texts}}}
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: text, valueFrom: {path: /text}}]}
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [use], args: ["{{inputs.parameters.text}}"]}
"""
CACHE = Target("v1", "ConfigMap", NAMESPACE, "texts")


def cache(text: str = "", age: timedelta = timedelta(0), data: Object | None = None) -> Object:
    """Return a cache with an entry of an age, or with other entries."""
    entry = {
        "nodeID": "somebody",
        "outputs": {"parameters": [{"name": "text", "value": text}]},
        "creationTimestamp": format_time(START - age),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "texts", "namespace": NAMESPACE},
        "data": data or {"text-one": json.dumps(entry)},
    }


def making(name: str, pod: Object) -> End:
    """Return an end with an output."""
    del name, pod
    return End(parameters={"text": "made"})


def writes(world: MemoryWorld) -> list[Verb]:
    """Return what was done to the cache."""
    return [one.verb for one in world.written if one.target == CACHE]


def test_what_was_made_is_not_made_again() -> None:
    """The node succeeds at once with the outputs of the one before, and says so."""
    world = run(SPEC, making, cache("kept"))
    made = world.node("make")
    assert world.status("phase") == "Succeeded"
    assert (made["type"], made["phase"]) == ("Pod", "Succeeded")
    assert made["memoizationStatus"] == {"hit": True, "key": "text-one", "cacheName": "texts"}
    assert made["outputs"]["parameters"] == [{"name": "text", "value": "kept"}]
    assert world.began == ["[1].use"]
    assert world.node("use")["inputs"]["parameters"][0]["value"] == "kept"
    entry = json.loads(world.objects[CACHE]["data"]["text-one"])
    assert entry["lastHitTimestamp"] == format_time(START)
    assert entry["creationTimestamp"] == format_time(START)


@pytest.mark.parametrize("others", [(), (cache(data={"other": "{}"}),)])
def test_what_succeeds_is_kept_and_written_once(others: tuple[Object, ...]) -> None:
    """In the ConfigMap that is there, or in a new one."""
    world = run(SPEC, making, *others)
    assert world.began == ["[0].make", "[1].use"]
    assert len(writes(world)) == 1
    kept = world.objects[CACHE]
    assert kept["metadata"]["labels"] == {"workflows.argoproj.io/configmap-type": "Cache"}
    entry = json.loads(kept["data"]["text-one"])
    assert entry["nodeID"] == world.node("make")["id"]
    assert entry["outputs"]["parameters"] == [{"name": "text", "value": "made"}]
    assert world.node("make")["memoizationStatus"]["hit"] is False


def test_the_next_workflow_finds_what_this_one_kept() -> None:
    """The entry is read as it was written."""
    first = run(SPEC, making)
    second = run(SPEC, making, first.objects[CACHE])
    assert second.began == ["[1].use"]
    assert second.node("make")["memoizationStatus"]["hit"] is True


def test_a_write_that_fails_is_tried_again_before_the_node_ends() -> None:
    """No entry gets lost."""
    world = world_of(SPEC, making)
    while not world.turn(writes=0).actions or not any(
        one.target == CACHE for one in world.decide().actions
    ):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert world.node("make")["phase"] != "Succeeded"
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert len(writes(world)) == 1


def test_a_cache_that_takes_no_more_holds_nobody_up() -> None:
    """A full ConfigMap is refused for good; the node has done its work."""
    world = world_of(SPEC, making, cache(data={"other": "x"}))
    world.refusals[CACHE] = Refusal("Request entity too large", final=True)
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert writes(world) == []


def test_a_cache_that_can_never_be_made_is_an_error_of_the_node() -> None:
    """Nobody waits for it for ever."""
    world = world_of(SPEC, making)
    world.refusals[CACHE] = Refusal("a name as no other", final=True)
    world.settle()
    assert world.node("make")["phase"] == "Error"
    assert world.node("make")["message"] == "the cache 'texts' cannot be made: a name as no other"


def test_an_entry_that_is_too_old_is_made_anew() -> None:
    """And takes the place of the old one."""
    world = run(SPEC, making, cache("old", timedelta(minutes=11)))
    assert world.began == ["[0].make", "[1].use"]
    entry = json.loads(world.objects[CACHE]["data"]["text-one"])
    assert entry["outputs"]["parameters"][0]["value"] == "made"


def test_of_two_that_make_the_same_at_once_one_is_kept() -> None:
    """Neither waits for its own entry to come back."""
    spec = SPEC.replace(
        "steps:\n  - - {name: make,",
        "steps:\n  - - {name: too, template: make, "
        "arguments: {parameters: [{name: of, value: one}]}}\n    - {name: make,",
    )
    world = run(spec, making)
    assert sorted(world.began) == ["[0].make", "[0].too", "[1].use"]
    assert world.status("phase") == "Succeeded"
    assert len(writes(world)) == 1


def test_what_is_made_while_the_clock_is_set_back_is_kept() -> None:
    """The entry seems older than its node, which waits for no other all the same."""
    world = world_of(SPEC, making)
    while not any(lookup(one, "status", "phase") == "Succeeded" for one in world.pods()):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.now -= timedelta(hours=1)
    world.settle(turns=60)
    assert world.status("phase") == "Succeeded"
    assert len(writes(world)) == 1


def test_what_fails_is_not_kept() -> None:
    """Only what succeeded can be taken for the real thing."""
    world = run(SPEC, lambda *_: End(code=1))
    assert world.status("phase") == "Failed"
    assert CACHE not in world.objects


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"text-{{inputs.parameters.of}}"', '"-no key"', "'-no key' of memoize is none"),
        ("10m", "soon", "memoize.maxAge"),
        ("{name: texts}", "{}", "names no ConfigMap"),
        ('key: "text-{{inputs.parameters.of}}", ', "", "'' of memoize is none"),
    ],
)
def test_the_key_may_hold_tags_and_is_checked(old: str, new: str, told: str) -> None:
    """What cannot be a key, an age or a cache is an error of the node."""
    world = run(SPEC.replace(old, new), making)
    assert world.node("make")["phase"] == "Error"
    assert told in world.node("make")["message"]


def test_an_entry_that_cannot_be_read_is_an_error_that_says_so() -> None:
    """With the remedy."""
    world = run(SPEC, making, cache(data={"text-one": "{"}))
    assert world.node("make")["phase"] == "Error"
    assert "delete it from the ConfigMap" in world.node("make")["message"]


def test_steps_that_retry_are_kept_as_a_whole() -> None:
    """One entry for all attempts; a hit looks after none of them, and has the type all the same."""
    spec = """
entrypoint: main
templates:
- name: main
  steps: [[{name: a, template: whole}]]
- name: whole
  retryStrategy: {limit: 2}
  memoize: {key: whole, cache: {configMap: {name: texts}}}
  steps: [[{name: b, template: work}]]
- {name: work, container: {image: alpine, command: [work]}}
"""
    world = run(spec, lambda name, _: End(code=int("a(0)" in name)))
    assert len(writes(world)) == 1
    missed = {"hit": False, "key": "whole", "cacheName": "texts"}
    for one in ("a", "a(0)", "a(1)"):
        assert world.node(one)["memoizationStatus"] == missed
    again = run(spec, succeed, world.objects[CACHE])
    assert again.began == []
    assert again.node("a")["type"] == "Retry"
    assert again.status("phase") == "Succeeded"


def test_the_lock_comes_before_the_look_into_the_cache() -> None:
    """Of two that would make the same, the second finds what the first has made."""
    spec = """
entrypoint: main
templates:
- name: main
  steps: [[{name: a, template: make}, {name: b, template: make}]]
- name: make
  synchronization: {mutexes: [{name: make}]}
  memoize: {key: same, cache: {configMap: {name: texts}}}
  container: {image: alpine, command: [make]}
"""
    world = run(spec)
    assert world.began == ["[0].a"]
    assert lookup(world.node("b"), "memoizationStatus", "hit") is True
    assert world.status("synchronization") is None


@pytest.mark.parametrize(
    ("stated", "age", "hit"),
    [
        ("maxAge: 10m,", timedelta(minutes=10), True),
        ("maxAge: 10m,", timedelta(minutes=10, seconds=1), False),
        ("maxAge: '60',", timedelta(seconds=61), False),
        ("maxAge: 1h30m,", timedelta(minutes=89), True),
        ("", timedelta(days=3000), True),
        ("maxAge: '',", timedelta(days=3000), True),
    ],
)
def test_an_entry_counts_for_as_long_as_is_stated(
    stated: str, age: timedelta, *, hit: bool
) -> None:
    """And for ever where nothing is."""
    world = run(SPEC.replace("maxAge: 10m,", stated), making, cache("kept", age))
    assert world.node("make")["memoizationStatus"]["hit"] is hit


@pytest.mark.parametrize(
    ("key", "good"),
    [
        *(("a", True), ("A-b-1", True), ("1", True), ("a-", True)),
        *(("-a", False), ("a_b", False), ("a.b", False), ("a b", False), ("", False)),
    ],
)
def test_a_key_is_letters_digits_and_hyphens_and_begins_with_none_of_these(
    key: str, *, good: bool
) -> None:
    """After its tags are replaced."""
    spec = SPEC.replace("text-{{inputs.parameters.of}}", "{{inputs.parameters.of}}")
    world = run(spec.replace("value: one", f"value: '{key}'"), making)
    assert world.node("make")["phase"] == ("Succeeded" if good else "Error")
    assert (CACHE in world.objects) is good


KINDS = {
    "steps": "steps: [[{name: b, template: work}]]",
    "dag": "dag: {tasks: [{name: b, template: work}]}",
    "container": "container: {image: alpine, command: [work]}",
    "script": "script: {image: alpine, command: [sh], source: work}",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [0, 1, 64])
def test_whatever_succeeded_is_kept_and_nothing_else(kind: str, code: int) -> None:
    """Neither a failure nor an error; an entry says whose it is and when it was made."""
    spec = f"""
entrypoint: main
templates:
- name: main
  memoize: {{key: k, cache: {{configMap: {{name: texts}}}}}}
  {KINDS[kind]}
- {{name: work, container: {{image: alpine, command: [work]}}}}
"""
    world = run(spec, lambda *_: End(code=code))
    assert (CACHE in world.objects) is (code == 0)
    if code == 0:
        entry = json.loads(world.objects[CACHE]["data"]["k"])
        made = world.node("wf")
        assert entry.keys() == {"nodeID", "outputs", "creationTimestamp", "lastHitTimestamp"}
        assert entry["nodeID"] == made["id"]
        assert entry["creationTimestamp"] == entry["lastHitTimestamp"] == made["finishedAt"]
        again = run(spec, succeed, world.objects[CACHE])
        assert (again.began, again.status("phase")) == ([], "Succeeded")
        assert again.node("wf")["type"] == made["type"]


def test_a_step_that_is_skipped_is_not_looked_for() -> None:
    """Nor kept."""
    skipped = '{name: make, when: "a == b", template: make,'
    world = run(SPEC.replace("{name: make, template: make,", skipped), making)
    assert "memoizationStatus" not in world.node("make")
    assert CACHE not in world.objects


def test_a_write_that_is_refused_for_now_is_waited_for() -> None:
    """The node ends when its entry stands, which wakes the workflow."""
    world = world_of(SPEC, making)
    world.refusals[CACHE] = Refusal("too many requests", final=False)
    decision = world.turn()
    while CACHE not in {one.target for one in decision.actions}:
        world.run_pods()
        world.now += timedelta(seconds=1)
        decision = world.turn()
    assert CACHE in decision.next.targets
    assert world.node("make")["phase"] == "Running"
    world.settle()
    assert world.node("make")["phase"] == "Succeeded"
    assert len(writes(world)) == 1


def test_an_entry_that_does_not_say_when_it_was_made_is_too_old() -> None:
    """Where an age is asked for; else it counts."""
    text = json.dumps({"outputs": {"parameters": [{"name": "text", "value": "kept"}]}})
    for spec, hit in ((SPEC, False), (SPEC.replace("maxAge: 10m,", ""), True)):
        world = run(spec, making, cache(data={"text-one": text}))
        assert world.node("make")["memoizationStatus"]["hit"] is hit


def test_what_has_begun_is_not_looked_for_though_nothing_else_was_written_of_it() -> None:
    """Its pod is there: what another made in the meantime does not leave it behind."""
    world = world_of(SPEC, making)
    world.turn(writes=1)
    assert world.began == ["[0].make"]
    world.put(cache("another's"))
    world.settle()
    assert world.node("make")["memoizationStatus"]["hit"] is False
    assert world.node("make")["outputs"]["parameters"][0]["value"] == "made"


def test_an_old_entry_is_not_touched_before_there_is_another() -> None:
    """That it was looked at is no hit."""
    world = world_of(SPEC, making, cache("old", timedelta(minutes=11)))
    world.turn()
    assert writes(world) == []
    assert world.began == ["[0].make"]
