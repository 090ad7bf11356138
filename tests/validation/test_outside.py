"""Files that a run names and that no folder holds: what they point at is looked up, too."""

from pathlib import Path

import pytest

from ruleengine.model.findings import Finding, Severity
from ruleengine.validation.checks import Check
from tests.validation.config_repos import Repo, found, make_repo, told

BUILD = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: build, namespace: ruleengine}
spec:
  entrypoint: main
  templates:
  - name: main
    inputs: {parameters: [{name: revision}]}
    container: {image: alpine, command: [make]}
"""


def workflow(step: str, *, entrypoint: str = "main", namespace: str = "ruleengine") -> str:
    """Return a workflow of one step, a line of YAML in braces."""
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: try, namespace: {namespace}}}
spec:
  entrypoint: {entrypoint}
  templates:
  - name: main
    steps:
    - - {{name: a, {step}}}
  - name: echo
    container: {{image: alpine, command: [echo]}}
"""


REFERENCE = """templateRef: {name: build, template: main},
       arguments: {parameters: [{name: revision, value: x}]}"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repo that declares one template of a pipeline."""
    return make_repo(tmp_path / "config", {"pipelines/build.yaml": BUILD})


@pytest.fixture
def loose(tmp_path: Path) -> Repo:
    """Return a folder that nothing marks as a config repo."""
    (tmp_path / "loose").mkdir()
    return Repo(tmp_path / "loose")


def lines(findings: list[Finding]) -> list[tuple[int, str]]:
    """Return line and code of findings."""
    return [(one.place.line, one.code) for one in findings]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (workflow("template: echo", entrypoint="mian"), 5, "reference-target-missing"),
        (workflow("template: ehco"), 9, "reference-target-missing"),
        (workflow(REFERENCE.replace("build", "biuld")), 9, "reference-target-missing"),
        (workflow(REFERENCE.replace("main", "mian")), 9, "reference-target-missing"),
        (workflow("templateRef: {name: build, template: main}"), 9, "reference-parameter-missing"),
        (workflow(REFERENCE, namespace="elsewhere"), 9, "reference-target-missing"),
    ],
    ids=["entrypoint", "template", "document", "its template", "parameter", "namespace"],
)
def test_a_pointer_into_nothing_is_a_finding_at_its_line(
    repo: Repo, text: str, line: int, code: str
) -> None:
    """As it is where the file lies in one of the folders."""
    repo.write({"drafts/try.yaml": text})
    assert lines(told(repo.validate("drafts/try.yaml"))) == [(line, code)]
    repo.write({"pipelines/try.yaml": text})
    assert lines(told(repo.validate("pipelines/try.yaml"))) == [(line, code)]


@pytest.mark.parametrize("namespace", ["ruleengine", "''"])
def test_what_the_repo_declares_is_found(repo: Repo, namespace: str) -> None:
    """A document without a namespace gets one where it is applied, so it is in any."""
    repo.write({"drafts/try.yaml": workflow(REFERENCE, namespace=namespace)})
    assert told(repo.validate("drafts/try.yaml")) == []


def test_a_near_name_is_suggested_of_the_repo_and_of_the_named_files(repo: Repo) -> None:
    """Of whichever declares one."""
    repo.write({"drafts/try.yaml": workflow("template: ehco", entrypoint="mian")})
    remedies = [one.remedy for one in told(repo.validate("drafts/try.yaml"))]
    assert [one.partition("?")[0] for one in remedies] == [
        "did you mean 'main'",
        "did you mean 'echo'",
    ]
    repo.write({"drafts/try.yaml": workflow(REFERENCE.replace("main", "mian"))})
    (finding,) = told(repo.validate("drafts/try.yaml"))
    assert finding.remedy.startswith("did you mean 'main'?")


def test_files_that_are_named_together_find_each_other(repo: Repo) -> None:
    """Alone, the one lacks what the other declares."""
    repo.write(
        {
            "drafts/try.yaml": workflow(REFERENCE.replace("build", "ship")),
            "drafts/ship.yaml": BUILD.replace("build", "ship"),
        }
    )
    assert found(repo.validate("drafts/try.yaml")) == [
        ("drafts/try.yaml", "reference-target-missing")
    ]
    assert told(repo.validate("drafts/try.yaml", "drafts/ship.yaml")) == []
    assert told(repo.validate("drafts")) == []


