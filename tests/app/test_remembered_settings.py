"""Settings that are remembered: what ``ruleengine.yaml`` says now, without reading YAML again."""

import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.app.remembered_settings import settings
from ruleengine.app.workspace import open_workspace
from ruleengine.model.configuration import Configuration
from ruleengine.model.errors import FailedError
from ruleengine.repository.configuration import read_text
from tests.validation.config_repos import Repo, make_repo

WHOLE = """\
namespace: ci
controlNamespace: control
engine: native
archive: {ttl: 30d, selector: team=shop}
nodeStatus: {largest: 2000, offload: true}
artifactRepository: {s3: {bucket: b, endpoint: s3.example.com}}
local: {images: {tool: {entrypoint: [tool], env: {A: b}}}}
defaults: {WorkflowTemplate: {spec: {priority: 1}}}
"""
WAIVED = """\
waivers:
- {code: policy-rule-violated, path: pipelines/**, reason: known, expires: "2030-01-01"}
"""


@pytest.mark.parametrize("text", [WHOLE, WAIVED, "", "namespace: other\n", WHOLE + WAIVED])
def test_they_are_what_the_file_says_at_the_first_time_and_after(tmp_path: Path, text: str) -> None:
    """Every setting, with the places of those that have one; and what it says after a change."""
    repo = make_repo(tmp_path, {"ruleengine.yaml": text})
    workspace = open_workspace(repo.root)
    expected, _ = read_text(text.encode())
    assert settings(workspace) == expected
    assert settings(workspace) == expected
    repo.write({"ruleengine.yaml": "namespace: changed\n"})
    assert settings(workspace).namespace == "changed"
    repo.write({"ruleengine.yaml": None})
    assert settings(workspace) == Configuration()


@pytest.mark.parametrize("git", [True, False])
def test_where_they_are_wrong_nothing_goes_on(tmp_path: Path, *, git: bool) -> None:
    """Each time: what is wrong is not remembered as right. Another cluster may be meant."""
    files = {"ruleengine.yaml": "namespace: Not_a_name\nengine: nativ\n"}
    if git:
        make_repo(tmp_path, files)
    else:
        Repo(tmp_path).write({**files})
    workspace = open_workspace(tmp_path)
    for _ in range(2):
        with pytest.raises(FailedError) as caught:
            settings(workspace)
        assert "ruleengine.yaml:1:1: namespace 'Not_a_name'" in caught.value.message
        assert caught.value.message.endswith("(and 1 more)")
        assert caught.value.remedy.endswith("see all: ruleengine validate")


def test_an_unchanged_file_is_not_parsed(tmp_path: Path) -> None:
    """Nor is the library for it imported."""
    repo = make_repo(tmp_path, {"ruleengine.yaml": WHOLE})
    code = (
        "import sys; from pathlib import Path\n"
        "from ruleengine.app.remembered_settings import settings\n"
        "from ruleengine.app.workspace import open_workspace\n"
        f"found = settings(open_workspace(Path({str(repo.root)!r})))\n"
        "print(found.namespace, 'yaml' in sys.modules)"
    )
    told = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [one.stdout for one in told] == ["ci True\n", "ci False\n"]
