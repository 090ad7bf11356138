"""Whole config repos through ``validate``: states, selections, and what a change breaks."""

import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from ruleengine.app.declaring import declare
from ruleengine.app.ruling import load_rules
from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.app.workspace import open_workspace
from ruleengine.model.data import data_folder
from ruleengine.model.documents import FOLDERS, SETUP_FOLDERS
from ruleengine.model.errors import UsageError
from ruleengine.model.findings import Severity
from ruleengine.validation.checks import Check
from tests.validation.config_repos import (
    ENVIRONMENT,
    FILES,
    TEMPLATE,
    TODAY,
    TRIGGER,
    Repo,
    found,
    make_repo,
    told,
)

WRONG = "source: {path: apps/web}\nrevisionHistoryLimits: 3\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a committed config repo without problems."""
    return make_repo(tmp_path / "config")


def test_a_good_repo_has_no_findings(repo: Repo) -> None:
    """Everything is counted."""
    report = repo.validate()
    assert (found(report), report.files, report.documents) == ([], 3, 3)
    assert not report.dirty
    assert report.revision


def test_an_unknown_field_is_an_error_at_its_line(repo: Repo) -> None:
    """The schema check runs, also over files that Git does not know yet."""
    repo.write({"environments/staging/api.yaml": WRONG})
    report = repo.validate()
    (finding,) = told(report)
    assert (finding.place.path, finding.place.line) == ("environments/staging/api.yaml", 2)
    assert finding.code.startswith("schema-")
    assert report.failed
    assert report.dirty


def test_a_file_that_git_ignores_is_not_looked_at(repo: Repo) -> None:
    """What cannot be committed does not count."""
    repo.write({".gitignore": "scratch.yaml\n", "pipelines/scratch.yaml": "a: [\n"})
    assert found(repo.validate()) == []


def test_what_we_keep_beside_the_files_is_no_change(repo: Repo) -> None:
    """Git may look while the folder is made, before the file that makes it ignored says so."""
    repo.write({".ruleengine/.gitignore": ""})
    assert not repo.validate().dirty


def test_two_documents_with_one_identity_are_errors_at_both_ends(repo: Repo) -> None:
    """A copied file declares the same workflow template."""
    repo.write({"pipelines/copy.yaml": TEMPLATE})
    first, second = told(repo.validate())
    assert first.code == second.code == "identity-object-duplicate"
    assert first.related[0].place == second.place


def test_a_missing_parameter_is_located_at_both_ends(repo: Repo) -> None:
    """The trigger does not hand over what the pipeline needs."""
    repo.write({"triggers/on-push.yaml": TRIGGER.replace("{revision: main}", "{}")})
    (finding,) = told(repo.validate())
    assert finding.code == "reference-parameter-missing"
    assert finding.related[0].place.path == "pipelines/build.yaml"


def test_a_missing_path_is_an_error(repo: Repo) -> None:
    """An environment points at a folder that is not there."""
    repo.write({"environments/staging/web.yaml": "source: {path: apps/wbe}\n"})
    assert "reference-path-missing" in {code for _, code in found(repo.validate())}


@pytest.mark.parametrize("path", ["./apps/web", "apps//web/", "apps/x/../web"])
def test_a_path_may_be_spelt_in_any_way(repo: Repo, path: str) -> None:
    """As Argo CD takes it: relative to the root of the repo."""
    repo.write({"environments/staging/web.yaml": f"source: {{path: {path}}}\n"})
    assert not found(repo.validate())


def test_what_is_staged_is_checked_and_not_what_lies_there(repo: Repo) -> None:
    """The index is read, not the file."""
    repo.write({"environments/staging/api.yaml": WRONG})
    repo.git("add", "--all")
    repo.write({"environments/staging/api.yaml": ENVIRONMENT})
    assert repo.validate(staged=True).failed
    assert not repo.validate().failed


def test_staged_findings_are_those_of_staged_files(repo: Repo) -> None:
    """What was wrong before is not told at every commit."""
    repo.write({"environments/staging/api.yaml": WRONG})
    repo.commit()
    repo.write({"environments/staging/web.yaml": ENVIRONMENT + "# more\n"})
    repo.git("add", "--all")
    report = repo.validate(staged=True)
    assert (found(report), report.files) == ([], 1)


@pytest.mark.parametrize("staged", [True, False])
def test_a_removed_document_tells_what_it_breaks(repo: Repo, staged: bool) -> None:
    """The finding stands in a file that was not touched."""
    repo.write({"pipelines/build.yaml": None})
    repo.git("add", "--all")
    report = repo.validate(staged=True) if staged else repo.validate("pipelines/build.yaml")
    assert found(report) == [("triggers/on-push.yaml", "reference-target-missing")]


