"""Broken surroundings and wrong command lines: a repo, a file system or a call that is not right.

Wrong usage is exit code 3 with a remedy and an empty standard output; what lies in the repo
and is not read is a finding.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import bad_setups
from tests.e2e.command_line import call, put
from tests.validation.config_repos import FILES, Repo, make_repo

WRONG = {"pipelines/x.yaml": "steps: 5\n"}
STRANGE_NAMES = (
    *("new\nline", "sp ace", "\u00fcn\u00ef\u2603", "-dash", "quo'te\"", "ta\tb", "\x1b[31mred"),
    *("a:5:3", "%s${{x}}", "*", "\u202eevil", "#hash", "back\\slash"),
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a good config repo."""
    return make_repo(tmp_path / "config")


def test_a_link_that_leaves_the_repo_is_not_followed(repo: Repo) -> None:
    """Neither to a file nor to a folder, in no state of the repo."""
    (repo.root.parent / "outside.yaml").write_text("hunter2: [\n")
    (repo.root / "environments/staging/link.yaml").symlink_to("../../../outside.yaml")
    (repo.root / "pipelines/etc").symlink_to("/etc")
    repo.commit()
    for options in ((), ("--revision", "HEAD"), ("--staged",), ("environments/staging/link.yaml",)):
        result = call(repo.root, "validate", *options)
        result.check_explained(0)
        assert "hunter2" not in result.text
        if options != ("--staged",):
            assert "environments/staging/link.yaml warning repository-link-unread" in result.output


@pytest.mark.parametrize(
    "path",
    [
        *("ruleengine.yaml", "rules", "rules/r.yaml", "schemas", "environments/_defaults.yaml"),
        *("schemas/s.json", "apps/web/link.yaml", "rollouts"),
    ],
)
def test_a_link_in_place_of_what_counts_is_told(repo: Repo, path: str) -> None:
    """Settings, rules, schemas, defaults and manifests that are not read would be missed."""
    (repo.root / path).parent.mkdir(exist_ok=True)
    (repo.root / path).symlink_to("/etc/passwd" if path.endswith((".yaml", ".json")) else "/etc")
    repo.commit()
    for options in ((), ("--revision", "HEAD")):
        result = call(repo.root, "validate", *options)
        result.check_explained(0)
        assert any(
            line.startswith(f"{path} ") and "repository-link-unread" in line
            for line in result.output.splitlines()
        )
        assert "root:" not in result.text


def test_a_submodule_is_not_read(repo: Repo, tmp_path: Path) -> None:
    """It is a finding, whether it is committed or only lies there."""
    other = make_repo(tmp_path / "other", WRONG)
    clone = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"]
    repo.git(*clone, str(other.root), "pipelines/sub")
    repo.commit()
    for options in ((), ("--revision", "HEAD")):
        result = call(repo.root, "validate", *options)
        result.check_explained(0)
        assert "pipelines/sub warning repository-submodule-unread" in result.output


def test_a_source_in_a_submodule_says_why_it_is_missing(repo: Repo, tmp_path: Path) -> None:
    """Whether it is the submodule itself or a folder in it."""
    other = make_repo(tmp_path / "other")
    repo.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(other.root), "sub")
    for path in ("sub", "sub/apps/web"):
        repo.write({"environments/staging/web.yaml": f"source: {{path: {path}}}\n"})
        repo.commit()
        for options in ((), ("--revision", "HEAD")):
            result = call(repo.root, "validate", *options)
            result.check_explained(1)
            assert "environments/staging/web.yaml:1:16 error reference-path-m" in result.output
            assert "'sub' is another Git repository, which is not followed" in result.output


def test_a_sparse_checkout_is_whole(repo: Repo) -> None:
    """What Git leaves out of the folder is as committed; what is removed is gone."""
    repo.write({"pipelines/x.yaml": "steps: 5\n"})
    repo.commit()
    repo.git("sparse-checkout", "set", "environments", "pipelines")
    (repo.root / "pipelines/x.yaml").unlink()
    assert not (repo.root / "triggers").exists()
    result = call(repo.root, "validate", "-o", "json")
    result.check_explained(0)
    assert json.loads(result.output)["checked"]["documents"] == 3
    same = call(repo.root, "plan", "--from", "HEAD")
    same.check_explained(0)
    assert same.output.startswith("no change: ")


