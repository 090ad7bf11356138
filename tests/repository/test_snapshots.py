"""Snapshots hold the documents of the four folders, and say what was not read."""

import pytest

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Engine
from ruleengine.model.findings import Severity
from ruleengine.repository import configuration, defaults, snapshots, trees
from ruleengine.rules import loading
from tests.repository.conftest import Repo

FILES = {
    "environments/s/web.yaml": "source: {path: apps/web}\n---\nkind: X\napiVersion: v1\n",
    "environments/_defaults.yaml": "Application: {spec: {a: 1, b: {c: [1], d: 2}}}\n",
    "environments/s/_defaults.yaml": "Application: {spec: {b: {c: [2], d: null}}}\nY: 3\n",
    "environments/notes.txt": "hello",
    "environments/README.md": "hello",
    "pipelines/list.yml": "- a\n",
    "pipelines/nothing.yaml": "# later\n",
    "rollouts/broken.json": '{"a": [}',
    "apps/web/x.yaml": "a: 1\n",
    "databases/one.yaml": "size: 3\n",
    "ruleengine.yaml": "defaults: {Application: {spec: {z: 9}}}\n",
}


def test_documents_stand_in_the_four_folders(repo: Repo) -> None:
    """Each with its place, and the files that are not read with the reason."""
    repo.commit(FILES)
    snapshot = snapshots.read(trees.open_worktree(repo.folder))
    assert [(one.path, one.index, one.line) for one in snapshot.documents] == [
        ("environments/s/web.yaml", 0, 1),
        ("environments/s/web.yaml", 1, 3),
    ]
    assert [(one.place.path, one.code, one.severity.value) for one in snapshot.findings] == [
        ("environments/notes.txt", "file-name-unread", "info"),
        ("pipelines/list.yml", "file-document-invalid", "error"),
        ("pipelines/nothing.yaml", "file-document-missing", "info"),
        ("rollouts/broken.json", "file-syntax-invalid", "error"),
    ]
    assert snapshot.revision == repo.git("rev-parse", "HEAD")
    assert snapshot.files["apps/web/x.yaml"] == repo.git("hash-object", "apps/web/x.yaml")


@pytest.mark.parametrize(
    ("path", "remedy"),
    [("environments/notes.txt", "one of the endings"), ("environments/.x.yaml", "another char")],
)
def test_a_file_that_is_not_read_says_what_its_name_lacks(path: str, remedy: str) -> None:
    """The ending, or a beginning that does not hide it."""
    finding = snapshots.unread_finding(path)
    assert finding is not None
    assert remedy in finding.remedy


def test_a_team_may_add_folders(repo: Repo) -> None:
    """A new folder with a schema and a rule is a new kind of document."""
    repo.commit(FILES)
    tree = trees.open_worktree(repo.folder)
    snapshot = snapshots.read(tree, folders=("databases",))
    assert [one.value for one in snapshot.documents] == [{"size": 3}]


def test_named_files_are_read_wherever_they_lie(repo: Repo) -> None:
    """A folder stands for what is below it; what is not there is an error."""
    repo.commit(FILES)
    tree = trees.open_worktree(repo.folder)
    snapshot = snapshots.read(tree, ["apps/web", "environments/s/web.yaml", "gone.yaml"])
    assert [one.path for one in snapshot.documents] == [
        "apps/web/x.yaml",
        *["environments/s/web.yaml"] * 2,
    ]
    assert [one.code for one in snapshot.findings] == ["file-path-missing"]


def test_a_cache_can_answer_in_place_of_the_file(repo: Repo) -> None:
    """By path and blob id, without reading."""
    repo.commit({"environments/s/a.yaml": "a: 1\n"})
    asked = []

    def parse(path: str, blob: str, _: object) -> yaml_reader.Parsed:
        asked.append((path, blob))
        return yaml_reader.read(b"b: 2\n", path)

    snapshot = snapshots.read(trees.open_worktree(repo.folder), parse=parse)
    assert [one.value for one in snapshot.documents] == [{"b": 2}]
    assert asked == [("environments/s/a.yaml", snapshot.files["environments/s/a.yaml"])]


