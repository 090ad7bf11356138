"""What a sync does: waves in order, drift healed, removed files pruned, failures tried again."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.apimachinery.defaulting import default
from ruleengine.model.actions import Verb
from ruleengine.model.decisions import Refusal, Stop
from ruleengine.model.names import ARGO_TRACKING, ORIGIN
from tests.environments.worlds import (
    APPLICATION,
    AUTOMATED,
    MemoryWorld,
    application,
    config_map,
    deployment,
    finish_deployment,
    finish_job,
    job,
    target,
    world_of,
)


def _conditions(world: MemoryWorld) -> str:
    return " ".join(one["message"] for one in world.status("conditions") or [])


def test_the_first_sync_creates_what_the_source_declares() -> None:
    """An automated application ends Synced and Healthy, and says so."""
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")})
    following = world.settle()
    assert following.stop is Stop.DONE
    assert world.names(Verb.APPLY) == ["a", "b"]
    assert world.status("sync", "status") == "Synced"
    assert world.status("health", "status") == "Healthy"
    assert world.status("operationState", "phase") == "Succeeded"
    assert world.status("sync", "revision") == world.head


def test_every_applied_object_says_which_application_it_belongs_to() -> None:
    """The tracking annotation is Argo CD's, and the namespace that of the destination."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    value = world.objects[target("ConfigMap", "a")]
    assert value["metadata"]["annotations"][ARGO_TRACKING] == "shop:/ConfigMap:staging/a"


def test_a_settled_application_is_left_alone() -> None:
    """Deciding again on an unchanged world writes nothing, whatever the time."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    world.now += timedelta(hours=3)
    decision = world.decide()
    assert decision.actions == ()
    assert decision.status == world.status()


def test_nothing_is_decided_before_the_source_is_rendered() -> None:
    """Without an answer there is a request, and the status is left alone."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.answers = False
    decision = world.decide()
    assert [one.kind for one in decision.requests] == ["render"]
    assert decision.status is None
    assert decision.next.stop is Stop.ON


def test_waves_are_applied_in_order_and_wait_for_health() -> None:
    """A later wave is not begun before the earlier one is healthy."""
    world = world_of(
        {
            "apps/shop/late.yaml": config_map("late", sync_wave="5"),
            "apps/shop/web.yaml": deployment("web"),
            "apps/shop/early.yaml": config_map("early", sync_wave="-1"),
        }
    )
    following = world.settle()
    assert following.stop is Stop.ON
    assert world.names(Verb.APPLY) == ["early", "web"]
    finish_deployment(world, "web")
    assert world.settle().stop is Stop.DONE
    assert world.names(Verb.APPLY) == ["early", "web", "late"]


def test_within_a_wave_kinds_come_in_their_order() -> None:
    """What others need comes first: accounts, then settings, then services, then workloads."""
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n"
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: z}\n"
    world = world_of(
        {
            "apps/shop/1.yaml": deployment("web"),
            "apps/shop/2.yaml": service,
            "apps/shop/3.yaml": config_map("m"),
            "apps/shop/4.yaml": account,
        }
    )
    world.turn()
    assert world.names(Verb.APPLY) == []  # that it begins is written down first
    world.turn()
    assert world.names(Verb.APPLY) == ["z", "m", "s", "web"]


def test_an_application_waits_for_the_health_of_what_it_applied() -> None:
    """The sync is over, and the application still progresses until its workload is there."""
    world = world_of({"apps/shop/web.yaml": deployment("web")})
    following = world.settle()
    assert world.status("operationState", "phase") == "Succeeded"
    assert world.status("health", "status") == "Progressing"
    assert following.stop is Stop.ON
    assert [one.name for one in following.targets] == ["web"]
    finish_deployment(world, "web")
    assert world.settle().stop is Stop.DONE
    assert world.status("summary", "images") == ["example.com/x:1"]


def test_drift_is_healed_and_only_the_drifted_object_is_written() -> None:
    """Self-heal syncs what differs, without hooks and without a history entry."""
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")})
    world.settle()
    world.written.clear()
    one = target("ConfigMap", "a")
    world.put({**world.objects[one], "data": {"key": "by hand"}})
    world.settle()
    assert world.names(Verb.APPLY) == ["a"]
    assert world.objects[one]["data"] == {"key": "one"}
    assert len(world.status("history")) == 1


