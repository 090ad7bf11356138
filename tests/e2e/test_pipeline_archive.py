"""``pipeline archive`` on workflows that are over and gone; nothing runs here."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.pipelines.labels import TEMPLATE_LABEL
from ruleengine.pipelines.naming import node_id
from ruleengine.services.archives.archive import Archive
from tests.e2e.command_line import Result
from tests.e2e.process_kit import Place, place

FIRST = """\
entrypoint: main
templates:
- name: main
  suspend: {}
"""
FILES = {"ruleengine.yaml": "namespace: ci\narchive: {}\n", "pipelines/first.yaml": FIRST}
SPEC = {
    "entrypoint": "main",
    "templates": [
        {"name": "main", "dag": {"tasks": [{"name": one, "template": "ask"} for one in "ab"]}},
        {"name": "ask", "suspend": {}},
    ],
}
ENDED = {"good": "Succeeded", "bad": "Failed", "broken": "Error"}
"""The workflows that were archived, the oldest first, and how they ended."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a place whose workflows are in the archive, and only there."""
    with place(tmp_path_factory.mktemp("archive"), FILES) as made:
        made.start()
        assert made.pipeline("run", "first", "--no-wait", "--name", "first").code == 0
        for number, (name, phase) in enumerate(ENDED.items()):
            put(made, name, phase, f"2026-01-02T03:04:0{number}Z", outcome=phase.lower())
        assert made.pipeline("wait", *ENDED).code == 1
        assert made.pipeline("delete", "--all").code == 0
        yield made


def put(site: Place, name: str, phase: str, ended: str, began: str = "", **labels: str) -> None:
    """Create a workflow that is over: one of its nodes succeeded, the other ended as it did."""
    nodes = {name: {"id": name, "name": name, "displayName": name, "type": "DAG", "phase": phase}}
    for one, own in (("a", "Succeeded"), ("b", phase)):
        key = node_id(name, f"{name}.{one}")
        node = {"id": key, "name": f"{name}.{one}", "displayName": one, "type": "Pod"}
        nodes[key] = {**node, "phase": own, "boundaryID": name, "startedAt": ended}
        nodes[name].setdefault("children", []).append(key)
    times = {"startedAt": began or ended, "finishedAt": ended}
    status = {"phase": phase, **times, "nodes": nodes}
    value: Object = {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "ci", "labels": labels},
        "spec": SPEC,
        "status": status,
    }
    site.client().create(value, "tester")


def shown(result: Result) -> list[Object]:
    """Return the objects that a command printed as JSON."""
    assert result.code == 0, result.text
    return list(json.loads(result.output)["items"])


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["broken", "bad", "good"]),
        (("--status", "Failed,Error"), ["broken", "bad"]),
        (("--prefix", "b"), ["broken", "bad"]),
        (("--limit", "1"), ["broken"]),
        (("-n", "other"), []),
        (("-n", "other", "-A"), ["broken", "bad", "good"]),
    ],
)
def test_what_is_archived_is_listed_by_what_it_is(
    site: Place, words: Sequence[str], names: Sequence[str]
) -> None:
    """The newest first."""
    found = shown(site.pipeline("archive", "list", *words, "-o", "json"))
    assert [one["metadata"]["name"] for one in found] == names
    assert [one["status"]["phase"] for one in found] == [ENDED[one] for one in names]


def test_an_archived_workflow_is_shown_by_its_name_or_uid(site: Place) -> None:
    """Whole, or with the nodes that are selected."""
    (bad,) = shown(site.pipeline("archive", "list", "--prefix", "bad", "-o", "json"))
    (whole,) = shown(site.pipeline("archive", "get", bad["metadata"]["uid"], "-o", "json"))
    assert len(whole["status"]["nodes"]) == 3
    chosen = ("--node-field-selector", "phase=Succeeded")
    (part,) = shown(site.pipeline("archive", "get", "bad", *chosen, "-o", "json"))
    assert [one["displayName"] for one in part["status"]["nodes"].values()] == ["a"]
    assert site.pipeline("archive", "get", "@latest", "-o", "name").output == "workflow/broken\n"


def test_an_archived_workflow_is_resubmitted_anew_or_with_what_succeeded(site: Place) -> None:
    """As a live one is."""
    words = ("archive", "resubmit", "bad", "--no-wait", "-o", "json")
    (plain,) = shown(site.pipeline(*words))
    assert "status" not in plain
    (taken,) = shown(site.pipeline(*words, "--memoized"))
    phases = {one["displayName"]: one["phase"] for one in taken["status"]["nodes"].values()}
    assert phases["a"] == "Skipped"