def test_a_bare_repository_has_no_files(repo: Repo, tmp_path: Path) -> None:
    """Every command that needs them says so."""
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    before = sorted((tmp_path / "bare.git").iterdir())
    for command in (("validate",), ("plan",), ("plan", "--from", "HEAD"), ("validate", "--staged")):
        result = call(tmp_path / "bare.git", *command)
        assert (result.code, result.output, result.crash) == (3, "", "")
        assert "bare Git repository" in result.errors
        assert "remedy: work in a clone" in result.errors
    assert sorted((tmp_path / "bare.git").iterdir()) == before


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("HEAD", "nonsense", "git does not take"),
        ("index", "nonsense", "git cannot read"),
        ("config", "[[[", "git cannot read"),
        ("refs/heads/main", "0" * 40, "git"),
    ],
)
def test_a_broken_repository_is_told(repo: Repo, file: str, content: str, says: str) -> None:
    """What Git complains of is passed on; nobody is told to make a new one beside it."""
    (repo.root / ".git" / file).write_text(content)
    for command in (("validate",), ("validate", "--staged"), ("plan",)):
        result = call(repo.root, *command)
        assert (result.code, result.output, result.crash) == (3, "", ""), command
        assert says in result.errors
        assert "remedy: " in result.errors
        assert "git init" not in result.errors


def test_a_folder_in_place_of_a_document_is_none(repo: Repo) -> None:
    """Git stores no folders: the document is gone, and what needs it says so."""
    (repo.root / "pipelines/build.yaml").unlink()
    (repo.root / "pipelines/build.yaml").mkdir()
    result = call(repo.root, "validate")
    result.check_explained(1)
    assert "triggers/on-push.yaml:5:13 error reference-target-missing" in result.output
    assert "submodule" not in result.output


def test_what_is_no_regular_file_any_more_is_told(repo: Repo) -> None:
    """A pipe in place of a document is not waited for."""
    (repo.root / "pipelines/build.yaml").unlink()
    os.mkfifo(repo.root / "pipelines/build.yaml")
    result = call(repo.root, "validate")
    result.check_explained(1)
    assert "pipelines/build.yaml warning repository-file-unread" in result.output


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize(
    ("closed", "told"),
    [
        ("pipelines", "pipelines/build.yaml error repository-file-unreadable"),
        ("pipelines/build.yaml", "pipelines/build.yaml error repository-file-unreadable"),
        ("environments/new", "environments/new error repository-file-unreadable"),
        ("rollouts", "rollouts error repository-file-unreadable"),
        ("apps/web", "apps/web/service.yaml error repository-file-unreadable"),
        ("ruleengine.yaml", "ruleengine.yaml error repository-file-unreadable"),
    ],
)
def test_what_nobody_may_look_into_is_told(
    repo: Repo, *, closed: str, told: str, with_git: bool
) -> None:
    """Git passes it over with a word that nobody sees; its objects would be pruned."""
    repo.write({"ruleengine.yaml": "engine: native\n"})
    for folder in ("environments/new", "rollouts"):
        (repo.root / folder).mkdir(exist_ok=True)
    path = repo.root / closed
    if with_git:
        repo.commit()
        assert call(repo.root, "validate").code == 0
    else:
        shutil.rmtree(repo.root / ".git")
        told = told if path.is_file() else f"{closed} error repository-file-unreadable"
    mode = path.stat().st_mode
    for command in ("validate", "coverage"):
        path.chmod(0)
        try:
            done = _without_privileges(repo, command)
        finally:
            path.chmod(mode)
        if command == "validate" or not closed.startswith(("apps", "ruleengine.yaml")):
            assert told in done.stdout + done.stderr
            assert done.returncode == 1
    assert call(repo.root, "validate").code == 0