def test_what_a_named_file_declares_goes_before_what_the_repo_does(repo: Repo) -> None:
    """It is about to take its place; and a copy is no second object."""
    changed = BUILD.replace("revision", "commit")
    repo.write({"drafts/try.yaml": workflow(REFERENCE), "drafts/build.yaml": changed})
    assert [one.code for one in told(repo.validate("drafts/try.yaml", "drafts/build.yaml"))] == [
        "reference-parameter-missing",
        "reference-parameter-unknown",
    ]


def test_a_named_file_changes_nothing_of_what_is_said_of_the_repo(repo: Repo) -> None:
    """A pointer of the repo has to be declared there."""
    repo.write(
        {
            "pipelines/try.yaml": workflow(REFERENCE.replace("build", "ship")),
            "drafts/ship.yaml": BUILD.replace("build", "ship"),
        }
    )
    alone = told(repo.validate("pipelines/try.yaml"))
    assert [one.code for one in alone] == ["reference-target-missing"]
    assert told(repo.validate("pipelines/try.yaml", "drafts/ship.yaml")) == alone


def test_only_what_was_asked_for_is_told(repo: Repo) -> None:
    """Pointers belong to the check of references."""
    repo.write({"drafts/try.yaml": workflow("template: ehco")})
    assert told(repo.validate("drafts/try.yaml", checks=frozenset({Check.SCHEMA}))) == []


def test_a_path_of_a_named_file_is_one_of_the_repo(repo: Repo) -> None:
    """As the sources of applications are."""
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: ruleengine}
spec:
  project: default
  source: {path: PATH}
  destination: {server: https://kubernetes.default.svc, namespace: web}
"""
    repo.write({"drafts/web.yaml": application.replace("PATH", "apps/web")})
    assert found(repo.validate("drafts/web.yaml")) == [
        ("drafts/web.yaml", "reference-path-missing")
    ]
    repo.write({"drafts/web.yaml": application.replace("PATH", "pipelines")})
    assert told(repo.validate("drafts/web.yaml")) == []


def test_without_a_repo_what_lies_elsewhere_is_told_once_as_unchecked(loose: Repo) -> None:
    """Nobody knows whether it is there: that is no error."""
    loose.write(
        {
            "one.yaml": workflow(REFERENCE),
            "two.yaml": workflow(REFERENCE.replace("build", "ship")),
        }
    )
    report = loose.validate("one.yaml", "two.yaml")
    (finding,) = told(report)
    assert (finding.code, finding.severity) == ("reference-target-unchecked", Severity.INFO)
    assert (finding.place.path, finding.place.line) == ("one.yaml", 9)
    assert "WorkflowTemplate/build, WorkflowTemplate/ship" in finding.message
    assert not report.failed


def test_without_a_repo_only_some_of_what_is_unchecked_is_named(loose: Repo) -> None:
    """The others are counted."""
    steps = "templateRef: {{name: t{}, template: main}}"
    loose.write({f"{one}.yaml": workflow(steps.format(one)) for one in range(5)})
    (finding,) = told(loose.validate(*(f"{one}.yaml" for one in range(5))))
    assert "WorkflowTemplate/t2 and 2 more:" in finding.message


def test_without_a_repo_what_the_named_files_decide_is_checked(loose: Repo) -> None:
    """A document that is named has the templates that it has."""
    loose.write(
        {
            "try.yaml": workflow(REFERENCE.replace("main", "mian"), entrypoint="mian"),
            "build.yaml": BUILD,
        }
    )
    assert lines(told(loose.validate("try.yaml", "build.yaml"))) == [
        (5, "reference-target-missing"),
        (9, "reference-target-missing"),
    ]
    loose.write({"try.yaml": workflow(REFERENCE)})
    assert told(loose.validate("try.yaml", "build.yaml")) == []