def test_the_next_self_heal_waits_longer() -> None:
    """Somebody who fights the reconciler is answered later and later."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    one = target("ConfigMap", "a")
    for _ in range(2):
        world.put({**world.objects[one], "data": {"key": "by hand"}})
        following = world.settle()
    assert following.stop is Stop.AT
    assert following.time == world.now + timedelta(seconds=2)
    world.wait(following)
    world.settle()
    assert world.objects[one]["data"] == {"key": "one"}


def test_without_self_heal_drift_is_shown_and_left() -> None:
    """Drift after a successful sync waits for a human."""
    files = {"apps/shop/a.yaml": config_map("a")}
    world = world_of(files, application(automated={"prune": True}))
    world.settle()
    one = target("ConfigMap", "a")
    world.put({**world.objects[one], "data": {"key": "by hand"}})
    following = world.settle()
    assert following.stop is Stop.FOR
    assert world.status("sync", "status") == "OutOfSync"
    assert world.objects[one]["data"] == {"key": "by hand"}


def test_a_field_that_nobody_declares_is_no_drift() -> None:
    """What others add to an object is theirs."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    one = target("ConfigMap", "a")
    world.put({**world.objects[one], "data": {"key": "one", "extra": "theirs"}})
    world.settle()
    assert world.status("sync", "status") == "Synced"


def test_a_field_removed_from_the_source_is_removed() -> None:
    """What we declared once and declare no more goes away."""
    text = config_map("a").replace("{key: one}", "{key: one, gone: soon}")
    world = world_of({"apps/shop/a.yaml": text})
    world.settle()
    world.commit({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    assert world.objects[target("ConfigMap", "a")]["data"] == {"key": "one"}


def test_a_removed_file_is_pruned() -> None:
    """What the source no longer declares goes away with the next revision."""
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")})
    world.settle()
    world.commit({"apps/shop/a.yaml": config_map("a")})
    assert world.settle().stop is Stop.DONE
    assert target("ConfigMap", "b") not in world.objects
    results = world.status("operationState", "syncResult", "resources")
    assert [one["status"] for one in results if one["name"] == "b"] == ["Pruned"]


def test_with_prune_off_a_removed_file_leaves_the_application_out_of_sync() -> None:
    """Nothing is removed that nobody asked to remove."""
    files = {"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")}
    world = world_of(files, application(automated={"selfHeal": True}))
    world.settle()
    world.commit({"apps/shop/a.yaml": config_map("a")})
    following = world.settle()
    assert following.stop is Stop.FOR
    assert world.status("sync", "status") == "OutOfSync"
    assert target("ConfigMap", "b") in world.objects


def test_an_object_may_say_that_it_is_never_pruned() -> None:
    """Prune=false keeps it; the sync succeeds and the application stays out of sync."""
    kept = config_map("b", sync_options="Prune=false")
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": kept})
    world.settle()
    world.commit({"apps/shop/a.yaml": config_map("a", "two")})
    world.settle()
    assert target("ConfigMap", "b") in world.objects
    assert world.status("operationState", "phase") == "Succeeded"
    assert world.status("sync", "status") == "OutOfSync"


def test_prunes_run_in_mirrored_waves() -> None:
    """What came up last goes first."""
    files = {f"apps/shop/{n}.yaml": config_map(f"m{n}", sync_wave=str(n)) for n in (0, 1, 2)}
    kept = {"apps/shop/keep.yaml": config_map("keep")}
    world = world_of(files | kept)
    world.settle()
    world.commit(kept)
    world.settle()
    assert world.names(Verb.DELETE) == ["m2", "m1", "m0"]


def test_an_emptied_folder_prunes_nothing_and_says_why() -> None:
    """The source that renders nothing where there was something looks like a mistake."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    world.commit({"apps/shop/README.md": "moved"})
    following = world.settle()
    assert following.stop is Stop.FOR
    assert target("ConfigMap", "a") in world.objects
    assert "environment-prune-refused" in _conditions(world)


def test_an_emptied_folder_is_pruned_where_that_is_allowed() -> None:
    """``allowEmpty`` says that it is no mistake."""
    policy = {**AUTOMATED, "allowEmpty": True}
    world = world_of({"apps/shop/a.yaml": config_map("a")}, application(automated=policy))
    world.settle()
    world.commit({"apps/shop/README.md": "moved"})
    world.settle()
    assert target("ConfigMap", "a") not in world.objects


@pytest.mark.parametrize(("kept", "refused"), [(4, True), (5, False)])
def test_more_than_half_of_ten_objects_are_not_pruned_at_once(kept: int, refused: bool) -> None:
    """The floor under prune holds from ten objects on."""
    files = {f"apps/shop/{n}.yaml": config_map(f"m{n}") for n in range(10)}
    world = world_of(files)
    world.settle()
    world.commit(dict(list(files.items())[:kept]))
    world.settle()
    assert bool(world.names(Verb.DELETE)) is not refused
    assert ("environment-prune-refused" in _conditions(world)) is refused


def test_a_folder_that_vanished_prunes_nothing() -> None:
    """A source that cannot be rendered leaves the state unknown and everything in place."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    world.commit({"apps/other/a.yaml": config_map("a")})
    world.settle()
    assert world.status("sync", "status") == "Unknown"
    assert world.status("health", "status") == "Unknown"
    assert "render-path-missing" in _conditions(world)
    assert target("ConfigMap", "a") in world.objects
    assert [one["status"] for one in world.status("resources")] == ["Unknown"]


def test_a_broken_manifest_prunes_nothing() -> None:
    """One file with an error stops the sync of the whole application."""
    files = {"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")}
    world = world_of(files)
    world.settle()
    world.commit({**files, "apps/shop/b.yaml": config_map("b") + "  broken: [\n"})
    world.settle()
    assert world.status("sync", "status") == "Unknown"
    assert world.names(Verb.DELETE) == []


