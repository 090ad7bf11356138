"""Which workflows are listed in which order, and what a shell can complete."""

from datetime import UTC, datetime
from pathlib import Path

from ruleengine.app.pipelines.listing import Filter, declared_names, workflows
from tests.app.places import SETTINGS, WORKFLOW, empty_place
from tests.validation.config_repos import make_repo

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def test_those_on_their_way_come_first_and_then_the_newest(tmp_path: Path) -> None:
    """Whatever they are called; one that did not begin is as old as it is there."""
    place = empty_place(tmp_path)
    began = {
        "a": ("Failed", "2026-01-02T01:00:00Z"),
        "b": ("Succeeded", "2026-01-02T02:00:00Z"),
        "c": ("Running", "2026-01-02T01:00:00Z"),
        "d": ("Running", "2026-01-02T02:00:00Z"),
        "e": ("", ""),
        "f": ("", ""),
    }
    for name, (phase, time) in began.items():
        status = {"status": {"phase": phase, "startedAt": time}} if phase else {}
        metadata = {**WORKFLOW["metadata"], "name": name}
        place.client.create({**WORKFLOW, "metadata": metadata, **status}, "tester")
    found = [one["metadata"]["name"] for one in workflows(place, Filter(), NOW)]
    assert found == ["f", "e", "d", "c", "b", "a"]


def test_only_what_has_a_name_and_can_be_run_is_completed(tmp_path: Path) -> None:
    """The folder may hold other kinds, and what has no name or is of another shape."""
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {entrypoint: main}\n"
    files = {
        "pipelines/b.yaml": "entrypoint: main\ntemplates: [{name: main, suspend: {}}]\n",
        "pipelines/a.yaml": f"{head}metadata: {{name: a}}\n",
        "pipelines/c.yaml": f"{head}metadata: {{generateName: c-}}\n",
        "pipelines/d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n",
        "pipelines/e.yaml": head,
        "pipelines/f.yaml": f"{head}metadata: 3\n",
    }
    repo = make_repo(tmp_path / "config", {**SETTINGS, **files})
    assert declared_names(repo.root) == ["a", "b", "c"]
