"""Sync options and requests by hand, each with what it changes."""

from datetime import timedelta

import pytest

from ruleengine.model.actions import Verb
from ruleengine.model.decisions import Stop
from ruleengine.model.names import ARGO_TRACKING
from ruleengine.model.times import format_time
from tests.environments.worlds import (
    AUTOMATED,
    MemoryWorld,
    application,
    config_map,
    deployment,
    job,
    target,
    world_of,
)

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def _request(world: MemoryWorld, **sync: object) -> None:
    world.put({**world.application(), "operation": {"sync": sync}})


def _approve(world: MemoryWorld) -> None:
    value = world.application()
    approved = {"argocd.argoproj.io/deletion-approved": format_time(world.now + timedelta(days=1))}
    world.put({**value, "metadata": {**value["metadata"], "annotations": approved}})


def test_a_dry_run_writes_nothing_and_leaves_no_history() -> None:
    """It says how much would change."""
    world = world_of({"apps/shop/a.yaml": config_map("a")}, application())
    _request(world, dryRun=True)
    world.settle()
    assert world.names(Verb.APPLY) == []
    assert "1 resources" in str(world.status("operationState", "message"))
    assert world.status("history") is None


def test_a_sync_of_some_resources_leaves_the_others() -> None:
    """No hooks run, and the history has no entry."""
    files = {
        "apps/shop/a.yaml": config_map("a"),
        "apps/shop/b.yaml": config_map("b"),
        "apps/shop/h.yaml": job("h", hook="PreSync"),
    }
    world = world_of(files, application())
    _request(world, resources=[{"kind": "ConfigMap", "name": "b"}])
    world.settle()
    assert world.names(Verb.APPLY) == ["b"]
    assert world.status("history") is None


def test_hooks_are_left_out_by_the_strategy_apply() -> None:
    """``syncStrategy.apply`` means resources only."""
    files = {"apps/shop/a.yaml": config_map("a"), "apps/shop/h.yaml": job("h", hook="PreSync")}
    world = world_of(files, application())
    _request(world, syncStrategy={"apply": {}})
    world.settle()
    assert world.names(Verb.APPLY) == ["a"]


def test_a_terminated_sync_ends_failed_and_removes_its_running_hooks() -> None:
    """It is not tried again."""
    world = world_of({"apps/shop/h.yaml": job("h", hook="PreSync")} | _two(), application())
    _request(world)
    world.settle()
    value = world.application()
    state = {**value["status"]["operationState"], "phase": "Terminating"}
    world.put({**value, "status": {**value["status"], "operationState": state}})
    world.settle()
    assert world.status("operationState", "phase") == "Failed"
    assert world.names(Verb.DELETE) == ["h"]


def _two() -> dict[str, str]:
    return {"apps/shop/a.yaml": config_map("a"), "apps/shop/b.yaml": config_map("b")}


def test_prune_last_waits_for_everything_else() -> None:
    """What goes, goes after the last wave that comes."""
    options = ["PruneLast=true"]
    world = world_of(_two(), application(automated=AUTOMATED, syncOptions=options))
    world.settle()
    world.written.clear()
    late = {"apps/shop/c.yaml": config_map("c", sync_wave="4")}
    world.commit({"apps/shop/a.yaml": config_map("a"), **late})
    world.settle()
    assert [one.target.name for one in world.written] == ["c", "b"]


def test_a_prune_that_needs_approval_waits_for_a_human() -> None:
    """The sync stays open until the annotation is there."""
    kept = config_map("b", sync_options="Prune=confirm")
    world = world_of({**_two(), "apps/shop/b.yaml": kept})
    world.settle()
    world.commit({"apps/shop/a.yaml": config_map("a")})
    assert world.settle().stop is Stop.FOR
    assert world.names(Verb.DELETE) == []
    _approve(world)
    assert world.settle().stop is Stop.DONE
    assert world.names(Verb.DELETE) == ["b"]


