"""Server-side apply gives and takes fields as the algorithm says."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given

from ruleengine.apimachinery.client_side_apply import LAST_APPLIED
from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.field_sets import FieldSet, compare
from ruleengine.apimachinery.managed_fields import read_managers, without_managed_fields
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.structured_merge import (
    apply,
    conflict_causes,
    conflict_message,
    update,
)
from tests.apimachinery.objects import DEPLOYMENT, LATER, NOW, THING, THINGS, thing

Object = dict[str, Any]


def applied(live: Object | None, config: Object, manager: str = "me", *, force: bool = True) -> Any:
    """Apply to an object of the custom kind."""
    return apply(live, config, manager=manager, schema=THING, now=NOW, force=force)


def owners(value: Object) -> dict[str, set[tuple[str, ...]]]:
    """Return the paths that each manager owns."""
    entries = read_managers(value["metadata"].get("managedFields"))
    return {one.name: set(FieldSet(one.fields).paths()) for one in entries.values()}


@given(THINGS, THINGS)
def test_applying_twice_changes_nothing(live: Object, config: Object) -> None:
    """The second apply returns the very object, whoever else applied before."""
    before = applied(None, live, "other").object
    once = applied(before, config).object
    again = apply(once, copy.deepcopy(config), manager="me", schema=THING, now=LATER)
    assert again.object is once
    assert again.conflicts == ()


@given(THINGS, THINGS)
def test_nothing_is_changed_in_place(live: Object, config: Object) -> None:
    """What goes in stays as it was."""
    before = applied(None, live, "other").object
    kept = copy.deepcopy((before, config))
    applied(applied(before, config).object, thing({}))
    assert (before, config) == kept


@given(THINGS, THINGS)
def test_applying_nothing_takes_exactly_the_sole_fields_away(mine: Object, other: Object) -> None:
    """What only I owned is gone, what another owns stays as it was."""
    before = applied(None, other, "other").object
    merged = applied(before, mine).object
    alone = owners(merged).get("me", set()) - owners(merged).get("other", set())
    left = applied(merged, thing({})).object
    fields = set(FieldSet.of(left, THING).paths())
    assert not alone & fields
    assert owners(left).get("other", set()) == owners(merged).get("other", set())
    assert owners(left).get("other", set()) <= fields
    assert "me" not in owners(left)


@given(THINGS, THINGS, THINGS)
def test_owners_own_only_what_is_there(one: Object, two: Object, three: Object) -> None:
    """After any applies every owned path is a path of the object."""
    live = applied(applied(applied(None, one, "a").object, two, "b").object, three, "a").object
    there = set(FieldSet.of(live, THING).paths())
    assert set().union(*owners(live).values(), set()) <= there


@given(THINGS, THINGS)
def test_unforced_conflicts_are_what_force_takes(one: Object, two: Object) -> None:
    """With force there is never a conflict; without, its object is the forced one."""
    live = applied(None, one, "other").object
    tried = applied(live, two, force=False)
    forced = applied(live, two, force=True)
    assert forced.conflicts == ()
    assert tried.object == forced.object
    taken = owners(live).get("other", set()) - owners(forced.object).get("other", set())
    assert bool(tried.conflicts) is bool(taken)


@given(THINGS, THINGS)
def test_appliers_that_do_not_conflict_may_come_in_any_order(one: Object, two: Object) -> None:
    """Both orders give one set of owners, and one object but for the order of items."""
    there = applied(applied(None, one, "a").object, two, "b", force=False)
    back = applied(applied(None, two, "b").object, one, "a", force=False)
    if there.conflicts or back.conflicts:
        return
    assert owners(there.object) == owners(back.object)
    bare = [without_managed_fields(result.object) for result in (there, back)]
    assert not compare(*bare, THING)


def test_equal_values_are_owned_together() -> None:
    """A field that two apply with one value belongs to both, and survives one of them."""
    live = applied(None, thing({"number": 1}), "other").object
    both = applied(live, thing({"number": 1}), force=False)
    assert both.conflicts == ()
    assert ("f:spec", "f:number") in owners(both.object)["other"] & owners(both.object)["me"]
    assert applied(both.object, thing({})).object["spec"] == {"number": 1}


def test_a_conflict_names_field_and_manager_as_the_api_does() -> None:
    """Updates are named with their version, applies without."""
    live = applied(None, thing({"parts": [{"name": "a", "size": 1}]}), "first").object
    changed = thing({"parts": [{"name": "a", "size": 1}], "number": 1})
    changed["metadata"] = live["metadata"]
    live = update(live, changed, manager="editor", schema=THING, now=NOW)
    conflicts = applied(
        live, thing({"number": 2, "parts": [{"name": "a", "size": 2}]}), force=False
    ).conflicts
    assert conflict_causes(conflicts) == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "editor" using example.com/v1',
            "field": ".spec.number",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "first"',
            "field": '.spec.parts[name="a"].size',
        },
    ]
    assert conflict_message(conflicts[1:]) == (
        'Apply failed with 1 conflict: conflict with "first": .spec.parts[name="a"].size'
    )
    assert conflict_message(conflicts) == (
        'Apply failed with 2 conflicts: conflicts with "editor" using example.com/v1:\n'
        '- .spec.number\nconflicts with "first":\n- .spec.parts[name="a"].size'
    )


def test_items_keep_their_place_and_configured_ones_their_order() -> None:
    """Items that only live has stay where they are; the configuration orders its own."""
    live = applied(None, thing({"names": ["x", "a", "y", "b"]}), "other").object
    merged = applied(live, thing({"names": ["b", "new", "a"]})).object
    assert merged["spec"]["names"] == ["x", "y", "b", "new", "a"]


def test_an_item_stays_while_another_owns_it() -> None:
    """It keeps what the other applied; a mere field in it does not hold it."""
    live = applied(None, thing({"parts": [{"name": "a", "size": 1}]})).object
    shared = thing({"parts": [{"name": "a", "labels": {"x": "y"}}]})
    both = applied(live, shared, "other").object
    left = applied(both, thing({"number": 1})).object
    assert left["spec"] == {"parts": [{"name": "a", "labels": {"x": "y"}}], "number": 1}
    spec = {"parts": [{"name": "a", "size": 1, "labels": {"x": "y"}}]}
    edited = update(live, {**live, "spec": spec}, manager="editor", schema=THING, now=NOW)
    assert applied(edited, thing({"number": 1})).object["spec"] == {"number": 1}


def test_a_new_order_of_items_is_a_change() -> None:
    """Servers store lists in the order of the configuration, so that is written."""
    live = applied(None, thing({"names": ["a", "b"]})).object
    turned = applied(live, thing({"names": ["b", "a"]})).object
    assert turned["spec"]["names"] == ["b", "a"]


def test_who_joins_without_changing_anything_has_no_time() -> None:
    """The time of an entry is that of its last change."""
    live = applied(None, thing({"number": 1}), "other").object
    joined = applied(live, thing({"number": 1})).object
    assert [one.get("time") for one in joined["metadata"]["managedFields"]] == [None, NOW]


def test_unowned_fields_go_with_the_struct_that_was_given_up() -> None:
    """Defaults that a server filled in do not outlive the probe that they belong to."""

    def deployment(container: Object) -> Object:
        pod = {"spec": {"containers": [{"name": "c", "image": "i", **container}]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d"},
            "spec": {"template": pod},
        }

    def put(live: Object | None, config: Object) -> Object:
        return apply(live, config, manager="me", schema=DEPLOYMENT, now=NOW).object

    live = put(None, deployment({"livenessProbe": {"initialDelaySeconds": 1}}))
    defaulted = deployment({"livenessProbe": {"initialDelaySeconds": 1, "periodSeconds": 10}})
    live = {**defaulted, "metadata": {**live["metadata"], "uid": "u"}}
    left = put(live, deployment({}))
    assert left["spec"]["template"]["spec"]["containers"] == [{"name": "c", "image": "i"}]
    assert left["metadata"]["uid"] == "u"


def test_the_first_apply_shares_with_what_was_there_before() -> None:
    """Without entries, all live fields belong to an updater called before-first-apply."""
    live = thing({"number": 1, "text": "x"})
    result = applied(live, thing({"number": 2}), force=False)
    assert [one.message for one in result.conflicts] == [
        'conflict with "before-first-apply" using example.com/v1'
    ]
    forced = applied(live, thing({"number": 2})).object
    assert owners(forced)["before-first-apply"] == {("f:spec",), ("f:spec", "f:text")}


def test_null_claims_a_field_without_a_value() -> None:
    """A declared field that is configured as null is owned and has no value."""
    live = applied(None, thing({"number": 1, "text": "x"})).object
    cleared = applied(live, thing({"number": None, "text": "x"})).object
    assert cleared["spec"] == {"text": "x"}
    assert ("f:spec", "f:number") in owners(cleared)["me"]
    assert applied(cleared, thing({"number": None, "text": "x"})).object is cleared


def test_a_quantity_that_means_the_same_is_no_change() -> None:
    """`1000m` applied over a live `1` writes nothing."""
    schema = schema_for("v1", "ResourceQuota")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
    live = apply(
        None, {**quota, "spec": {"hard": {"cpu": "1"}}}, manager="me", schema=schema, now=NOW
    ).object
    config = {**quota, "spec": {"hard": {"cpu": "1000m"}}}
    assert apply(live, config, manager="me", schema=schema, now=LATER).object is live


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"nmber": 1}, ".spec.nmber: field not declared in schema"),
        ({"names": ["a", "a"]}, 'duplicate entries for key [="a"]'),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, 'duplicate entries for key [name="a"]'),
        ({"parts": [{"size": 1}]}, 'omits all key fields ["name"]'),
        (
            {"parts": [None]},
            ".spec.parts: element 0: associative list with keys may not have a null",
        ),
        (
            {"parts": ["a"]},
            ".spec.parts: element 0: associative list with keys may not have non-map",
        ),
        (
            {"names": [None]},
            "element 0: associative list without keys has an element that's an expl",
        ),
        (
            {"names": [{}]},
            "element 0: associative list without keys has an element that's a map type",
        ),
        ({"names": [[]]}, "element 0: not supported: associative list with lists as elements"),
        ({"text": 1}, ".spec.text: expected string, got int"),
        ({"number": "1"}, ".spec.number: expected numeric (int or float), got string"),
        ({"parts": [{"name": "a", "sze": 1}]}, '.spec.parts[name="a"].sze: field not declared'),
        ({"parts": {"a": 1}}, ".spec.parts: expected list"),
        ({"labels": "x"}, ".spec.labels: expected map"),
        ({"number": {"a": 1}}, ".spec.number: expected numeric (int or float), got map"),
    ],
)
def test_a_configuration_outside_the_schema_is_refused(spec: Object, problem: str) -> None:
    """The error names the object and the place."""
    with pytest.raises(UndeclaredError) as caught:
        applied(None, thing(spec))
    assert problem in caught.value.message
    assert "(/one; example.com/v1, Kind=Thing)" in caught.value.message


def test_ownership_inside_a_value_that_became_atomic_is_of_the_whole() -> None:
    """An old entry that reaches into it still conflicts with who changes it."""
    live = thing({"fixed": {"a": "x"}})
    live["metadata"]["managedFields"] = [
        {
            "manager": "other",
            "operation": "Apply",
            "apiVersion": "example.com/v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:fixed": {"f:a": {}}}},
        }
    ]
    result = applied(live, thing({"fixed": {"a": "y"}}), force=False)
    assert [one.path for one in result.conflicts] == [".spec.fixed"]


def test_a_change_of_version_is_written() -> None:
    """The same fields applied through another version move the entry to that version."""
    live = applied(None, thing({"number": 1})).object
    newer = applied(live, {**thing({"number": 1}), "apiVersion": "example.com/v2"}).object
    versions = [one["apiVersion"] for one in newer["metadata"]["managedFields"]]
    assert versions == ["example.com/v2"]


def test_entries_of_versions_that_are_gone_are_dropped() -> None:
    """Their fields are nobody's, so nothing conflicts and nothing is taken out."""
    live = applied(None, thing({"number": 1, "text": "x"}), "other").object
    kinds = {"manager": "me", "schema": THING, "now": NOW}
    gone = apply(live, thing({"number": 2}), versions={"example.com/v2"}, **kinds)
    assert gone.conflicts == ()
    assert set(owners(gone.object)) == {"me"}
    kept = apply(live, thing({"number": 2}), versions={"example.com/v1"}, **kinds)
    assert [one.path for one in kept.conflicts] == [".spec.number"]
    new = {**live, "spec": {"number": 3, "text": "x"}}
    after = update(live, new, versions=["example.com/v2"], **kinds)
    assert set(owners(after)) == {"me"}