def test_a_refused_object_fails_the_sync_which_is_tried_again() -> None:
    """The failure is named, the next try comes after the backoff, and ends well when it can."""
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/bad.yaml": config_map("bad")})
    world.refused.add("bad")
    following = world.settle()
    assert following.stop is Stop.AT
    assert following.time == world.now + timedelta(seconds=5)
    assert "ConfigMap/staging/bad" in str(world.status("operationState", "message"))
    world.refused.clear()
    world.wait(following)
    assert world.settle().stop is Stop.DONE
    assert world.status("operationState", "phase") == "Succeeded"


def test_a_sync_that_keeps_failing_ends_failed_and_is_not_tried_again() -> None:
    """After its retries the revision counts as attempted, until somebody commits."""
    policy = {"automated": AUTOMATED, "retry": {"limit": 1}}
    world = world_of({"apps/shop/bad.yaml": config_map("bad")}, application(**policy))
    world.refused.add("bad")
    world.wait(world.settle())
    following = world.settle()
    assert following.stop is Stop.FOR
    assert world.status("operationState", "phase") == "Failed"
    assert "environment-sync-failed" in _conditions(world)
    world.refused.clear()
    world.commit({"apps/shop/bad.yaml": config_map("bad", "two")})
    assert world.settle().stop is Stop.DONE


def test_what_the_server_refuses_for_good_ends_the_sync() -> None:
    """In the server's own words, and without a retry that nobody asked for."""
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/bad.yaml": config_map("bad")})
    world.refused.add("bad")
    world.refusals["bad"] = Refusal('ConfigMap "bad" is invalid', final=True)
    assert world.settle().stop is Stop.FOR
    assert world.status("operationState", "phase") == "Failed"
    assert 'ConfigMap "bad" is invalid' in str(world.status("operationState", "message"))
    assert target("ConfigMap", "a") in world.objects
    assert "environment-sync-failed" in _conditions(world)


@pytest.mark.parametrize(
    ("policy", "final"), [({"retry": {"limit": 1}}, True), ({}, False)], ids=["asked", "passing"]
)
def test_a_refusal_is_tried_again_where_asked_or_where_it_may_pass(
    policy: dict[str, object], final: bool
) -> None:
    """Argo CD's own retries are for what may pass by itself."""
    files = {"apps/shop/bad.yaml": config_map("bad")}
    world = world_of(files, application(automated=AUTOMATED, **policy))
    world.refused.add("bad")
    world.refusals["bad"] = Refusal("no", final=final)
    assert world.settle().stop is Stop.AT


