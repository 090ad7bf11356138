"""The queue: fair, bounded, patient with failures, and waking exactly who read."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.decisions import DONE
from ruleengine.model.values import Object
from ruleengine.reconcile.backoff import pause_after
from ruleengine.reconcile.indexes import OWNER
from ruleengine.reconcile.keys import Key, Keys
from ruleengine.reconcile.quarantine import Quarantine
from ruleengine.reconcile.world import Read

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def target(name: str, kind: str = "Workflow", namespace: str = "shop") -> Target:
    """Return an object of a test."""
    return Target("example.com/v1", kind, namespace, name)


def owned(name: str, uid: str, namespace: str = "shop") -> Object:
    """Return an object with an owner."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Child",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [{"uid": uid}]},
    }


def reading(keys: Keys, name: str, *reads: Read) -> Key:
    """Return an object that was decided and read something."""
    keys.wake(target(name))
    key = drained(keys)[-1]
    key.reads, key.following = frozenset(reads), DONE
    keys.note(key)
    return key


def drained(keys: Keys) -> list[Key]:
    """Take everything out of the line."""
    found = []
    while (key := keys.next()) is not None:
        found.append(key)
    return found


def test_an_object_that_changes_all_the_time_starves_nobody() -> None:
    """It goes to the end of the line each time, and stands there once."""
    keys = Keys()
    for name in ("busy", "a", "b", "c"):
        keys.wake(target(name))
    order = []
    for _ in range(6):
        key = keys.next()
        order.append(key.target.name)
        for _ in range(10):
            keys.wake(target("busy"))
    assert order == ["busy", "a", "b", "c", "busy", "busy"]


def test_an_object_that_changes_while_it_waits_keeps_its_place() -> None:
    """However often it changes and whoever comes after it: it is not starved either."""
    keys = Keys()
    for name in ("first", "busy", "last"):
        keys.wake(target(name))
    order = []
    for number in range(3):
        keys.wake(target("busy"))
        keys.wake(target(f"new-{number}"))
        order.append(keys.next().target.name)
    assert order == ["first", "busy", "last"]


def test_an_area_with_many_objects_does_not_delay_the_others() -> None:
    """The areas take turns; within an area the first comes first."""
    keys = Keys()
    for number in range(100):
        keys.wake(target(f"w{number}"))
    keys.wake(target("one", "Rollout"))
    keys.wake(target("two", "Rollout"))
    keys.wake(target("one", "Sensor"))
    order = [(key.target.kind, key.target.name) for key in drained(keys)]
    assert order[:7] == [
        ("Workflow", "w0"),
        ("Rollout", "one"),
        ("Sensor", "one"),
        ("Workflow", "w1"),
        ("Rollout", "two"),
        ("Workflow", "w2"),
        ("Workflow", "w3"),
    ]
    assert len(order) == 103


@given(st.lists(st.tuples(st.sampled_from(["wake", "take", "drop"]), st.integers(0, 5))))
def test_between_two_turns_of_an_object_every_other_that_waits_has_one(
    doing: list[tuple[str, int]],
) -> None:
    """Whatever is woken, taken and dropped in between, nobody waits longer than all others."""
    keys = Keys(area=lambda one: str(int(one.name) % 2))
    passed: dict[str, int] = {}
    for verb, number in doing:
        name = str(number)
        if verb == "wake":
            keys.wake(target(name))
            passed.setdefault(name, 0)
        elif verb == "drop":
            keys.drop(target(name))
            passed.pop(name, None)
        elif (key := keys.next()) is not None:
            assert passed.pop(key.target.name) <= 5
            passed = {other: count + 1 for other, count in passed.items()}
        else:
            assert not passed


def test_the_line_is_no_longer_than_there_are_objects() -> None:
    """However often they are woken."""
    keys = Keys()
    for number in range(1000):
        keys.wake(target(f"o{number % 7}"))
    assert len(drained(keys)) == len(keys) == 7


def test_a_change_wakes_who_read_it_and_nobody_else() -> None:
    """By object, by kind, by namespace, by index, and over all kinds."""
    keys = Keys()
    child = target("child", "Child")
    reading(keys, "by-object", Read(target=child))
    reading(keys, "by-kind", Read(kind=("example.com/v1", "Child")))
    reading(keys, "by-namespace", Read(kind=("example.com/v1", "Child"), namespace="shop"))
    reading(keys, "by-index", Read(kind=("example.com/v1", "Child"), by=(OWNER, "u1")))
    reading(keys, "everything", Read(by=(OWNER, "u1")))
    reading(keys, "other-object", Read(target=target("other", "Child")))
    reading(keys, "other-kind", Read(kind=("v1", "Child")))
    reading(keys, "other-namespace", Read(kind=("example.com/v1", "Child"), namespace="x"))
    reading(keys, "other-index", Read(kind=("example.com/v1", "Child"), by=(OWNER, "u2")))
    keys.changed(child, owned("child", "u1"), None)
    woken = {key.target.name for key in drained(keys)}
    assert woken == {"by-object", "by-kind", "by-namespace", "by-index", "everything"}


def test_who_read_first_is_woken_first() -> None:
    """Whatever the names are hashed to: so a run can be repeated in another process."""
    keys = Keys()
    child = target("child", "Child")
    names = [f"r{number}" for number in (7, 3, 9, 1, 5, 8, 2)]
    for name in names:
        reading(keys, name, Read(kind=("example.com/v1", "Child")))
    keys.changed(child, None, owned("child", "u1"))
    assert [key.target.name for key in drained(keys)] == names