def test_status_is_nobodys_through_the_main_endpoint() -> None:
    """An apply neither writes nor owns status where it is a subresource, and the reverse."""
    config = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "labels": {"a": "b"}},
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    main = apply(None, config, manager="me", schema=DEPLOYMENT, now=NOW).object
    assert "status" not in main
    status = apply(
        main,
        {**config, "spec": {"replicas": 9}},
        manager="me",
        schema=DEPLOYMENT,
        now=NOW,
        subresource="status",
    ).object
    assert (status["spec"], status["status"]) == ({"replicas": 1}, {"replicas": 1})
    entries = read_managers(status["metadata"]["managedFields"])
    assert [one.subresource for one in entries.values()] == ["", "status"]
    again = apply(status, config, manager="me", schema=DEPLOYMENT, now=LATER)
    assert again.object is status


class TestUpdates:
    """What create, PUT and the other patches leave in managedFields."""

    def test_a_creator_owns_what_it_created(self) -> None:
        """Fields of the system are nobody's; maps are owned as well as their entries."""
        new = thing({"labels": {"x": "y"}})
        live = update(None, new, manager="me", schema=THING, now=NOW)
        assert live["metadata"]["managedFields"] == [
            {
                "manager": "me",
                "operation": "Update",
                "apiVersion": "example.com/v1",
                "time": NOW,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {".": {}, "f:labels": {".": {}, "f:x": {}}}},
            }
        ]

    def test_a_field_of_a_built_in_struct_does_not_own_the_struct(self) -> None:
        """Structs that a server always writes are there before anybody adds them."""
        new = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c"}]}}},
        }
        live = update(None, new, manager="me", schema=DEPLOYMENT, now=NOW)
        assert live["metadata"]["managedFields"][0]["fieldsV1"] == {
            "f:spec": {
                "f:replicas": {},
                "f:template": {
                    "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}
                },
            }
        }

    def test_an_update_takes_the_fields_it_changes(self) -> None:
        """Others lose what was changed or removed under them."""
        live = applied(None, thing({"number": 1, "text": "x", "whole": ["a"]}), "first").object
        new = {**live, "spec": {"number": 2, "whole": ["a"]}}
        after = update(live, new, manager="second", schema=THING, now=LATER)
        assert owners(after) == {
            "first": {("f:spec", "f:whole")},
            "second": {("f:spec", "f:number")},
        }

    def test_an_update_that_changes_nothing_leaves_everything(self) -> None:
        """Entries and their times stay."""
        live = update(None, thing({"number": 1}), manager="me", schema=THING, now=NOW)
        assert update(live, dict(live), manager="me", schema=THING, now=LATER) == live

    @pytest.mark.parametrize("reset", [[], [{}]])
    def test_an_empty_list_resets_ownership(self, reset: list[Any]) -> None:
        """The way out for who wants to start over."""
        live = applied(None, thing({"number": 1})).object
        new = {**live, "metadata": {"name": "one", "managedFields": reset}}
        assert (
            "managedFields" not in update(live, new, manager="x", schema=THING, now=NOW)["metadata"]
        )

    def test_entries_left_out_are_kept(self) -> None:
        """A PUT without managedFields does not disown anybody."""
        live = applied(None, thing({"number": 1})).object
        after = update(live, thing({"number": 1}), manager="x", schema=THING, now=NOW)
        assert owners(after) == owners(live)

    def test_malformed_entries_are_ignored(self) -> None:
        """Nonsense in the request leaves the live entries."""
        live = applied(None, thing({"number": 1})).object
        good = {"operation": "Apply", "manager": "x"}
        for nonsense in (
            [{"operation": "Spam"}],
            ["x"],
            "x",
            [{**good, "fieldsV1": 1}],
            [{**good, "fieldsV1": {"spec": {}}}],
            [{**good, "fieldsV1": {"k:[]": {}}}],
            [{**good, "fieldsV1": {"v:{": {}}}],
            [{**good, "fieldsV1": {"i:x": {}}}],
            [{**good, "fieldsV1": {"f:a": [1]}}],
            [{**good, "fieldsType": "FieldsV2"}],
            [{**good, "manager": 1}],
        ):
            new = {**live, "metadata": {"name": "one", "managedFields": nonsense}}
            after = update(live, new, manager="x", schema=THING, now=NOW)
            assert owners(after) == owners(live)

    def test_steps_are_read_whatever_their_spelling(self) -> None:
        """Keys in another order are the same keys; sorts that nobody knows are left out."""
        written = {'k:{"b": 1.0, "a":"x"}': {"f:c": {}}, "i:0": {}, 'v:"z"': {}, "z:new": {}}
        entry = {"operation": "Update", "manager": "x", "fieldsV1": {"f:l": written}}
        (read,) = read_managers([entry]).values()
        steps = {'k:{"a":"x","b":1}': {"f:c": {}}, "i:0": {}, 'v:"z"': {}}
        assert read.fields == {"f:l": steps}

    def test_what_nobody_tracks_stays_untracked_until_it_is_applied(self) -> None:
        """An update of an object without entries makes none."""
        live = {**thing({"number": 1}), "metadata": {"name": "one", "uid": "u"}}
        new = {**live, "spec": {"number": 2}}
        assert update(live, new, manager="x", schema=THING, now=NOW) == new
        tracked = applied(live, thing({"number": 3})).object
        assert set(owners(tracked)) == {"me", "before-first-apply"}

    def test_taking_fields_out_is_no_change_of_the_own_entry(self) -> None:
        """Its time stays; fields that went are nobody's."""
        live = update(None, thing({"number": 1, "text": "x"}), manager="me", schema=THING, now=NOW)
        left = update(live, {**live, "spec": {"text": "x"}}, manager="me", schema=THING, now=LATER)
        assert owners(left)["me"] == {("f:spec",), ("f:spec", "f:text")}
        assert left["metadata"]["managedFields"][0]["time"] == NOW

    def test_the_status_endpoint_owns_status_only(self) -> None:
        """Other differences of the request are not its business."""
        live = update(
            None,
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "d"},
                "spec": {"replicas": 1},
            },
            manager="me",
            schema=DEPLOYMENT,
            now=NOW,
        )
        new = {**live, "spec": {"replicas": 2}, "status": {"replicas": 1}}
        after = update(
            live, new, manager="controller", schema=DEPLOYMENT, now=NOW, subresource="status"
        )
        assert owners(after)["controller"] == {("f:status", "f:replicas")}

    def test_more_than_ten_updaters_are_merged_from_the_oldest(self) -> None:
        """Their fields go to ancient-changes; none is lost."""
        live = update(None, thing({"labels": {"l": "x"}}), manager="m", schema=THING, now=NOW)
        for number in range(12):
            labels = {**live["spec"]["labels"], f"l{number}": "x"}
            live = update(
                live,
                {**live, "spec": {"labels": labels}},
                manager=f"m{number}",
                schema=THING,
                now=f"2026-01-02T03:05:{number:02}Z",
            )
        assert len(owners(live)) == 10
        ancient = owners(live)["ancient-changes"]
        assert {path[-1] for path in ancient} == {
            "f:spec",
            "f:labels",
            "f:l",
            "f:l0",
            "f:l1",
            "f:l2",
        }