def test_a_renamed_document_tells_what_it_breaks(repo: Repo) -> None:
    """The new name is offered, the old one missed."""
    repo.write({"pipelines/build.yaml": TEMPLATE.replace("name: build,", "name: biuld,")})
    (finding,) = told(repo.validate("pipelines/build.yaml"))
    assert finding.place.path == "triggers/on-push.yaml"
    assert "did you mean 'biuld'?" in finding.remedy


def test_a_revision_is_checked_as_it_was_committed(repo: Repo) -> None:
    """The working tree does not matter."""
    repo.write({"environments/staging/web.yaml": WRONG})
    repo.commit()
    repo.write({"environments/staging/web.yaml": ENVIRONMENT})
    assert not repo.validate(revision="HEAD~1").failed
    assert repo.validate(revision="main").failed
    assert not repo.validate().failed


def test_an_unknown_revision_is_wrong_usage(repo: Repo) -> None:
    """It is named."""
    with pytest.raises(UsageError, match="no revision 'nowhere'"):
        repo.validate(revision="nowhere")


def test_a_folder_can_be_named(repo: Repo) -> None:
    """Findings of other folders are left out."""
    repo.write({"environments/staging/api.yaml": WRONG})
    report = repo.validate("pipelines")
    assert (found(report), report.files, report.documents) == ([], 1, 1)
    assert repo.validate("environments/staging").failed


def test_a_path_that_is_nowhere_is_wrong_usage(repo: Repo) -> None:
    """A typing mistake must not pass as success."""
    with pytest.raises(UsageError, match="no file"):
        repo.validate("pipelines/biuld.yaml")


def test_a_path_outside_the_repo_is_wrong_usage(repo: Repo, tmp_path: Path) -> None:
    """Only files of the repo are checked."""
    options = ValidationOptions(today=TODAY, directory=repo.root, paths=(tmp_path / "x.yaml",))
    with pytest.raises(UsageError, match="outside"):
        validate(options)


def test_a_named_file_outside_the_folders_is_taken_by_its_kind(repo: Repo) -> None:
    """A misspelt field of a Service is found below apps/."""
    repo.write({"apps/web/service.yaml": FILES["apps/web/service.yaml"].replace("ports", "prots")})
    report = repo.validate("apps/web/service.yaml")
    assert [path for path, _ in found(report)] == ["apps/web/service.yaml"]
    assert report.documents == 1


def test_files_without_git_are_checked(tmp_path: Path) -> None:
    """A folder that is no repository works too, as long as nothing of Git is asked for."""
    repo = Repo(tmp_path)
    repo.write({**FILES, "environments/staging/api.yaml": WRONG})
    report = repo.validate()
    assert (report.failed, report.revision, report.files) == (True, "", 4)
    with pytest.raises(UsageError, match="no Git repository"):
        repo.validate(staged=True)


def test_an_empty_repository_is_checked(tmp_path: Path) -> None:
    """There is no commit yet, but there are files."""
    repo = Repo(tmp_path)
    repo.git("init", "--quiet")
    repo.write({**FILES})
    assert repo.validate().documents == 3
    repo.git("add", "--all")
    assert repo.validate(staged=True).documents == 3


def test_a_config_repo_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    """Paths are relative to the config repo, and the rest is not looked at."""
    files = {f"config/{path}": text for path, text in FILES.items()}
    whole = make_repo(tmp_path, {**files, "config/ruleengine.yaml": "", "pipelines/x.yaml": "a: ["})
    inner = Repo(whole.root / "config")
    assert found(inner.validate()) == []
    inner.write({"environments/staging/api.yaml": WRONG})
    whole.git("add", "--all")
    report = inner.validate(staged=True)
    assert [path for path, _ in found(report)] == ["environments/staging/api.yaml"]


def test_a_checkout_of_this_project_is_no_config_repo(tmp_path: Path) -> None:
    """Its rules are the built-in ones; a config repo inside is found by its files."""
    (tmp_path / "ruleengine").mkdir()
    (tmp_path / "ruleengine/py.typed").touch()
    shutil.copytree(data_folder("rules"), tmp_path / "rules")
    (tmp_path / "loose.yaml").write_text("kind: Rule\n")
    inner = make_repo(tmp_path / "sample")
    for paths in ((), (tmp_path / "loose.yaml",)):
        with pytest.raises(UsageError, match="the project ruleengine itself") as refused:
            validate(ValidationOptions(today=TODAY, directory=tmp_path, paths=paths))
        assert "config repo" in refused.value.remedy
    assert inner.validate().documents == 3
    assert load_rules(tmp_path).findings == ()