def test_a_new_revision_supersedes_a_sync_that_waits_for_its_retry() -> None:
    """Nobody waits for the retry of a revision that is not desired any more."""
    world = world_of(
        {"apps/shop/a.yaml": config_map("good"), "apps/shop/b.yaml": config_map("bad")}
    )
    world.refused.add("bad")
    waits = world.settle()
    assert waits.stop is Stop.AT
    first = world.head
    second = world.commit({"apps/shop/a.yaml": config_map("good")})
    assert world.settle().stop is Stop.DONE
    assert world.status("sync", "status") == "Synced"
    assert world.status("operationState", "phase") == "Failed"
    assert world.status("operationState", "message") == f"superseded by {second}"
    world.refused.clear()
    world.head = first
    assert world.settle().stop is Stop.DONE
    assert world.status("operationState", "phase") == "Succeeded"
    assert world.status("operationState", "syncResult", "revision") == first


def test_a_superseded_sync_is_followed_by_one_of_the_new_revision() -> None:
    """What is out of sync at the new revision is synced at once, not after the back-off."""
    world = world_of({"apps/shop/b.yaml": config_map("bad")})
    world.refused.add("bad")
    world.settle()
    started = world.now
    second = world.commit({"apps/shop/b.yaml": config_map("better")})
    assert world.settle().stop is Stop.DONE
    assert world.now == started
    assert world.status("operationState", "phase") == "Succeeded"
    assert world.status("operationState", "syncResult", "revision") == second


def test_a_sync_by_hand_keeps_its_revision_while_it_waits_for_its_retry() -> None:
    """A human asked for exactly that revision."""
    world = world_of({"apps/shop/b.yaml": config_map("bad")}, application())
    world.refused.add("bad")
    first = world.head
    request = {"sync": {"revision": first}, "retry": {"limit": 3}}
    world.put({**world.application(), "operation": request})
    assert world.settle().stop is Stop.AT
    world.commit({"apps/shop/b.yaml": config_map("better")})
    assert world.settle().stop is Stop.AT
    assert world.status("operationState", "phase") == "Running"
    assert world.status("operationState", "syncResult", "revision") == first


def test_a_degraded_object_of_an_early_wave_fails_the_sync() -> None:
    """Later waves are not applied over a broken foundation."""
    world = world_of(
        {
            "apps/shop/web.yaml": deployment("web"),
            "apps/shop/late.yaml": config_map("late", sync_wave="1"),
        },
        application(automated=AUTOMATED, retry={"limit": 0}),
    )
    world.settle()
    one = target("Deployment", "web", "apps/v1")
    stuck = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no image"}
    world.put({**world.objects[one], "status": {"conditions": [stuck]}})
    world.settle()
    assert world.status("operationState", "phase") == "Failed"
    assert world.status("health", "status") == "Degraded"
    assert world.names(Verb.APPLY) == ["web"]


def test_without_automation_an_application_waits_for_a_human() -> None:
    """Nothing is applied; the resources are listed as out of sync and missing."""
    world = world_of({"apps/shop/a.yaml": config_map("a")}, application())
    following = world.settle()
    assert following.stop is Stop.FOR
    assert world.written == []
    assert world.status("sync", "status") == "OutOfSync"
    assert world.status("health", "status") == "Missing"


def test_a_sync_asked_for_by_hand_is_done_once() -> None:
    """The request is written down, taken away, and done."""
    value = application() | {"operation": {"sync": {"prune": True}}}
    world = world_of({"apps/shop/a.yaml": config_map("a")}, value)
    assert world.settle().stop is Stop.DONE
    assert world.names(Verb.APPLY) == ["a"]
    assert "operation" not in world.application()
    assert world.status("operationState", "phase") == "Succeeded"
    assert len(world.status("history")) == 1


def test_a_sync_by_hand_of_an_older_revision_brings_that_one() -> None:
    """The operation is pinned; afterwards the application is out of sync with its head."""
    world = world_of({"apps/shop/a.yaml": config_map("a", "old")}, application())
    old = world.head
    world.commit({"apps/shop/a.yaml": config_map("a", "new")})
    world.put({**world.application(), "operation": {"sync": {"revision": old}}})
    world.settle()
    assert world.objects[target("ConfigMap", "a")]["data"] == {"key": "old"}
    assert world.status("sync", "status") == "OutOfSync"
    assert world.status("operationState", "syncResult", "revision") == old


