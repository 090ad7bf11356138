"""What a folder declares: the same as evaluating it anew, remembered as long as it is true."""

import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.app.checkouts import open_checkout
from ruleengine.app.declaring import declare
from ruleengine.app.evaluating import Evaluated, evaluate_folder
from ruleengine.app.workspace import open_workspace
from tests.validation.config_repos import Repo, make_repo

BUILD = "steps:\n- {name: greet, image: alpine, run: echo hello}\n"
RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: patient}
match: {kind: WorkflowTemplate}
set: {spec: {activeDeadlineSeconds: 60}}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A committed config repo with pipelines, and with files beside them that are none."""
    files = {
        "pipelines/build.yaml": BUILD,
        "pipelines/nightly.yaml": f"schedules: ['@daily']\n{BUILD}",
        "pipelines/README.md": "words",
        "pipelines/broken.yaml": "steps: [",
    }
    found = make_repo(tmp_path, files)
    (tmp_path / "pipelines/link.yaml").symlink_to("build.yaml")
    found.commit()
    return found


def evaluated(repo: Repo) -> Evaluated:
    """Return what the folder of pipelines declares, by way of the index."""
    return evaluate_folder(open_checkout(open_workspace(repo.root)), "pipelines")


def anew(repo: Repo) -> Evaluated:
    """Return the same from the rules themselves."""
    found = declare(open_workspace(repo.root), only=("pipelines",))
    objects = tuple((one.object, one.origin) for one in found.derived)
    shared = ("Namespace", "CustomResourceDefinition")
    actions = tuple(one for one in found.actions if one.target.kind not in shared)
    return Evaluated(objects, actions, found.tree.revision)


def test_what_is_remembered_is_what_the_rules_make(repo: Repo) -> None:
    """Objects with their origins, and actions: the first time, and from the index."""
    expected = anew(repo)
    assert [one["metadata"]["name"] for one, _ in expected.objects] == ["build", "nightly"]
    assert evaluated(repo) == expected
    assert evaluated(repo) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"pipelines/build.yaml": BUILD.replace("hello", "bye")},
        {"pipelines/build.yaml": None},
        {"pipelines/more.yaml": BUILD},
        {"pipelines/_defaults.yaml": "WorkflowTemplate: {spec: {priority: 7}}\n"},
        {"rules/patient.yaml": RULE},
        {"ruleengine.yaml": "namespace: ci\n"},
    ],
    ids=["changed", "removed", "added", "defaults", "rule", "settings"],
)
def test_what_changed_is_evaluated_anew(repo: Repo, change: dict[str, str | None]) -> None:
    """A file, its defaults, a rule, the settings: committed or not, and back again."""
    before = evaluated(repo)
    repo.write(change)
    assert evaluated(repo) == anew(repo)
    assert evaluated(repo) != before
    repo.commit()
    assert evaluated(repo) == anew(repo)
    repo.git("revert", "--no-edit", "HEAD")
    assert evaluated(repo).objects == anew(repo).objects


def test_a_folder_outside_git_is_evaluated_each_time(tmp_path: Path) -> None:
    """There is nothing to ask what changed, and the answer is the same."""
    repo = Repo(tmp_path)
    repo.write({"pipelines/build.yaml": BUILD})
    assert evaluated(repo) == anew(repo)


def test_an_unchanged_repo_loads_neither_rules_nor_yaml(repo: Repo) -> None:
    """What a command waits for is what changed."""
    evaluated(repo)
    code = (
        "import sys; from pathlib import Path\n"
        "from ruleengine.app.checkouts import open_checkout\n"
        "from ruleengine.app.evaluating import evaluate_folder\n"
        "from ruleengine.app.workspace import open_workspace\n"
        f"checkout = open_checkout(open_workspace(Path({str(repo.root)!r})))\n"
        "assert len(evaluate_folder(checkout, 'pipelines').objects) == 2\n"
        "print([one for one in ('jinja2', 'yaml', 'jsonschema_rs') if one in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
