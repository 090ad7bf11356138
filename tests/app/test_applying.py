"""``apply`` on the local control plane: everything of the main job, and nothing twice."""

import threading
from datetime import timedelta

from ruleengine.app.observing import Observers
from ruleengine.model.actions import Change, Outcome, Result, Target
from ruleengine.model.values import lookup
from tests.app.kit import (
    APPLICATION,
    SERVICE_TARGET,
    WEB,
    World,
    changes,
    config_map,
    messages,
    results,
)


def test_applying_twice_writes_nothing_the_second_time(world: World) -> None:
    """The first time synced and healthy; the second everything unchanged, counted at the server."""
    first = world.apply()
    assert not first.failed, messages(first.outcomes)
    (application,) = [one for one in first.standings if one.sync]
    assert (application.sync, application.health) == ("Synced", "Healthy")
    assert str(first.pods) == "simulated 2 of 2 pods"
    before = world.writes()
    second = world.apply()
    assert set(results(second).values()) == {Result.UNCHANGED}
    assert not second.failed
    assert (world.writes() - before, second.writes) == (0, 0)


def test_a_workflow_that_has_run_and_is_gone_is_not_run_again(world: World) -> None:
    """It is done, in the words of ``status`` too, and a second apply writes nothing."""
    target = Target("argoproj.io/v1alpha1", "Workflow", "ruleengine", "once")
    head = f"apiVersion: {target.api_version}\nkind: Workflow\nmetadata: {{name: once}}\n"
    spec = "spec: {entrypoint: wait, templates: [{name: wait, suspend: {}}]}\n"
    world.change({"pipelines/once.yaml": head + spec})
    assert results(world.apply())[str(target)] is Result.CREATED
    world.client().delete(target)
    before = world.writes()
    again = world.apply()
    (standing,) = [one for one in again.standings if one.target == target]
    assert (standing.state, again.failed) == ("done", False)
    assert world.get(target) is None
    assert world.writes() == before


def test_without_waiting_the_documents_are_written_and_nothing_else(world: World) -> None:
    """The next apply that waits goes on from there."""
    delivery = world.apply(wait=False)
    assert not delivery.failed
    assert world.get(APPLICATION) is not None
    assert world.get(WEB) is None
    assert any("not waited for" in note for note in delivery.notes)
    assert not world.apply().failed
    assert world.get(WEB) is not None


def test_a_hand_edit_is_drift_in_the_plan_and_healed_by_the_next_apply(world: World) -> None:
    """The plan names the field with both values; the apply puts it back."""
    world.apply()
    world.edit(WEB, {"spec": {"replicas": 5}})
    before = world.writes()
    planned = changes(world.plan())[str(WEB)]
    assert planned.change is Change.UPDATE
    (difference,) = [one for one in planned.differences if "replicas" in str(one.path)]
    assert (difference.old, difference.new) == (5, 2)
    assert world.writes() == before
    healed = world.apply()
    assert not healed.failed
    assert lookup(world.get(WEB), "spec", "replicas") == 2


def test_planning_writes_nothing(world: World) -> None:
    """On an empty control plane, and on one that drifted."""
    plan = world.plan()
    assert plan.changes
    assert str(WEB) in changes(plan)
    assert world.writes() == 0


def test_a_removed_manifest_is_pruned(world: World) -> None:
    """Its object goes, the application stays healthy."""
    world.apply()
    world.change({"apps/web/service.yaml": None})
    assert changes(world.plan())[str(SERVICE_TARGET)].change is Change.DELETE
    delivery = world.apply()
    assert not delivery.failed
    assert world.get(SERVICE_TARGET) is None
    assert world.get(WEB) is not None


def test_a_removed_document_is_pruned_and_forgotten(world: World) -> None:
    """The Application goes and what it deployed with it; the inventory shrinks."""
    world.change(
        {
            "environments/staging/other.yaml": "source: {path: apps/other}\n",
            "apps/other/map.yaml": config_map("other"),
        }
    )
    world.apply()
    assert len(world.owned()) == 2
    world.change({"environments/staging/web.yaml": None})
    delivery = world.apply()
    assert not delivery.failed, messages(delivery.outcomes)
    assert world.get(APPLICATION) is None
    assert len(world.owned()) == 1
    before = world.writes()
    world.apply()
    assert world.writes() == before


def test_an_emptied_folder_is_refused_by_the_floor(world: World) -> None:
    """Nothing is deleted until the floor is lifted."""
    world.apply()
    world.change({"environments/staging/web.yaml": None})
    refused = world.apply()
    assert refused.failed
    assert results(refused)[str(APPLICATION)] is Result.REFUSED
    assert world.get(APPLICATION) is not None
    assert world.get(WEB) is not None
    lifted = world.apply(floor=False)
    assert not lifted.failed, messages(lifted.outcomes)
    assert world.get(APPLICATION) is None
    assert world.owned() == set()


def test_one_failing_object_does_not_hide_the_others(world: World) -> None:
    """What the server refuses fails alone, and says why."""
    wrong = "spec: {selector: {matchLabels: {app: other}}, template: {metadata: {labels: {app: x}}"
    world.change(
        {
            "apps/web/wrong.yaml": "apiVersion: apps/v1\nkind: Deployment\n"
            f"metadata: {{name: wrong}}\n{wrong}, "
            "spec: {containers: [{name: web, image: x}]}}}\n",
            "environments/staging/other.yaml": "source: {path: apps/other}\n",
            "apps/other/map.yaml": config_map("other"),
        }
    )
    delivery = world.apply(timeout=timedelta(seconds=1))
    assert delivery.failed
    found = results(delivery)
    assert found["Deployment/staging/wrong"] is Result.FAILED
    assert "selector" in messages(delivery.outcomes)
    assert found["ConfigMap/staging/other"] is Result.CREATED
    assert {one.target.name: one.sync for one in delivery.standings if one.sync} == {
        "web-staging": "OutOfSync",
        "other-staging": "Synced",
    }


def test_a_manifest_that_the_server_refuses_ends_the_apply_with_its_words(world: World) -> None:
    """At once: neither the timeout nor a retry is waited for, and the status tells why."""
    world.change({"apps/web/bad.yaml": config_map("Bad_Name")})
    delivery = world.apply()
    assert delivery.failed
    assert delivery.settled is not None
    assert not delivery.settled.timed_out
    (standing,) = [one for one in delivery.standings if one.sync]
    assert standing.state == "failed"
    assert "Bad_Name" in standing.message
    assert "lowercase RFC 1123" in standing.message


def test_cancelling_midway_and_applying_again_ends_the_same(world: World) -> None:
    """Cancelled after the third outcome, the next run goes on."""
    cancel = threading.Event()
    told: list[Outcome] = []

    def progress(outcome: Outcome) -> None:
        told.append(outcome)
        if len(told) == 3:
            cancel.set()

    first = world.apply(observers=Observers(progress=progress, cancel=cancel))
    assert first.cancelled
    assert world.get(APPLICATION) is None
    second = world.apply()
    assert not second.failed
    assert world.apply().writes == 0