def test_the_destination_namespace_is_created_where_asked() -> None:
    """It comes before everything that lives in it, and is not tracked."""
    value = application(automated=AUTOMATED, syncOptions=["CreateNamespace=true"])
    world = world_of({"apps/shop/a.yaml": config_map("a")}, value)
    world.settle()
    assert world.names(Verb.APPLY) == ["staging", "a"]
    namespace = world.objects[target("Namespace", "staging", namespace="")]
    assert "annotations" not in namespace["metadata"]


def test_a_hook_runs_before_the_sync_and_is_waited_for() -> None:
    """PreSync first; the resources follow once the hook has succeeded."""
    world = world_of(
        {"apps/shop/a.yaml": config_map("a"), "apps/shop/h.yaml": job("before", hook="PreSync")}
    )
    world.settle()
    assert world.names(Verb.APPLY) == ["before"]
    finish_job(world, "before")
    world.settle()
    assert world.names(Verb.APPLY) == ["before", "a"]
    assert world.status("sync", "status") == "Synced"


def test_a_failed_hook_fails_the_sync() -> None:
    """Nothing is applied behind a failed PreSync hook."""
    world = world_of(
        {"apps/shop/a.yaml": config_map("a"), "apps/shop/h.yaml": job("before", hook="PreSync")},
        application(automated=AUTOMATED, retry={"limit": 0}),
    )
    world.settle()
    finish_job(world, "before", "Failed")
    world.settle()
    assert world.status("operationState", "phase") == "Failed"
    assert world.names(Verb.APPLY) == ["before"]


def test_a_hook_is_made_anew_for_each_sync() -> None:
    """The hook of an earlier sync goes before the next one runs it again."""
    files = {"apps/shop/a.yaml": config_map("a"), "apps/shop/h.yaml": job("h", hook="PostSync")}
    world = world_of(files)
    world.settle()
    finish_job(world, "h")
    world.settle()
    world.now += timedelta(minutes=1)
    world.commit({**files, "apps/shop/a.yaml": config_map("a", "two")})
    world.settle()
    assert world.names(Verb.DELETE) == ["h"]
    assert world.names(Verb.APPLY) == ["a", "h", "a", "h"]
    finish_job(world, "h")
    assert world.settle().stop is Stop.DONE


def test_a_hook_that_succeeded_is_deleted_where_asked() -> None:
    """The delete policy HookSucceeded takes it away at the end."""
    text = job("h", hook="PostSync", hook_delete_policy="HookSucceeded")
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/h.yaml": text})
    world.settle()
    finish_job(world, "h")
    assert world.settle().stop is Stop.DONE
    assert target("Job", "h", "batch/v1") not in world.objects


def test_a_sync_fail_hook_runs_only_after_a_failure() -> None:
    """The sync ends failed once the hook is through."""
    world = world_of(
        {
            "apps/shop/bad.yaml": config_map("bad"),
            "apps/shop/h.yaml": job("alarm", hook="SyncFail"),
        },
        application(automated=AUTOMATED, retry={"limit": 0}),
    )
    world.refused.add("bad")
    world.settle()
    assert world.names(Verb.APPLY) == ["bad", "alarm"]
    assert world.status("operationState", "phase") == "Running"
    finish_job(world, "alarm")
    world.settle()
    assert world.status("operationState", "phase") == "Failed"


def test_an_ignored_field_is_no_drift() -> None:
    """``ignoreDifferences`` by JSON pointer."""
    value = application(automated=AUTOMATED)
    value["spec"]["ignoreDifferences"] = [{"kind": "ConfigMap", "jsonPointers": ["/data/key"]}]
    world = world_of({"apps/shop/a.yaml": config_map("a")}, value)
    world.settle()
    one = target("ConfigMap", "a")
    world.put({**world.objects[one], "data": {"key": "by hand"}})
    world.settle()
    assert world.status("sync", "status") == "Synced"


def test_a_copy_that_carries_the_annotation_is_neither_drift_nor_pruned() -> None:
    """ReplicaSets inherit the annotations of their Deployment."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    copy = world.objects[target("ConfigMap", "a")]
    world.put({**copy, "metadata": {**copy["metadata"], "name": "copy"}})
    world.settle()
    assert world.status("sync", "status") == "Synced"
    assert target("ConfigMap", "copy") in world.objects


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sources": [{"path": "a"}]}, "environment-field-unsupported"),
        ({"project": "nowhere"}, "environment-project-missing"),
        ({"destination": {"server": "https://other"}}, "environment-cluster-unknown"),
        ({"syncPolicy": {"retry": {"limit": "many"}}}, "environment-field-invalid"),
        ({"source": {"path": "apps/shop", "helm": {}}}, "render-source-unsupported"),
    ],
)
def test_what_cannot_be_honoured_stops_everything_and_says_so(change: dict, code: str) -> None:
    """The state is unknown, nothing is applied or pruned, and the condition names the remedy."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    world.written.clear()
    value = world.application()
    world.put({**value, "spec": {**value["spec"], **change}})
    following = world.settle()
    assert following.stop is Stop.FOR
    assert world.written == []
    assert code in _conditions(world)
    assert world.status("health", "status") == "Unknown"