@pytest.mark.parametrize(
    ("options", "phase"), [([], "Succeeded"), (["FailOnSharedResource=true"], "Error")]
)
def test_an_object_of_another_application_is_noted_or_refused(
    options: list[str], phase: str
) -> None:
    """A warning by default, an error where asked for."""
    policy = {"automated": AUTOMATED, "syncOptions": options, "retry": {"limit": 0}}
    world = world_of({"apps/shop/a.yaml": config_map("a")}, application(**policy))
    text = "other:/ConfigMap:staging/a"
    metadata = {"name": "a", "namespace": "staging", "annotations": {ARGO_TRACKING: text}}
    world.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    decision = world.turn()
    assert "environment-object-shared" in str(decision.status)
    world.settle()
    assert world.status("operationState", "phase") == phase


def test_replace_writes_the_whole_object() -> None:
    """It is created first, and replaced from then on."""
    text = config_map("a", sync_options="Replace=true")
    world = world_of({"apps/shop/a.yaml": text})
    world.settle()
    world.commit({"apps/shop/a.yaml": text.replace("one", "two")})
    world.settle()
    assert world.names(Verb.CREATE, Verb.REPLACE) == ["a", "a"]


def test_a_refused_change_is_forced_where_asked() -> None:
    """The object is deleted and made anew; without Force the sync fails."""
    text = deployment("web", sync_options="Force=true")
    world = world_of({"apps/shop/web.yaml": text})
    world.settle()
    world.commit({"apps/shop/web.yaml": text.replace("replicas: 1", "replicas: 2")})
    world.now += timedelta(minutes=1)
    world.refused.add("web")
    world.turn()  # writes down that it begins
    world.turn()
    world.refused.clear()
    world.settle()
    assert world.names(Verb.DELETE) == ["web"]
    assert world.objects[target("Deployment", "web", "apps/v1")]["spec"]["replicas"] == 2


def test_ignored_fields_keep_their_live_values_where_asked() -> None:
    """``RespectIgnoreDifferences`` applies what is there."""
    value = application(automated=AUTOMATED, syncOptions=["RespectIgnoreDifferences=true"])
    value["spec"]["ignoreDifferences"] = [{"kind": "ConfigMap", "jsonPointers": ["/data/key"]}]
    world = world_of({"apps/shop/a.yaml": config_map("a")}, value)
    world.settle()
    one = target("ConfigMap", "a")
    world.put({**world.objects[one], "data": {"key": "by hand"}})
    world.commit({"apps/shop/a.yaml": config_map("a").replace("{key: one}", "{key: one, b: c}")})
    world.settle()
    assert world.objects[one]["data"] == {"key": "by hand", "b": "c"}


@pytest.mark.parametrize(
    ("option", "goes"), [("Delete=false", []), ("Delete=confirm", ["a"]), ("", ["a"])]
)
def test_a_deletion_keeps_or_confirms_where_asked(option: str, goes: list[str]) -> None:
    """Kept objects stay for good; confirmed ones go once approved."""
    noted = {"sync_options": option} if option else {}
    world = world_of({"apps/shop/a.yaml": config_map("a", **noted)})
    world.settle()
    value = world.application()
    gone = {"deletionTimestamp": format_time(world.now), "finalizers": [FINALIZER]}
    world.put({**value, "metadata": {**value["metadata"], **gone}})
    waits = world.settle().stop is Stop.FOR
    assert waits is (option == "Delete=confirm")
    _approve(world)
    world.settle()
    assert world.names(Verb.DELETE) == goes


@pytest.mark.parametrize(("limit", "kept"), [(10, [0, 1, 2]), (2, [1, 2]), (0, [])])
def test_the_history_is_as_long_as_its_limit(limit: int, kept: list[int]) -> None:
    """The latest entries stay; 0 keeps none."""
    value = application()
    world = world_of(
        {"apps/shop/a.yaml": config_map("a")},
        {**value, "spec": {**value["spec"], "revisionHistoryLimit": limit}},
    )
    for _ in range(3):
        _request(world)
        world.settle()
        world.now += timedelta(minutes=1)
    assert [one["id"] for one in world.status("history") or []][-len(kept) or 3 :] == kept
