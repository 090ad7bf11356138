"""What workflows read of templates that lie in other documents of the repository."""

from pathlib import Path

import pytest

from ruleengine.validation.checks import Report
from tests.validation.config_repos import Repo, make_repo, told

SHARED = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared, namespace: ruleengine}
spec:
  entrypoint: make
  templates:
  - name: make
    outputs:
      parameters: [{name: size, valueFrom: {path: /size}}]
      artifacts: [{name: tree, path: /tree}]
    container: {image: alpine, command: [work]}
"""
CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: caller, namespace: ruleengine}
spec:
  entrypoint: main
  templateDefaults: {outputs: {parameters: [{name: usual, value: x}]}}
  templates:
  - name: use
    inputs: {parameters: [{name: text}], artifacts: [{name: in, path: /in, optional: true}]}
    container: {image: alpine, command: [work]}
  - name: main
    steps:
    - - {name: first, templateRef: {name: shared, template: make}}
    - - name: second
        template: use
        arguments:
          parameters: [{name: text, value: "READ"}]
          ARTIFACTS
"""
PARAMETER, ARTIFACT = 17, 18
OUTPUTS = "{{steps.first.outputs.parameters"


def caller(read: str = "", artifact: str = "") -> str:
    """Return a workflow that reads an output of the shared template."""
    artifacts = f"artifacts: [{{name: in, from: '{artifact}'}}]" if artifact else "artifacts: []"
    return CALLER.replace("READ", read).replace("ARTIFACTS", artifacts)


def repo_of(folder: Path, text: str, shared: str = SHARED) -> Repo:
    """Return a repository of both documents."""
    files = {"pipelines/caller.yaml": text, "pipelines/shared.yaml": shared}
    return make_repo(folder / "config", files)


def lines(report: Report) -> list[tuple[str, int, str, str]]:
    """Return where what is wrong stands, its code and the remedy."""
    return [(one.place.path, one.place.line, one.code, one.remedy) for one in told(report)]


@pytest.mark.parametrize(
    ("read", "artifact", "line", "remedy"),
    [
        (f"{OUTPUTS}.sise}}}}", "", PARAMETER, "did you mean 'size'?"),
        (f"{OUTPUTS}['sise']}}}}", "", PARAMETER, "did you mean 'size'?"),
        ("{{=steps.first.outputs.parameters.sise}}", "", PARAMETER, "did you mean 'size'?"),
        (
            "{{=steps.first.outputs.parameters.other}}",
            "",
            PARAMETER,
            "correct the name, or declare the output parameter there",
        ),
        ("x", "{{steps.first.outputs.artifacts.tre}}", ARTIFACT, "did you mean 'tree'?"),
    ],
)
def test_an_output_that_a_template_elsewhere_lacks_is_told_where_it_is_read(
    tmp_path: Path, read: str, artifact: str, line: int, remedy: str
) -> None:
    """With the nearest that it has, and with where it is declared."""
    if "[" in read:
        read = f"{{{{={read[2:]}"
    report = repo_of(tmp_path, caller(read, artifact)).validate()
    assert lines(report) == [("pipelines/caller.yaml", line, "reference-tag-unresolved", remedy)]
    (finding,) = told(report)
    assert "Template 'WorkflowTemplate/shared/make' declares no output" in finding.message
    assert (finding.related[0].place.path, finding.related[0].place.line) == (
        "pipelines/shared.yaml",
        7,
    )


@pytest.mark.parametrize(
    "read",
    [
        f"{OUTPUTS}.size}}}}",
        f"{OUTPUTS}.usual}}}}",
        f"{OUTPUTS}}}}}",
        "{{steps.first.outputs.result}} {{steps.first.status}} {{=steps.first.outputs}}",
    ],
)
def test_what_a_template_elsewhere_makes_may_be_read(tmp_path: Path, read: str) -> None:
    """What it declares, what the workflow has all templates declare, and what each has."""
    text = caller(read, "{{steps.first.outputs.artifacts.tree}}")
    assert lines(repo_of(tmp_path, text).validate()) == []