reads = st.builds(
    Read,
    target=st.none() | st.sampled_from([target("c0", "Child"), target("c1", "Child")]),
    kind=st.sampled_from([("", ""), ("example.com/v1", "Child"), ("v1", "Pod")]),
    namespace=st.sampled_from(["", "shop", "other"]),
    by=st.none() | st.sampled_from([(OWNER, "u0"), (OWNER, "u1")]),
)


@given(
    readers=st.lists(st.frozensets(reads, max_size=3), max_size=6),
    later=st.lists(st.frozensets(reads, max_size=3), max_size=3),
    change=st.tuples(st.sampled_from(["c0", "c1"]), st.sampled_from(["u0", "u1", "u2"])),
)
def test_waking_by_index_is_waking_by_looking_at_every_read(
    readers: list[frozenset[Read]], later: list[frozenset[Read]], change: tuple[str, str]
) -> None:
    """Also after decisions that read something else than before."""
    keys = Keys()
    current: dict[str, frozenset[Read]] = {}
    for round_of in (readers, later):
        for number, one in enumerate(round_of):
            reading(keys, f"r{number}", *one)
            current[f"r{number}"] = one
    name, uid = change
    child = target(name, "Child")
    keys.changed(child, None, owned(name, uid))
    expected = {
        reader
        for reader, one in current.items()
        if any(read.sees(child, None, owned(name, uid)) for read in one)
    }
    assert {key.target.name for key in drained(keys)} == expected


def test_times_come_in_order_and_only_the_last_one_counts() -> None:
    """An object that was put off is not woken at its old time."""
    keys = Keys()
    first, second = reading(keys, "first"), reading(keys, "second")
    for key, seconds in ((first, 5), (second, 3), (first, 9)):
        key.wake_at = START + timedelta(seconds=seconds)
        keys.note(key)
    assert keys.due() == START + timedelta(seconds=3)
    keys.wake_due(START + timedelta(seconds=6))
    assert [key.target.name for key in drained(keys)] == ["second"]
    assert keys.due() == START + timedelta(seconds=9)
    keys.wake_due(START + timedelta(seconds=9))
    assert [key.target.name for key in drained(keys)] == ["first"]
    assert keys.due() is None


def test_an_object_that_is_gone_leaves_nothing_behind() -> None:
    """Neither in line, nor among the readers, nor with a time."""
    keys = Keys()
    key = reading(keys, "one", Read(target=target("child", "Child")), Read(kind=("v1", "Pod")))
    key.wake_at = START
    keys.note(key)
    keys.wake(key.target)
    keys.drop(key.target)
    keys.changed(target("child", "Child"), None, owned("child", "u"))
    keys.wake_due(START)
    assert (drained(keys), keys.due(), keys.unsettled(), len(keys)) == ([], None, [], 0)
    assert (keys._readers, keys._listers, keys._noted) == ({}, {}, {})


def test_answers_that_nobody_reads_any_more_are_named() -> None:
    """Only the last reader lets one go."""
    keys = Keys()
    reading(keys, "a", Read(answer="x"))
    key = reading(keys, "b", Read(answer="x"))
    key.reads = frozenset()
    assert keys.note(key) == ()
    keys.wake(target("a"))
    last = keys.next()
    last.reads = frozenset()
    assert keys.note(last) == ("x",)


def test_pauses_double_up_to_a_limit_and_are_spread() -> None:
    """The same seed gives the same pauses, another one others."""
    pauses = [pause_after(count, target("one"), 7) for count in range(1, 12)]
    for count, pause in enumerate(pauses):
        whole = min(2.0**count, 60.0)
        assert whole / 2 <= pause <= whole
    assert pauses == [pause_after(count, target("one"), 7) for count in range(1, 12)]
    assert pause_after(3, target("one"), 8) != pauses[2]
    names = [f"o{random.Random(n).random()}" for n in range(50)]
    assert len({pause_after(5, target(name), 7) for name in names}) == 50
    assert pause_after(10_000, target("one"), 7) <= 60.0


def test_changes_of_what_somebody_read_are_gathered_while_it_rests() -> None:
    """Its own change wakes it at once, and it is woken no later than it asked for."""
    keys, child = Keys(), owned("c", "u")
    one = Target.of(child)
    for name, wake_at in (("rests", None), ("asks", START)):
        key = reading(keys, name, Read(target=one))
        key.rests, key.wake_at = START + timedelta(seconds=2), wake_at
        keys.note(key)
    keys.changed(one, None, child)
    keys.changed(one, child, None)
    assert drained(keys) == []
    keys.wake_due(START + timedelta(seconds=1))
    assert [key.target.name for key in drained(keys)] == ["asks"]
    keys.wake_due(START + timedelta(seconds=2))
    assert [key.target.name for key in drained(keys)] == ["rests"]
    keys.wake(target("rests"))
    assert [key.target.name for key in drained(keys)] == ["rests"]


def test_who_has_changes_gathered_is_not_at_rest() -> None:
    """A run that ended now would never look at them."""
    keys, child = Keys(), owned("c", "u")
    one = Target.of(child)
    key = reading(keys, "rests", Read(target=one))
    key.rests = START + timedelta(seconds=2)
    assert keys.unsettled() == []
    keys.changed(one, None, child)
    assert (keys.unsettled(), keys.due()) == ([key], key.rests)


def test_what_was_put_aside_is_tried_again_at_its_time_whatever_changes_before() -> None:
    """It gathers nothing: a change of what it read does not take the place of that time."""
    keys, child = Keys(), owned("c", "u")
    one = Target.of(child)
    key = reading(keys, "wide", Read(target=one))
    key.rests = START + timedelta(seconds=2)
    Quarantine().refused(key, child, {one: "no room"}, START)
    keys.note(key)
    keys.changed(one, None, child)
    assert drained(keys) == [key]
    keys.wake_due(START + timedelta(minutes=5))
    assert drained(keys) == [key]