def test_an_archived_workflow_begins_again_what_is_selected(site: Place) -> None:
    """One that succeeded, too; it is created again, for it was deleted."""
    words = ("archive", "retry", "good", "--no-wait", "-o", "json")
    assert site.pipeline(*words).code == 1
    chosen = ("--restart-successful", "--node-field-selector", "displayName=b")
    (again,) = shown(site.pipeline(*words, *chosen))
    assert {one["displayName"] for one in again["status"]["nodes"].values()} == {"good", "a"}
    assert site.pipeline("delete", "good").code == 0


def test_a_phase_that_there_is_not_is_refused(site: Place) -> None:
    """As by ``pipeline list``."""
    found = site.pipeline("archive", "list", "--status", "Broken")
    assert (found.code, "there is no phase 'Broken'" in found.errors) == (3, True)


def test_what_is_old_is_found_by_its_name_however_much_came_after(
    site: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list ends somewhere; a name is looked for in all of it."""
    whole = Archive.list
    monkeypatch.setattr(Archive, "list", lambda own, query: whole(own, replace(query, most=1)))
    assert site.pipeline("archive", "get", "good", "-o", "name").output == "workflow/good\n"
    unknown = site.pipeline("archive", "get", "brokem")
    assert (unknown.code, "did you mean broken?" in unknown.errors) == (3, True)


def test_no_name_is_that_of_no_archived_workflow(site: Place) -> None:
    """A script whose variable is empty does not forget the newest one."""
    forgot = site.pipeline("archive", "delete", "")
    assert (forgot.code, "there is no archived workflow ''" in forgot.errors) == (3, True)


def test_an_archived_workflow_is_one_of_its_namespace(site: Place) -> None:
    """By its name it is found in no other, and meant in no other."""
    found = site.pipeline("archive", "get", "broke", "-n", "other")
    assert (found.code, "there is none at all in the namespace other" in found.errors) == (3, True)


def test_a_workflow_that_is_there_still_goes_on_by_its_archived_name(site: Place) -> None:
    """It is not created again; forgotten, it is in the archive no more."""
    put(site, "here", "Failed", "2026-01-02T03:04:05Z")
    assert site.pipeline("wait", "here").code == 1
    (live,) = shown(site.pipeline("get", "here", "-o", "json"))
    (again,) = shown(site.pipeline("archive", "retry", "here", "--no-wait", "-o", "json"))
    assert again["metadata"]["uid"] == live["metadata"]["uid"]
    assert site.pipeline("archive", "delete", "here").output == "forgot here\n"
    assert site.pipeline("archive", "get", "here").code == 3
    assert site.pipeline("delete", "here").code == 0


def test_a_run_is_thought_to_take_what_the_last_one_in_the_archive_took(site: Place) -> None:
    """It is gone from the cluster; what was said at the beginning holds for who drives next."""
    began, ended = "2026-01-02T03:04:05Z", "2026-01-02T03:05:35Z"
    put(site, "before", "Succeeded", ended, began, **{TEMPLATE_LABEL: "first"})
    assert site.pipeline("wait", "before").code == 0
    assert site.pipeline("delete", "before").code == 0
    assert site.pipeline("run", "first", "--name", "again").code == 0
    assert site.pipeline("archive", "delete", "before").code == 0
    assert site.pipeline("resume", "again").code == 0
    assert site.pipeline("wait", "again").code == 0
    (again,) = shown(site.pipeline("get", "again", "-o", "json"))
    assert (again["status"]["phase"], again["status"]["estimatedDuration"]) == ("Succeeded", 90)


def test_labels_of_what_is_archived_are_listed(site: Place) -> None:
    """One a line; of a namespace, or of all; a label that nothing has is told."""
    label = "outcome"
    assert label in site.pipeline("archive", "list-label-keys").output.splitlines()
    values = site.pipeline("archive", "list-label-values", "-l", label).output.splitlines()
    assert values == ["error", "failed", "succeeded"]
    assert site.pipeline("archive", "list-label-keys", "-n", "other").output == ""
    everywhere = site.pipeline("archive", "list-label-keys", "-n", "other", "-A").output
    assert label in everywhere.splitlines()
    found = site.pipeline("archive", "list-label-values", "-l", "phase")
    assert (found.code, "has a label 'phase'" in found.errors) == (3, True), found.text
    assert label in found.errors