def test_of_a_template_that_is_not_there_only_that_is_told(tmp_path: Path) -> None:
    """It may lie outside the repository, with whatever outputs."""
    text = caller(f"{OUTPUTS}.sise}}}}").replace("template: make", "template: other")
    (found,) = lines(repo_of(tmp_path, text).validate())
    assert found[2] == "reference-target-missing"


def test_a_template_of_the_cluster_is_looked_up_as_such(tmp_path: Path) -> None:
    """It has no namespace."""
    text = caller(f"{OUTPUTS}.sise}}}}").replace(
        "template: make", "template: make, clusterScope: true"
    )
    shared = SHARED.replace("kind: Work", "kind: ClusterWork").replace(
        ", namespace: ruleengine", ""
    )
    (found,) = lines(repo_of(tmp_path, text, shared).validate())
    assert found[1:3] == (PARAMETER, "reference-tag-unresolved")


def test_an_output_that_is_taken_away_breaks_who_reads_it(tmp_path: Path) -> None:
    """Although only the other document was changed; the index looks at whom that touches."""
    repo = repo_of(tmp_path, caller(f"{OUTPUTS}.size}}}}"))
    assert lines(repo.validate()) == []
    repo.write({"pipelines/shared.yaml": SHARED.replace("name: size", "name: length")})
    assert [found[:3] for found in lines(repo.validate())] == [
        ("pipelines/caller.yaml", PARAMETER, "reference-tag-unresolved")
    ]
    repo.write({"pipelines/shared.yaml": SHARED})
    assert lines(repo.validate()) == []


TAGGED = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: tagged, namespace: ruleengine}
spec:
  entrypoint: main
  onExit: show
  templates:
  - name: make
    inputs: {parameters: [{name: what}]}
    container: {image: alpine, command: [work]}
    outputs:
      artifacts:
      - name: of-{{inputs.parameters.what}}
        path: /a
        globalName: all-{{inputs.parameters.what}}
  - name: use
    inputs: {artifacts: [{name: in, path: /in}]}
    container: {image: alpine, command: [work]}
  - name: main
    steps:
    - - name: first
        template: make
        arguments: {parameters: [{name: what, value: car}]}
    - - name: second
        template: use
        arguments: {artifacts: [{name: in, from: "{{steps.first.outputs.artifacts.OUTPUT}}"}]}
  - name: show
    steps:
    - - name: show
        template: use
        arguments: {artifacts: [{name: in, from: "{{workflow.outputs.artifacts.SHARED}}"}]}
"""


@pytest.mark.parametrize(
    ("output", "shared", "wrong"),
    [
        ("of-car", "all-car", []),
        ("car", "all-car", [26]),
        ("of-car", "car-all", [31]),
    ],
)
def test_a_name_with_a_tag_may_be_any_that_it_can_become(
    tmp_path: Path, output: str, shared: str, wrong: list[int]
) -> None:
    """Of an output, and of what the whole workflow sees; what it cannot become is told."""
    text = TAGGED.replace("OUTPUT", output).replace("SHARED", shared)
    repo = make_repo(tmp_path / "config", {"pipelines/tagged.yaml": text})
    found = told(repo.validate())
    assert [one.place.line for one in found] == wrong
    assert {one.code for one in found} <= {"reference-tag-unresolved"}


def test_what_another_document_makes_may_be_named_by_a_tag(tmp_path: Path) -> None:
    """As far as it can become what is read."""
    tagged = SHARED.replace("name: tree", 'name: "tr{{inputs.parameters.x}}e"').replace(
        "    outputs:", "    inputs: {parameters: [{name: x, value: e}]}\n    outputs:"
    )
    read = caller(artifact="{{steps.first.outputs.artifacts.WHICH}}")
    assert not lines(repo_of(tmp_path / "1", read.replace("WHICH", "tree"), tagged).validate())
    assert lines(repo_of(tmp_path / "2", read.replace("WHICH", "treat"), tagged).validate())
