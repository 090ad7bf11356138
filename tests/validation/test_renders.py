"""What environments render to is checked, and counts as declared."""

from pathlib import Path

import pytest

from ruleengine.validation.checks import Check, Report
from tests.validation.config_repos import FILES, MANIFESTS, Repo, found, make_repo, told

MISSPELT = MANIFESTS.replace("ports:", "prots:")
ROLLOUT = """\
replicas: 1
selector: {matchLabels: {app: web}}
template:
  metadata: {labels: {app: web}}
  spec: {containers: [{name: web, image: web}]}
strategy:
  canary: {stableService: web, steps: [{setWeight: 50}]}
"""


def dangling(report: Report) -> list[str]:
    """Return the files that point at nothing; what else is told of a rollout is not meant."""
    return [path for path, code in found(report) if code == "reference-target-missing"]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a config repo with one environment of one service, checked once."""
    repo = make_repo(tmp_path / "config")
    assert found(repo.validate()) == []
    return repo


def test_a_wrong_field_of_a_manifest_is_found_at_its_line(repo: Repo) -> None:
    """The file lies outside the four folders and is rendered by an environment."""
    repo.write({"apps/web/service.yaml": MISSPELT})
    (finding, *_) = told(repo.validate())
    assert (finding.place.path, finding.place.line) == ("apps/web/service.yaml", 6)
    repo.write({"apps/web/service.yaml": MANIFESTS})
    assert found(repo.validate()) == []


def test_renders_are_left_out_on_request(repo: Repo) -> None:
    """Their findings belong to the check render and to no other."""
    repo.write({"apps/web/service.yaml": MISSPELT})
    assert found(repo.validate(checks=frozenset(Check) - {Check.RENDER})) == []
    assert repo.validate(checks=frozenset({Check.RENDER})).failed


def test_two_environments_of_one_folder_tell_once(repo: Repo) -> None:
    """The same place is not reported twice."""
    repo.write(
        {
            "environments/production/web.yaml": FILES["environments/staging/web.yaml"],
            "apps/web/service.yaml": MISSPELT,
        }
    )
    findings = told(repo.validate())
    assert len(findings) == len(set(findings))
    assert {one.place.path for one in findings} == {"apps/web/service.yaml"}


def test_a_staged_manifest_is_checked_through_its_environment(repo: Repo) -> None:
    """The environment is not staged."""
    repo.write({"apps/web/service.yaml": MISSPELT})
    repo.git("add", "--all")
    assert {path for path, _ in found(repo.validate(staged=True))} == {"apps/web/service.yaml"}


def test_an_object_of_a_foreign_kind_is_an_info(repo: Repo) -> None:
    """Operators bring kinds that we cannot know."""
    repo.write(
        {"apps/web/foreign.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"}
    )
    report = repo.validate()
    assert not report.failed
    assert [one.place.path for one in told(report)] == ["apps/web/foreign.yaml"]


def test_what_is_rendered_can_be_pointed_at(repo: Repo) -> None:
    """A rollout names a service that an environment of its namespace brings."""
    repo.write({"rollouts/staging/web.yaml": ROLLOUT})
    assert dangling(repo.validate()) == []
    repo.write({"apps/web/service.yaml": MANIFESTS.replace("name: web}", "name: other}")})
    assert dangling(repo.validate()) == ["rollouts/staging/web.yaml"]


def test_a_removed_environment_takes_what_it_rendered_with_it(repo: Repo) -> None:
    """The pointer dangles although the manifest still lies there."""
    repo.write({"rollouts/staging/web.yaml": ROLLOUT})
    assert dangling(repo.validate()) == []
    repo.write({"environments/staging/web.yaml": None})
    assert dangling(repo.validate()) == ["rollouts/staging/web.yaml"]


def test_what_two_applications_render_is_told_at_both(repo: Repo) -> None:
    """With the place of the object, until one of them has it for itself."""
    second = "environments/staging/second.yaml"
    repo.write({second: "# the same folder\nsource: {path: apps/web}\n"})
    one, other = told(repo.validate())
    assert {one.code, other.code} == {"identity-object-shared"}
    assert "Service/staging/web" in one.message
    assert [str(one.place), *(str(see.place) for see in one.related)] == [
        f"{second}:2:1",
        "apps/web/service.yaml:1:1",
        "environments/staging/web.yaml:1:1",
    ]
    assert other.related[-1].place == one.place
    repo.write({second: "source: {path: apps/web}\ndestination: {namespace: own}\n"})
    assert found(repo.validate()) == []


@pytest.mark.parametrize(
    "second",
    [
        "source: {path: apps/web}\ndestination: {server: 'https://east', namespace: staging}\n",
        "source: {path: apps/other}\n",
    ],
)
def test_applications_may_have_objects_of_one_name(repo: Repo, second: str) -> None:
    """On two clusters, or of hooks, which come and go with each sync."""
    hook = "annotations: {argocd.argoproj.io/hook: PreSync}, name: web}"
    repo.write(
        {
            "apps/other/service.yaml": MANIFESTS.replace("name: web}", hook),
            "environments/staging/second.yaml": second,
        }
    )
    assert found(repo.validate()) == []


def test_a_destination_of_a_rule_may_be_of_any_type(repo: Repo) -> None:
    """What rules emit is told to be wrong, and rendered all the same."""
    emitted = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: odd}
match: {folder: environments, form: short}
emit:
- apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: {name: odd, namespace: ruleengine}
  spec: {project: default, source: {path: apps/web}, destination: {namespace: 5, server: [x]}}
"""
    repo.write({"rules/odd.yaml": emitted})
    assert "schema-value-type" in {code for _, code in found(repo.validate())}


def test_one_application_may_render_an_object_twice(repo: Repo) -> None:
    """From two of its sources: the later one counts."""
    spec = "{sources: [{path: apps/web}, {path: apps/web}], destination: {namespace: twice}}"
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: twice}\n"
    repo.write({"environments/twice.yaml": f"{head}spec: {spec}\n"})
    assert "identity-object-shared" not in {code for _, code in found(repo.validate())}