@pytest.mark.parametrize("name", [*FOLDERS, *SETUP_FOLDERS])
def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path, name: str) -> None:
    """By validate and by what plans: nothing is read there."""
    repo = make_repo(tmp_path, {name: "text\n", "ruleengine.yaml": "kind: Configuration\n"})
    for findings in (repo.validate().findings, declare(open_workspace(repo.root)).findings):
        (finding,) = findings
        assert (finding.code, finding.place.path) == ("repository-folder-mistaken", name)
        assert "make it a folder" in finding.remedy


def test_a_folder_in_place_of_the_settings_is_an_error(repo: Repo) -> None:
    """Nobody takes the defaults for what he wrote."""
    repo.write({"ruleengine.yaml/staging.yaml": "kind: Configuration\n"})
    for findings in (repo.validate().findings, declare(open_workspace(repo.root)).findings):
        (finding,) = findings
        assert finding.code == "configuration-file-mistaken"
        assert (finding.place.path, finding.severity) == (
            "ruleengine.yaml/staging.yaml",
            Severity.ERROR,
        )


def test_links_are_findings_and_never_followed(repo: Repo, tmp_path: Path) -> None:
    """What lies outside of the repo is not read."""
    (tmp_path / "outside.yaml").write_text("kind: [")
    (repo.root / "pipelines" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert found(repo.validate()) == [("pipelines/link.yaml", "repository-link-unread")]


@pytest.mark.parametrize("staged", [True, False])
def test_a_path_that_is_no_text_is_told(repo: Repo, staged: bool) -> None:
    """Nothing is passed over in silence."""
    Path(os.fsdecode(os.fsencode(repo.root / "pipelines") + b"/\xff.yaml")).write_text("a: 1")
    if staged:
        repo.git("add", "--all")
    assert found(repo.validate(staged=staged)) == [
        ("pipelines/\\xff.yaml", "repository-path-invalid")
    ]


def test_a_file_in_conflict_is_told(repo: Repo) -> None:
    """It is neither read as one side nor as the other."""
    repo.git("switch", "--quiet", "--create", "other")
    repo.write({"pipelines/build.yaml": TEMPLATE + "# theirs\n"})
    repo.commit()
    repo.git("switch", "--quiet", "main")
    repo.write({"pipelines/build.yaml": TEMPLATE + "# ours\n"})
    repo.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "other")
    codes = dict(found(repo.validate()))
    assert codes["pipelines/build.yaml"] == "repository-file-unmerged"


def test_checks_can_be_narrowed(repo: Repo) -> None:
    """Only findings of the chosen checks are reported."""
    repo.write({"environments/staging/api.yaml": WRONG, "pipelines/copy.yaml": TEMPLATE})
    codes = {code for _, code in found(repo.validate(checks=frozenset({Check.IDENTITY})))}
    assert codes == {"identity-object-duplicate"}


def test_a_file_that_cannot_be_parsed_is_told_whatever_the_checks(repo: Repo) -> None:
    """The other checks mean nothing without it."""
    repo.write({"pipelines/broken.yaml": "a: [\n"})
    report = repo.validate(checks=frozenset({Check.IDENTITY}))
    assert [path for path, _ in found(report)] == ["pipelines/broken.yaml"]


def test_changed_defaults_reach_the_documents_below(repo: Repo) -> None:
    """The index knows what defaults apply to."""
    assert not repo.validate().failed
    repo.write({"environments/_defaults.yaml": "Application: {spec: {project: 7}}\n"})
    assert repo.validate().failed
    repo.write({"environments/_defaults.yaml": None})
    assert not repo.validate().failed


def test_a_teams_rule_is_a_policy(repo: Repo) -> None:
    """A new rule reaches documents that were fine before; a waiver accepts it for a while."""
    rule = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: staging-is-pinned}
match: {kind: Application}
require:
- that: "spec.source.targetRevision is defined"
  severity: error
  message: name a revision
  remedy: set source.targetRevision