def test_a_project_that_does_not_permit_a_kind_stops_the_sync() -> None:
    """Cluster-scoped kinds have to be listed."""
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "team", "namespace": "ruleengine"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "staging"}]},
    }
    value = application(automated=AUTOMATED)
    value["spec"]["project"] = "team"
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"
    world = world_of({"apps/shop/a.yaml": config_map("a"), "apps/shop/r.yaml": role}, value)
    world.put(project)
    world.settle()
    assert world.written == []
    assert "environment-project-denied" in _conditions(world)


def _deleted(world: MemoryWorld, *finalizers: str) -> None:
    value = world.application()
    metadata = {
        **value["metadata"],
        "deletionTimestamp": "2026-01-02T04:00:00Z",
        "finalizers": list(finalizers),
    }
    world.put({**value, "metadata": metadata})


def test_a_deleted_application_takes_its_objects_along() -> None:
    """The highest wave goes first, the finalizer last."""
    files = {f"apps/shop/{n}.yaml": config_map(f"m{n}", sync_wave=str(n)) for n in (0, 1)}
    world = world_of(files)
    world.settle()
    _deleted(world, "resources-finalizer.argocd.argoproj.io", "other")
    world.settle()
    assert world.names(Verb.DELETE) == ["m1", "m0"]
    assert world.objects[APPLICATION]["metadata"]["finalizers"] == ["other"]


def test_a_deleted_application_without_the_finalizer_leaves_its_objects() -> None:
    """A non-cascading delete touches nothing."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    _deleted(world)
    world.settle()
    assert target("ConfigMap", "a") in world.objects


def test_an_uncommitted_change_is_a_new_revision() -> None:
    """Without automation of self-heal a changed working tree is still synced."""
    world = MemoryWorld()
    world.put(application(automated={"prune": True}))
    for text in ("one", "two"):
        tree = world.trees[world.commit({"apps/shop/a.yaml": config_map("a", text)})]
        world.trees["work"] = type(tree)(tree.content, "c0ffee", dirty=True)
        world.head = "work"
        assert world.settle().stop is Stop.DONE
        assert world.objects[target("ConfigMap", "a")]["data"] == {"key": text}


_WAVES = st.lists(st.integers(-2, 2), min_size=1, max_size=5)


@given(_WAVES, st.lists(st.booleans(), min_size=5, max_size=5))
def test_whatever_is_declared_settles_synced_and_stays_equal(
    waves: list[int], kept: list[bool]
) -> None:
    """Any waves, then any subset: it settles, and another look changes nothing."""
    files = {
        f"apps/shop/{n}.yaml": config_map(f"m{n}", sync_wave=str(wave))
        for n, wave in enumerate(waves)
    }
    world = world_of({**files, "apps/shop/base.yaml": config_map("base")})
    world.settle()
    subset = {path: text for (path, text), keep in zip(files.items(), kept, strict=False) if keep}
    world.commit({**subset, "apps/shop/base.yaml": config_map("base", "two")})
    assert world.settle(turns=80).stop is Stop.DONE
    live = {one.name for one in world.objects if one.kind == "ConfigMap"}
    assert len(live) == len(subset) + 1
    world.now += timedelta(days=1)
    assert world.decide().actions == ()
    assert world.decide().status == world.status()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["path", "limit", "namespace", "prune"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
_FIELDS = ["source", "destination", "syncPolicy", "project", "ignoreDifferences", "sources"]


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=3))
def test_wrong_user_data_never_raises(changes: dict) -> None:
    """Whatever stands in the spec, a decision comes out."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    value = world.application()
    world.put({**value, "spec": {**value["spec"], **changes}})
    world.turn()
    world.turn()


