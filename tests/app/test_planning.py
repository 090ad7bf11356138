"""What a plan says before anything happens, and what becomes of it where others act."""

from pathlib import Path

import pytest

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.crds import crd_actions
from ruleengine.app.planning import engaged
from ruleengine.model.actions import Change, Target
from ruleengine.model.errors import UsageError
from ruleengine.model.findings import Severity
from ruleengine.model.values import lookup
from tests.app.kit import (
    APPLICATION,
    SERVICE_TARGET,
    SHOP,
    WEB,
    World,
    changes,
    config_map,
    messages,
    results,
    running,
)
from tests.validation.config_repos import make_repo

URL = "https://example.com/config.git"


def test_the_plan_of_an_application_shows_what_is_inside_it(world: World) -> None:
    """The first decisions of its reconciler, each with the manifest that it comes from."""
    found = changes(world.plan())
    for target in (APPLICATION, WEB, SERVICE_TARGET):
        assert found[str(target)].change is Change.CREATE
    origin = found[str(WEB)].action.origin
    assert origin is not None
    assert (origin.path, origin.line) == ("apps/web/deployment.yaml", 1)


def test_the_plan_shows_applications_with_hooks_whole(world: World) -> None:
    """A hook, and what is synced after it has run."""
    hook = config_map("before").replace(
        "{name: before}", "{name: before, annotations: {argocd.argoproj.io/hook: PreSync}}"
    )
    world.change({"apps/web/before.yaml": hook})
    assert "ConfigMap/staging/before" in changes(world.plan())
    delivery = world.apply()
    assert not delivery.failed, messages(delivery.outcomes)
    assert world.get(WEB) is not None


def test_what_the_plan_announces_is_what_apply_does(world: World) -> None:
    """Object by object, for creating, changing and deleting."""
    for files in (
        {},
        {"apps/web/map.yaml": config_map("web"), "apps/web/service.yaml": None},
        {"apps/web/map.yaml": config_map("web", "blue")},
    ):
        if files:
            world.change(files)
        announced = {name: one.change for name, one in changes(world.plan()).items()}
        found = {
            name: result
            for name, result in results(world.apply()).items()
            if result.value != "unchanged"
        }
        assert {name: result.value for name, result in found.items()} == {
            name: f"{change.value}d" for name, change in announced.items()
        }


def test_with_handover_documents_are_written_for_argo_and_nothing_drives(tmp_path: Path) -> None:
    """Into Argo's namespace, with a URL, without definitions of ours; the note says so."""
    settings = f"engine: handover\nrepo: {URL}\n"
    repo = make_repo(tmp_path / "config", {**SHOP, "ruleengine.yaml": settings})
    with running(repo, tmp_path / "state") as world:
        for one in crd_actions():
            assert one.object is not None
            world.client().apply(one.object, "argo")
        delivery = world.apply()
        assert not delivery.failed, messages(delivery.outcomes)
        target = Target("argoproj.io/v1alpha1", "Application", "argocd", "web-staging")
        assert lookup(world.get(target), "spec", "source", "repoURL") == URL
        assert world.get(WEB) is None
        assert any("handed over" in note for note in delivery.notes)
        kinds = {one.planned.action.target.kind for one in delivery.outcomes}
        assert "CustomResourceDefinition" not in kinds
        before = world.writes()
        world.apply()
        assert world.writes() == before


def test_where_argo_is_not_installed_its_documents_wait(tmp_path: Path) -> None:
    """The finding names the kind that the cluster lacks."""
    settings = f"engine: handover\nrepo: {URL}\n"
    repo = make_repo(tmp_path / "config", {**SHOP, "ruleengine.yaml": settings})
    with running(repo, tmp_path / "state") as world:
        delivery = world.apply()
        assert [one.code for one in delivery.findings] == ["plan-kind-unknown"]
        assert "Application" in delivery.findings[0].message


def test_a_folder_that_is_no_config_repo_is_refused(tmp_path: Path) -> None:
    """Nothing is started for it, nothing written."""
    with (
        pytest.raises(UsageError, match="no config repo"),
        engaged(tmp_path, ClusterChoice(state=tmp_path / "state")),
    ):
        pass
    assert not (tmp_path / "state").exists()


def test_a_repo_that_declares_nothing_is_told_so(tmp_path: Path) -> None:
    """Done is what all repos need, and the note says that this was all."""
    repo = make_repo(tmp_path / "config", {"README.md": "Empty.\n"})
    with running(repo, tmp_path / "state") as world:
        delivery = world.apply()
        assert not delivery.failed
        assert any("declares nothing" in note for note in delivery.notes)


def test_an_empty_repo_plans_no_kinds(tmp_path: Path) -> None:
    """The kinds of Argo come with the first document, not before."""
    with running(make_repo(tmp_path / "config", {"README.md": "empty\n"}), tmp_path / "s") as world:
        assert world.plan().changes == ()


def test_handed_over_documents_wait_for_the_controllers_of_argo(tmp_path: Path) -> None:
    """They are not called recorded; what has to be installed is a warning."""
    files = {**SHOP, "ruleengine.yaml": "engine: handover\nrepo: https://example.com/shop.git\n"}
    with running(make_repo(tmp_path / "config", files), tmp_path / "state") as world:
        plan = world.plan()
    assert plan.recorded == ()
    found = [one for one in plan.findings if one.code == "plan-kind-unknown"]
    assert found
    for one in found:
        assert one.severity is Severity.WARNING
        assert "install Argo's custom resource definitions" in one.remedy