def _without_privileges(repo: Repo, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as somebody whom permissions of files stop."""
    as_others = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if os.geteuid() == 0 and shutil.which(as_others[0]) is None:
        pytest.skip("permissions stop nobody here")
    return subprocess.run(
        [*(as_others if os.geteuid() == 0 else ()), sys.executable, "-m", "ruleengine", command],
        cwd=repo.root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_names_of_files_are_read_as_git_writes_them(repo: Repo) -> None:
    """A process that would take them for another encoding is refused, with the remedy."""
    done = subprocess.run(
        [sys.executable, "-m", "ruleengine", "validate"],
        cwd=repo.root,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "remedy: set PYTHONUTF8=1" in done.stderr


def test_a_repository_inside_the_repo_is_not_read(repo: Repo) -> None:
    """As Git itself does not look into it."""
    make_repo(repo.root / "pipelines/nested", WRONG)
    result = call(repo.root, "validate")
    result.check_explained(0)
    assert "pipelines/nested" in result.output
    assert "repository-submodule-unread" in result.output


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_strange_file_name_is_shown_on_one_line(repo: Repo, name: str) -> None:
    """Nothing in a name can write a line of its own or reach the terminal."""
    path = f"pipelines/{name}.yaml"
    put(repo, {path: "steps: 5\n"})
    result = call(repo.root, "validate")
    result.check_explained(1)
    (line,) = [one for one in result.output.split("\n") if " error " in one]
    assert line.isprintable()
    assert line.startswith("pipelines/")
    assert ".yaml:1:1 error schema-value-type" in line
    for output in ("json", "yaml", "sarif", "junit"):
        assert call(repo.root, "validate", "-o", output).code == 1
    findings = json.loads(call(repo.root, "validate", "-o", "json").output)["findings"]
    assert path in {one["path"] for one in findings if one["severity"] == "error"}
    assert call(repo.root, "validate", "--", path).code == 1


def test_a_file_name_that_is_no_utf_8_is_told(repo: Repo) -> None:
    """The file cannot be named in any output as it is; it is not silently left out."""
    os.close(os.open(os.fsencode(repo.root) + b"/pipelines/b\xffd.yaml", os.O_CREAT | os.O_WRONLY))
    repo.commit()
    for options in ((), ("--revision", "HEAD")):
        result = call(repo.root, "validate", *options)
        assert result.crash == ""
        assert "pipelines/b\\xffd.yaml" in result.output


def test_a_folder_without_git_is_checked(tmp_path: Path) -> None:
    """Only what asks for Git is refused, with the remedy."""
    repo = Repo(tmp_path)
    repo.write({**FILES, **WRONG})
    call(tmp_path, "validate").check_explained(1)
    for options in (("--staged",), ("--revision", "HEAD")):
        result = call(tmp_path, "validate", *options)
        assert (result.code, result.output, result.crash) == (3, "", "")
        assert "no Git repository" in result.errors
        assert "git init" in result.errors


def test_an_empty_repository_is_nothing_to_check(tmp_path: Path) -> None:
    """Zero work done is said as such."""
    Repo(tmp_path).git("init", "--quiet")
    result = call(tmp_path, "validate")
    result.check_explained(0)
    assert result.output == "nothing to check: there is no document here\n"
    staged = call(tmp_path, "validate", "--staged")
    assert staged.output == "nothing to check: there is no document in what was chosen\n"


def test_a_repository_without_a_commit_is_checked(tmp_path: Path) -> None:
    """There is no revision yet, and the error says so."""
    repo = Repo(tmp_path)
    repo.git("init", "--quiet")
    repo.write({**FILES, **WRONG})
    call(tmp_path, "validate").check_explained(1)
    repo.git("add", "--all")
    call(tmp_path, "validate", "--staged").check_explained(1)
    result = call(tmp_path, "validate", "--revision", "HEAD")
    assert (result.code, result.output) == (3, "")
    assert "no revision 'HEAD'" in result.errors


def test_a_detached_head_is_like_any_other(repo: Repo) -> None:
    """Branches do not matter."""
    repo.git("checkout", "--quiet", "--detach")
    for options in ((), ("--revision", "HEAD"), ("--staged",)):
        call(repo.root, "validate", *options).check_explained(0)


def test_a_near_name_of_a_revision_is_offered(repo: Repo) -> None:
    """Branches and tags are known; where the clone is shallow, that may be why."""
    repo.git("branch", "production")
    near = call(repo.root, "validate", "--revision", "prodution")
    assert (near.code, near.output) == (3, "")
    assert "remedy: did you mean production?" in near.errors
    put(repo, {"pipelines/second.yaml": "steps: []\n"})
    repo.commit()
    shallow = repo.root.parent / "shallow"
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(shallow))
    for command in (("validate", "--revision", "HEAD~1"), ("plan", "--from", "HEAD~1")):
        result = call(shallow, *command)
        assert (result.code, result.output) == (3, "")
        assert "remedy: this clone is shallow: `git fetch --unshallow`" in result.errors


@pytest.mark.parametrize(
    "revision",
    ["nowhere", "HEAD~9", "0" * 40, "-x", "--output=x", "HEAD:apps", "main..HEAD", "HEAD^{tree}"],
)
def test_an_unknown_revision_is_wrong_usage(repo: Repo, revision: str) -> None:
    """Whatever it looks like, Git takes it for a name and for nothing else."""
    before = sorted(repo.root.iterdir())
    result = call(repo.root, "validate", "--revision", revision)
    assert (result.code, result.output, result.crash) == (3, "", "")
    assert f"no revision '{revision}'" in result.errors
    assert "remedy: name a commit, branch or tag" in result.errors
    assert sorted(repo.root.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("validate", "nowhere.yaml"), "no file nowhere.yaml"),
        (("validate", "-C", "environments", "../outside.yaml"), "lies outside"),
        (("validate", "n" * 300), "no file nnn"),
        (("validate", "-C", "nowhere"), "'nowhere' does not exist"),
        (("validate", "--staged", "--revision", "HEAD"), "--staged"),
        (("validate", "--checks", "spelling"), "spelling"),
        (("validate", "--jobs", "0"), "0"),
        (("validate", "--output-file", "no/such/folder/x"), "cannot be written"),
        (("validate", "--stage"), "--staged"),
        (("valdate",), "valdate"),
        (("schema",), "KIND"),
        (("schema", "Aplication"), "did you mean 'Application'?"),
        (("schema", "Nothing-like-it"), "ruleengine schema --list"),
        (("schema", "--all", "ruleengine.yaml/x"), "cannot be written"),
        (("coverage", "--engine", "steam"), "native"),
        (("init",), "DIR"),
        (("init", "."), "already has"),
        (("init", "ruleengine.yaml"), "is a file"),
        (("demo", "--state", "ruleengine.yaml/x"), "cannot be written"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else None,
)
def test_a_wrong_command_line_is_explained(
    repo: Repo, arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 3, and nothing is written."""
    repo.write({"ruleengine.yaml": "engine: native\n"})
    before = repo.git("status", "--porcelain", "--untracked-files=all")
    result = call(repo.root, *arguments)
    assert (result.code, result.output, result.crash) == (3, "", "")
    assert says in result.errors
    assert repo.git("status", "--porcelain", "--untracked-files=all") == before


def test_init_never_overwrites(tmp_path: Path) -> None:
    """A second time in the same folder writes nothing."""
    call(tmp_path, "init", "new").check_explained(0)
    file = tmp_path / "new" / "ruleengine.yaml"
    file.write_text("namespace: mine\n")
    result = call(tmp_path, "init", "new")
    assert (result.code, result.output) == (3, "")
    assert "ruleengine.yaml" in result.errors
    assert "remedy: " in result.errors
    assert file.read_text() == "namespace: mine\n"


@pytest.mark.parametrize(
    "content", [b"", b"no database" * 99, b"SQLite format 3\0" + b"\xff" * 999]
)
def test_a_broken_index_changes_no_result(repo: Repo, content: bytes) -> None:
    """It is a cache: a note says that everything was checked anew."""
    put(repo, WRONG)
    good = call(repo.root, "validate")
    for suffix in ("-wal", "-shm"):
        (repo.root / f".ruleengine/index.sqlite{suffix}").unlink(missing_ok=True)
    put(repo, {".ruleengine/index.sqlite": content})
    broken = call(repo.root, "validate")
    broken.check_explained(1)
    assert broken.output == good.output
    assert broken.errors == "" if not content else "cannot be used" in broken.errors
    assert call(repo.root, "validate") == good


def test_an_index_that_another_version_wrote_is_left_alone(repo: Repo) -> None:
    """A newer one may know more than we do."""
    call(repo.root, "validate")
    connection = sqlite3.connect(repo.root / ".ruleengine/index.sqlite")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    result = call(repo.root, "validate")
    result.check_explained(0)
    assert "newer version" in result.errors


def test_a_place_that_cannot_hold_an_index_changes_no_result(repo: Repo) -> None:
    """A folder lies where the file should be."""
    put(repo, WRONG)
    (repo.root / ".ruleengine" / "index.sqlite").mkdir(parents=True)
    result = call(repo.root, "validate")
    result.check_explained(1)
    assert "cannot be used" in result.errors


def test_coverage_tells_what_it_could_not_look_at(repo: Repo) -> None:
    """A file that cannot be read is missing from the list, and that is said; so are settings."""
    repo.write({"pipelines/broken.yaml": "a: [\n"})
    result = call(repo.root, "coverage")
    result.check_explained(1)
    assert "pipelines/broken.yaml:2:1 error file-syntax-invalid" in result.errors
    assert "environments/staging/web.yaml:1" in result.output
    data = json.loads(call(repo.root, "coverage", "-o", "json").output)
    assert [one["path"] for one in data["findings"]] == ["pipelines/broken.yaml"]
    repo.write({"pipelines/broken.yaml": None, "ruleengine.yaml": "engin: handover\n"})
    result = call(repo.root, "coverage")
    result.check_explained(1)
    assert "ruleengine.yaml:1:1 error configuration-field-unknown" in result.errors


@pytest.mark.parametrize("command", [("rules", "list"), ("rules", "test")], ids=" ".join)
@pytest.mark.parametrize("text", ["a: [\n", "- a\n", "5\n", bad_setups.rule("match: 5\n")])
def test_a_broken_rule_is_told_by_the_commands_about_rules(
    repo: Repo, command: tuple[str, ...], text: str
) -> None:
    """In text beside the result, in JSON inside it."""
    repo.write({"rules/r.yaml": text})
    result = call(repo.root, *command)
    result.check_explained(1)
    assert "rules/r.yaml:" in result.errors
    data = json.loads(call(repo.root, *command, "-o", "json").output)
    assert {one["path"] for one in data["findings"]} == {"rules/r.yaml"}


def test_no_rule_test_is_told_as_none(repo: Repo) -> None:
    """Where they would be is said."""
    result = call(repo.root, "rules", "test")
    result.check_explained(0)
    assert "there are no tests" in result.output
    assert "rules/**/tests/" in result.output


def test_a_failing_rule_test_is_located(repo: Repo) -> None:
    """The line of the expectation, what was expected, and what there is."""
    text = (
        "apiVersion: ruleengine.dev/v1\nkind: RuleTest\nmetadata: {name: other project}\n"
        "given: {path: environments/staging/web.yaml, document: {source: {path: apps/web}}}\n"
        "expect:\n  objects:\n  - kind: Application\n    metadata: {name: web-staging}\n"
        "    spec: {project: other}\n"
    )
    repo.write({"rules/tests/t.yaml": text})
    result = call(repo.root, "rules", "test")
    result.check_explained(1)
    assert "0 passed, 1 failed" in result.output
    assert "rules/tests/t.yaml:9:12 error rule-test-failed" in result.errors
    assert "is default, not other" in result.errors
    data = json.loads(call(repo.root, "rules", "test", "-o", "json").output)
    assert data["tests"][0]["problems"][0]["line"] == 9


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("validate",), ("--help",), ("schema", "Rollout")])
def test_output_that_finds_no_room_is_told(repo: Repo, arguments: tuple[str, ...]) -> None:
    """As a full disk behind ``> findings.txt``."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ruleengine", *arguments],
            cwd=repo.root,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 4
    assert done.stderr == (
        "error: standard output cannot be written: No space left on device\n"
        "  remedy: free space on its disk, then run it again\n"
    )


def test_output_that_nobody_reads_is_no_defect(repo: Repo) -> None:
    """``ruleengine validate | head -0`` ends quietly."""
    repo.write({f"pipelines/p{number}.yaml": "steps: 5\n" for number in range(400)})
    script = "from ruleengine.cli.main import main; main()"
    command = f'"$PYTHON" -c "{script}" validate | head -c 10'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.root,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (len(done.stdout), done.stderr) == (10, "")


@pytest.mark.parametrize("command", ["validate", "plan", "local status", "rules list"])
def test_a_folder_that_was_removed_meanwhile_is_told(tmp_path: Path, command: str) -> None:
    """As the working directory of a shell, by somebody else."""
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        ["bash", "-c", f'cd gone && rmdir ../gone && "$PYTHON" -m ruleengine {command}'],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "error: the folder that you are in is gone\n  remedy: go to another\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["validate", "--help", "rules list"])
def test_streams_that_the_caller_closed_are_no_defect(
    repo: Repo, command: str, closed: str
) -> None:
    """The exit code is that of the work, and nothing is written into a file of ours."""
    done = subprocess.run(
        ["bash", "-c", f'"$PYTHON" -m ruleengine {command} {closed}'],
        cwd=repo.root,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) is (" >" not in f" {closed}")