def test_a_folder_emptied_during_a_sync_is_not_pruned() -> None:
    """The floor holds at every step, not only when a sync begins."""
    world = MemoryWorld()
    world.put(application(automated=AUTOMATED))
    first = {
        "apps/shop/a.yaml": deployment("a"),
        "apps/shop/b.yaml": config_map("b", sync_wave="1"),
    }
    for files in (first, {"apps/shop/README.md": "moved"}):
        tree = world.trees[world.commit(files)]
        world.trees["work"] = type(tree)(tree.content, "c0ffee", dirty=True)
        world.head = "work"
        world.settle()
    assert world.names(Verb.DELETE) == []
    assert "environment-prune-refused" in str(world.status("operationState", "message"))


def test_an_object_knows_its_file_and_a_moved_line_is_no_drift() -> None:
    """The origin is written with the object, and never a reason to write it."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.settle()
    one = target("ConfigMap", "a")
    assert world.objects[one]["metadata"]["annotations"][ORIGIN] == "apps/shop/a.yaml:1"
    world.written.clear()
    world.commit({"apps/shop/a.yaml": "# a comment more\n" + config_map("a")})
    assert world.settle().stop is Stop.DONE
    assert world.written == []


@pytest.mark.parametrize(
    ("option", "noted"), [("CreateNamespace=true", False), ("CreateNamspace=true", True)]
)
def test_a_sync_option_that_does_nothing_is_noted(option: str, noted: bool) -> None:
    """Nothing is ignored silently, and a warning does not stop the sync."""
    value = application(automated=AUTOMATED, syncOptions=[option])
    world = world_of({"apps/shop/a.yaml": config_map("a")}, value)
    assert world.settle().stop is Stop.DONE
    assert ("environment-option-ignored" in _conditions(world)) is noted


def test_what_a_server_fills_in_is_no_drift() -> None:
    """Defaults, canonical quantities and encoded secrets are as good as what was written."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: one}\n"
    text = deployment("web").replace("x:1'", "x:1', resources: {limits: {cpu: 1000m}}")
    world = world_of({"apps/shop/web.yaml": text, "apps/shop/s.yaml": secret})
    world.settle()
    one = target("Deployment", "web", "apps/v1")
    stored = default(world.objects[one])
    stored = json.loads(json.dumps(stored).replace('"1000m"', '"1"'))
    world.put(stored)
    world.put(default(world.objects[target("Secret", "s")]))
    world.settle()
    assert '"cpu": "1"' in json.dumps(stored)
    assert "stringData" not in world.objects[target("Secret", "s")]
    assert world.status("sync", "status") == "Synced"


_WRONG = st.recursive(
    st.none() | st.integers(-1, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "containers", "ports"]), inner, max_size=2)
    ),
    max_leaves=3,
)


@given(st.sampled_from(["spec", "metadata", "data", "status", "rules", "template"]), _WRONG)
def test_a_malformed_manifest_never_raises(field: str, wrong: object) -> None:
    """A manifest with a field of a wrong type is compared, applied, and left to the server."""
    world = world_of({"apps/shop/web.yaml": deployment("web")})
    world.settle()
    value = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    if field != "template":
        value |= {field: wrong}
    else:
        value |= {"spec": {"template": wrong}}
    world.commit({"apps/shop/web.yaml": json.dumps(value)})
    world.decide()


_ODD = st.recursive(
    st.none() | st.integers(-1, 1) | st.sampled_from(["Running", "Failed", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "sync",
                    "resources",
                    "phase",
                    "operation",
                    "syncResult",
                    "syncOptions",
                    "retry",
                    "id",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)
_PARTS = ["operationState", "history", "conditions", "health", "resources", "sync", "summary"]


@given(_ODD, st.dictionaries(st.sampled_from(_PARTS), _ODD, max_size=3) | _ODD)
def test_an_odd_request_or_status_never_raises(operation: object, status: object) -> None:
    """Whoever edits these by hand gets a decision, not a crash."""
    world = world_of({"apps/shop/a.yaml": config_map("a")})
    world.put({**world.application(), "operation": operation, "status": status})
    world.turn()
    world.turn()


def test_findings_of_files_keep_their_place() -> None:
    """A condition names the file and the line of what is wrong."""
    world = world_of({"apps/shop/a.yaml": "kind: ConfigMap\nmetadata: {name: a}\n"})
    world.settle()
    assert "apps/shop/a.yaml:1" in _conditions(world)