def test_defaults_are_merged_from_the_top_down(repo: Repo) -> None:
    """Maps deep, lists replaced; null stays, to delete what lies below."""
    repo.commit(FILES)
    found = defaults.read_defaults(trees.open_worktree(repo.folder))
    spec = {"z": 9, "a": 1, "b": {"c": [2], "d": None}}
    assert found("environments/s/web.yaml") == {"Application": {"spec": spec}}
    assert found("pipelines/x.yaml") == {"Application": {"spec": {"z": 9}}}
    assert [(one.code, one.place.line) for one in found.findings] == [
        ("configuration-defaults-invalid", 2)
    ]


def test_defaults_of_a_misspelt_kind_are_warned_of(repo: Repo) -> None:
    """They would apply to nothing; a team's own word is left alone."""
    repo.commit({"environments/_defaults.yaml": "Aplication: {}\nDatabase: {size: 1}\n"})
    read = defaults.read_defaults(trees.open_worktree(repo.folder))
    (finding,) = read.findings
    assert (finding.severity, finding.place.line) == (Severity.WARNING, 1)
    assert "did you mean 'Application'?" in finding.message


def test_settings_are_read_with_their_defaults() -> None:
    """The control namespace follows the engine unless it is written."""
    text = b"engine: handover\nrepo: https://example.com/r.git\nclusters: {production: big}\n"
    settings, findings = configuration.read_text(text)
    assert findings == ()
    assert (settings.engine.value, settings.control_namespace) == ("handover", "argocd")
    assert (settings.namespace, settings.clusters) == ("ruleengine", {"production": "big"})


def test_wrong_settings_are_findings_at_their_line() -> None:
    """The other settings stay in force."""
    text = b"""\
engin: native
engine: fast
namespace: [a]
clusters: {a: 1}
waivers:
- {code: schema-field-unknown, reason: soon, expires: 2027-01-31}
- {code: schema-field-unknown, reason: soon, expires: tomorrow}
- {reason: soon}
repo: r
"""
    settings, findings = configuration.read_text(text)
    assert [one.place.line for one in findings] == [1, 2, 3, 4, 7, 8]
    assert findings[0].remedy == "did you mean engine?"
    assert [one.expires for one in settings.waivers] == ["2027-01-31"]
    assert settings.repo == "r"


def test_a_broken_settings_file_is_a_finding() -> None:
    """And not the end of everything else."""
    for text in (b"a: [", b"- a\n", b"\0"):
        assert configuration.read_text(text)[1]
    assert configuration.read_text(b"# nothing\n") == (configuration.Configuration(), ())


def test_a_namespace_that_kubernetes_refuses_leaves_the_default() -> None:
    """It would be refused for every document otherwise."""
    settings, (finding,) = configuration.read_text(b"engine: native\nnamespace: No No\n")
    assert settings.namespace == configuration.Configuration().namespace
    assert (finding.severity, str(finding.place)) == (Severity.ERROR, "ruleengine.yaml:2:1")


def test_a_waiver_of_an_unknown_code_is_warned_of() -> None:
    """With the code that was meant."""
    text = b"waivers:\n- {code: schema-field-unknwn, reason: r, expires: 2027-01-31}\n"
    _, (finding,) = configuration.read_text(text)
    assert (finding.severity, str(finding.place)) == (Severity.WARNING, "ruleengine.yaml:2:4")
    assert finding.remedy == "did you mean schema-field-unknown?"


def test_a_file_that_vanishes_while_the_tree_is_read_is_a_finding(repo: Repo) -> None:
    """Whatever it holds, and whoever reads it."""
    files = {**FILES, "rules/x.yaml": "a: 1\n"}
    repo.write(files)
    tree = trees.open_worktree(repo.folder)
    for path in files:
        (repo.folder / path).unlink()
    assert {one.size for _, one in tree.files().items()} == {0}
    found = (
        *snapshots.read(tree).findings,
        *defaults.read_defaults(tree, {}).findings,
        *configuration.read(tree)[1],
    )
    assert {one.place.path for one in found if one.severity is Severity.ERROR} == {
        path
        for path in FILES
        if path.startswith(("environments", "pipelines", "rollouts", "ruleengine"))
        and not path.endswith((".txt", ".md"))
    }
    assert loading.load(tree, Engine.NATIVE).findings == ()