class TestTakeOver:
    """How kubectl gets from client-side to server-side apply."""

    CONFIG = thing({"number": 1})

    def live(self, last: Any) -> Object:
        """Return an object that client-side apply made."""
        text = last if isinstance(last, str) else json.dumps(last)
        made = {**self.CONFIG, "metadata": {"name": "one", "annotations": {LAST_APPLIED: text}}}
        return update(None, made, manager="kubectl-client-side-apply", schema=THING, now=NOW)

    def test_kubectl_takes_what_it_applied_before_and_remembers_the_new(self) -> None:
        """No conflict, and the annotation is as client-side apply would write it."""
        wanted = thing({"number": 2, "text": "<"})
        done = applied(self.live(self.CONFIG), wanted, "kubectl", force=False)
        assert done.conflicts == ()
        assert done.object["metadata"]["annotations"][LAST_APPLIED] == (
            '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"one"},'
            '"spec":{"number":2,"text":"\\u003c"}}\n'
        )
        assert ("f:spec", "f:number") in owners(done.object)["kubectl"]

    @pytest.mark.parametrize(
        ("last", "manager"),
        [
            pytest.param(CONFIG, "somebody", id="another manager"),
            pytest.param({**CONFIG, "apiVersion": "example.com/v2"}, "kubectl", id="version"),
            pytest.param(thing({"number": 5}), "kubectl", id="changed since"),
            pytest.param(thing({}), "kubectl", id="never applied"),
            pytest.param("{", "kubectl", id="no JSON"),
            pytest.param("[]", "kubectl", id="no object"),
        ],
    )
    def test_what_client_side_apply_does_not_own_stays_a_conflict(
        self, last: Any, manager: str
    ) -> None:
        """Only kubectl takes over, and only fields that are as it left them."""
        done = applied(self.live(last), thing({"number": 2}), manager, force=False)
        assert [one.path for one in done.conflicts] == [".spec.number"]

    def test_a_configuration_too_large_for_an_annotation_is_forgotten(self) -> None:
        """As client-side apply does; the object is applied all the same."""
        wanted = thing({"number": 1, "text": "x" * 300_000})
        done = applied(self.live(self.CONFIG), wanted, "kubectl", force=False)
        assert LAST_APPLIED not in done.object["metadata"]["annotations"]

    def test_a_configuration_is_remembered_without_its_own_memory(self) -> None:
        """Else it would grow with every apply."""
        wanted = thing({"number": 1})
        wanted["metadata"]["annotations"] = {LAST_APPLIED: "old", "a": "b"}
        done = applied(self.live(self.CONFIG), wanted, "kubectl")
        remembered = json.loads(done.object["metadata"]["annotations"][LAST_APPLIED])
        assert remembered["metadata"]["annotations"] == {"a": "b"}


def test_who_writes_an_object_owns_nothing_of_a_status_that_has_its_own_endpoint() -> None:
    """Whatever status is sent along; and nobody loses a field of it."""
    schema = schema_for("apps/v1", "Deployment")
    before = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "uid": "1"},
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    live = update(None, before, manager="a", schema=schema, now=NOW)
    live = update(
        live,
        {**live, "status": {"replicas": 2}},
        manager="controller",
        schema=schema,
        now=NOW,
        subresource="status",
    )
    sent = {**live, "spec": {"replicas": 3}, "status": {"replicas": 4, "readyReplicas": 4}}
    after = update(live, sent, manager="user", schema=schema, now=LATER)
    assert owners(after)["user"] == {("f:spec", "f:replicas")}
    assert owners(after)["controller"] == owners(live)["controller"] != set()