"""
    assert not repo.validate().failed
    repo.write({"rules/pinned.yaml": rule})
    (finding,) = told(repo.validate())
    assert finding.place.path == "environments/staging/web.yaml"
    waiver = f"{{code: {finding.code}, reason: moving, expires: 2026-12-31}}"
    repo.write({"ruleengine.yaml": f"waivers: [{waiver}]\n"})
    report = repo.validate()
    assert (found(report), [one.waiver.reason for one in report.waived]) == ([], ["moving"])
    late = ValidationOptions(today=date(2027, 1, 1), directory=repo.root)
    codes = [one.code for one in told(validate(late).report)]
    assert codes == [finding.code, "policy-waiver-expired"]


def test_an_index_that_cannot_be_used_changes_no_result(repo: Repo) -> None:
    """A file stands where the folder of the index should be."""
    repo.write({"environments/staging/api.yaml": WRONG})
    with_index = repo.validate()
    other = make_repo(repo.root.parent / "other")
    other.write({"environments/staging/api.yaml": WRONG, ".ruleengine": "a file\n"})
    (other.root / ".git" / "info" / "exclude").write_text(".ruleengine\n")
    without = other.validate()
    assert found(without) == found(with_index)
    assert "cannot be used" in without.note


def test_defaults_of_a_folder_fill_in_what_a_short_form_lacks(tmp_path: Path) -> None:
    """A rollout whose strategy is that of its folder is complete."""
    short = "replicas: 1\nselector: {matchLabels: {a: b}}\ntemplate:\n"
    short += "  metadata: {labels: {a: b}}\n  spec: {containers: [{name: a, image: b}]}\n"
    files = {"rollouts/staging/web.yaml": short}
    repo = make_repo(tmp_path, {**FILES, **files})
    assert found(repo.validate()) == [("rollouts/staging/web.yaml", "schema-field-missing")]
    repo.write({"rollouts/_defaults.yaml": "Rollout: {spec: {strategy: {canary: {}}}}\n"})
    assert found(repo.validate()) == []


def test_what_is_only_recorded_is_an_info_with_the_native_engine(tmp_path: Path) -> None:
    """One for each document, whatever it holds; with handover Argo's controllers act."""
    text = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: a}\nspec:\n"
    text += "  metrics: [{name: a, provider: {web: {url: 'https://example.com'}}}]\n"
    repo = make_repo(tmp_path, {**FILES, "rollouts/rate.yaml": text})
    recorded = [one for one in repo.validate().findings if one.code == "support-kind-recorded"]
    assert {one.place.path for one in recorded} == {"rollouts/rate.yaml"}
    assert {one.severity for one in recorded} == {Severity.INFO}
    repo.write({"ruleengine.yaml": "engine: handover\nrepo: https://example.com/a.git\n"})
    codes = {one.code for one in repo.validate().findings}
    assert "support-kind-recorded" not in codes


def test_a_field_that_is_not_honoured_is_a_warning(tmp_path: Path) -> None:
    """Never silently ignored, at its line."""
    text = "source: {path: apps/web}\ninfo: [{name: a, value: b}]\n"
    repo = make_repo(tmp_path, {**FILES, "environments/staging/web.yaml": text})
    (finding,) = told(repo.validate())
    assert (finding.code, finding.severity) == ("support-field-unsupported", Severity.WARNING)
    assert finding.place.line == 2


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ruleengine.yaml", "engine: neither\n"),
        (
            "rules/own.yaml",
            "apiVersion: ruleengine.dev/v1\nkind: Rule\nmetadata: {name: a}\nx: 1\n",
        ),
    ],
)
def test_a_file_of_the_setup_that_is_named_tells_a_mistake_once(
    tmp_path: Path, path: str, text: str
) -> None:
    """Reading the setup finds it; the schema would say it again."""
    repo = make_repo(tmp_path, {**FILES, path: text})
    lines = [one.place.line for one in repo.validate(path).findings if one.place.path == path]
    assert len(lines) == len(set(lines)) > 0


ENTERED = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: entered, namespace: ruleengine}
spec:
  entrypoint: main
  arguments: {parameters: [{name: needed}]}
  templates:
  - {name: main, inputs: {parameters: [{name: word}]}, container: {image: alpine, command: [a]}}
"""
ENTERS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: enters, namespace: ruleengine}
spec: {workflowTemplateRef: {name: entered}, arguments: {parameters: [PASSED]}}
"""


@pytest.mark.parametrize(
    ("passed", "wrong"),
    [
        ("{name: needed, value: a}, {name: word, value: b}", []),
        ("{name: needed, value: a}", []),
        ("{name: word, value: b}", ["reference-parameter-missing"]),
        ("{name: needed, value: a}, {name: other, value: b}", ["reference-parameter-unknown"]),
    ],
    ids=["inputs of both", "what is needed", "not what is needed", "what nobody takes"],
)
def test_a_workflow_of_a_template_may_pass_what_its_entrypoint_takes(
    tmp_path: Path, passed: str, wrong: list[str]
) -> None:
    """Parameters of the workflow are handed to the template that it begins with."""
    files = {"entered.yaml": ENTERED, "enters.yaml": ENTERS.replace("PASSED", passed)}
    repo = make_repo(tmp_path, {f"pipelines/{name}": text for name, text in files.items()})
    assert [one.code for one in told(repo.validate())] == wrong
