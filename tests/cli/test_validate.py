"""``ruleengine validate`` as people and scripts call it."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ruleengine.app import tree_states
from ruleengine.model.data import data_folder
from ruleengine.repository.worktree import WorkTree
from tests.e2e.command_line import call
from tests.validation.config_repos import FILES, Repo, make_repo

WRONG = "source: {path: apps/web}\nrevisionHistoryLimits: 3\n"


RECORDED = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate, namespace: staging}
spec: {metrics: [{name: rate, provider: {web: {url: "https://example.com"}}}]}
"""
"""A document that no reconciler of the native engine acts on."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a config repo without problems."""
    return make_repo(tmp_path_factory.mktemp("good"), {**FILES, "rollouts/rate.yaml": RECORDED})


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a config repo with one wrong field."""
    return make_repo(
        tmp_path_factory.mktemp("bad"), {**FILES, "environments/staging/a.yaml": WRONG}
    )


def test_success_says_what_was_checked(good: Repo) -> None:
    """Exit code 0, one line, and one more for all documents that are merely recorded."""
    result = good.run("validate")
    assert (result.code, result.errors) == (0, "")
    first, second = result.output.splitlines()
    assert first == "no findings; 4 documents in 4 files checked"
    assert second.startswith("1 document is recorded")


def test_a_process_that_goes_on_collects_its_garbage_again(good: Repo) -> None:
    """Whoever calls the command inside of a longer process grows no more for it."""
    assert gc.isenabled()
    assert call(good.root, "validate").code == 0
    assert gc.isenabled()
    assert call(good.root / "environments", "validate", "--revision", "nowhere").code != 0
    assert gc.isenabled()


def test_of_a_folder_that_is_no_config_repo_only_what_is_named_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the root of a whole disk; a name of nothing is told at once."""
    walked: list[Path] = []
    whole = tree_states.walk_folder

    def walk(folder: Path) -> WorkTree:
        walked.append(folder)
        return whole(folder)

    monkeypatch.setattr(tree_states, "walk_folder", walk)
    for name in ("one.yaml", "beside/two.yaml", "other/three.yaml"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(RECORDED.replace("metrics", "metrix"))
    found = call(tmp_path, "validate", "one.yaml", "beside")
    assert (found.code, walked) == (1, [tmp_path / "beside"])
    assert "one.yaml:4" in found.output
    assert "beside/two.yaml:4" in found.output
    missing = call(tmp_path, "validate", "four.yaml")
    assert (missing.code, walked) == (3, [tmp_path / "beside"])
    assert "there is no file four.yaml" in missing.errors


def test_verbose_lists_what_is_merely_recorded(good: Repo) -> None:
    """Each at its place; nothing has to be counted any more."""
    lines = good.run("validate", "--verbose").output.splitlines()
    heads = [line.partition(":")[0] for line in lines if " info support-kind-recorded: " in line]
    assert heads == ["rollouts/rate.yaml"]
    assert lines[-1] == "1 info; 4 documents in 4 files checked"


def test_an_error_is_exit_code_1_and_shows_its_line(bad: Repo) -> None:
    """The line of the file stands below the message."""
    result = bad.run("validate")
    assert result.code == 1
    assert result.output.startswith("environments/staging/a.yaml:2:1 error schema-")
    assert "2 | revisionHistoryLimits: 3" in result.output
    assert "\x1b" not in result.output


def test_a_command_line_that_makes_no_sense_is_exit_code_3(good: Repo) -> None:
    """Contradictions, unknown checks and paths that are nowhere."""
    for arguments in (
        ["--staged", "--revision", "HEAD"],
        ["--checks", "spelling"],
        ["nowhere.yaml"],
        ["--output-file", "no/such/folder/x"],
    ):
        result = good.run("validate", *arguments)
        assert (result.code, result.output) == (3, ""), arguments
        assert "Traceback" not in result.errors


def test_json_is_one_object(bad: Repo) -> None:
    """It says what was checked."""
    data = json.loads(bad.run("validate", "-o", "json").output)
    assert (data["apiVersion"], data["kind"]) == ("ruleengine.dev/v1", "Findings")
    assert data["summary"] == {"error": 1, "warning": 0, "info": 0}
    assert data["checked"]["documents"] == 4
    schema = json.loads((data_folder("schemas") / "output" / "findings.json").read_text())
    Draft202012Validator(schema).validate(data)


@pytest.mark.parametrize(
    ("output", "start"), [("yaml", "apiVersion: "), ("sarif", "{"), ("junit", "<?xml")]
)
def test_other_formats_go_to_a_file(bad: Repo, tmp_path: Path, output: str, start: str) -> None:
    """Standard output stays empty."""
    file = tmp_path / "findings"
    result = bad.run("validate", "-o", output, "--output-file", str(file))
    assert (result.code, result.output) == (1, "")
    assert file.read_text().startswith(start)


def test_paths_are_seen_from_the_current_folder(bad: Repo) -> None:
    """As every command line tool does."""
    assert bad.run("validate", "a.yaml", folder="environments/staging").code == 1
    assert bad.run("validate", "web.yaml", folder="environments/staging").code == 0


def test_help_has_examples(good: Repo) -> None:
    """A newcomer copies them."""
    result = good.run("validate", "--help")
    assert result.code == 0
    assert "ruleengine validate --staged" in result.output
    assert "SARIF".lower() in result.output


_SPY = """
import sys
sys.argv = ["ruleengine", "validate"]
from ruleengine.cli.main import main
try:
    main()
except SystemExit:
    pass
heavy = ["asyncio", "jsonschema", "kubernetes", "pygit2", "rich", "ruamel.yaml", "starlette"]
heavy += sys.stdin.read().split()
print([name for name in heavy if name in sys.modules], file=sys.stderr)
"""


def test_no_heavy_library_is_imported(tmp_path: Path) -> None:
    """Not when everything is new, and hardly anything when nothing has changed."""
    repo = make_repo(tmp_path)
    for more in ("", "jinja2 yaml jsonschema_rs"):
        done = subprocess.run(
            [sys.executable, "-c", _SPY],
            cwd=repo.root,
            input=more,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "[]\n"
