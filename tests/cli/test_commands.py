"""Every command as a user and a script meet it: help, exit codes, formats, an early end."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ruleengine.cli import exits
from ruleengine.cli.main import root
from ruleengine.formats import yaml_reader
from ruleengine.local import process
from ruleengine.local.runtime.engine_client import VARIABLE
from ruleengine.local.sqlite_store import open_store
from ruleengine.model.data import data_folder
from ruleengine.model.errors import UnreachableError
from ruleengine.model.names import API_VERSION
from tests.e2e.command_line import call
from tests.validation.config_repos import Repo, make_repo

FILES = {
    "environments/staging/web.yaml": "source: {path: apps/web}\n",
    "apps/web/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
    "data: {colour: green}\n",
    "apps/web/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n"
    "stringData: {password: correct-horse}\n",
    "pipelines/build.yaml": "steps:\n- {name: test, image: alpine, run: make test}\n",
}
_MAIN = "from ruleengine.cli.main import main; main()"
SECRETS = ("correct-horse", "Y29ycmVjdC1ob3JzZQ")


Described = tuple[tuple[str, ...], click.Command]


def commands() -> Iterator[Described]:
    """Yield every command and every command of a group, by its words."""

    def below(group: click.Group, words: tuple[str, ...]) -> Iterator[Described]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield (*words, name), command
            if isinstance(command, click.Group):
                yield from below(command, (*words, name))

    return below(root, ())


ALL = {" ".join(words): command for words, command in commands()}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a config repo that is applied by the first test that needs it."""
    return make_repo(tmp_path_factory.mktemp("cli") / "config", FILES)


@pytest.fixture(scope="module")
def state(repo: Repo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the state of a control plane to which the repo was applied."""
    folder = tmp_path_factory.mktemp("state")
    with process.start(folder):
        call(repo.root, "apply", "--state", str(folder)).check_explained(0)
    yield folder
    process.stop(folder)


@pytest.mark.parametrize("name", ALL)
def test_help_says_what_a_command_is_for(name: str, tmp_path: Path) -> None:
    """One sentence, every option explained, and an example."""
    result = call(tmp_path, *name.split(), "--help")
    assert result.code == 0
    command = ALL[name]
    assert command.help
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, option.name
    assert "Example" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("validate", "--no-such-option"),
        ("plan", "-o", "toml"),
        ("plan", "--to", "main"),
        ("simulate", "--at", "soon promote rollout/web"),
        ("simulate", "--at", "5m dance rollout/web"),
        ("simulate", "--fault", "hungry=web"),
        ("simulate", "--outcome", "build=perhaps"),
        ("simulate", "--answer", "query"),
        ("simulate", "--start", "yesterday"),
        ("simulate", "--start", "9999-12-31T23:59:59Z"),
        ("simulate", "--start", "0001-01-01T00:00:00Z"),
        ("simulate", "--for", "-1h"),
        ("plan", "--local", "--context", "far"),
        ("apply", "--timeout", "soon"),
        ("why", "web"),
        ("schema",),
        ("schema", "NoSuchKind"),
        ("validate", "--staged", "--revision", "main"),
        ("plan", "-C", "no/such/folder"),
    ],
)
def test_wrong_usage_is_exit_code_3(repo: Repo, arguments: tuple[str, ...]) -> None:
    """Click's own code 2 means something else here."""
    result = call(repo.root, *arguments)
    assert result.code == 3
    assert result.crash == ""
    assert result.errors


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("valdate", "validate"),
        ("logs", "pipeline logs"),
        ("pipeline lst", "list"),
        ("pipeline submit", "run"),
        ("pipeline cron lst", "list"),
    ],
)
def test_a_command_that_there_is_not_is_answered_with_what_is_near(
    tmp_path: Path, words: str, meant: str
) -> None:
    """Also where the name is that of Argo's own program, or of a command one level below."""
    found = call(tmp_path, *words.split())
    assert (found.code, f"Did you mean {meant!r}?" in found.errors) == (3, True), found.errors
    assert "Did you mean" not in call(tmp_path, "zzz").errors


STRUCTURED = {
    "Plan": ("plan",),
    "Outcomes": ("apply",),
    "Status": ("status",),
    "Objects": ("get", "secrets"),
    "Explanation": ("why", "configmap/web"),
}
"""Envelope by command that needs a control plane."""

LOCAL = {
    "Findings": ("validate",),
    "Coverage": ("coverage",),
    "Rules": ("rules", "list"),
    "RuleTests": ("rules", "test"),
    "Checks": ("doctor",),
    "Schemas": ("schema", "--list"),
    "Simulation": ("simulate", "--start", "2026-01-02T03:04:05Z"),
}
"""Envelope by command that needs none."""


@pytest.mark.parametrize("kind", [*STRUCTURED, *LOCAL])
def test_structured_output_is_one_object_with_its_version_and_kind(
    repo: Repo, state: Path, kind: str
) -> None:
    """JSON and YAML hold the same, and it follows its schema. Secrets stay masked."""
    place = ("--state", str(state)) if kind in STRUCTURED else ()
    words = STRUCTURED.get(kind) or LOCAL[kind]
    found = []
    for output in ("json", "yaml"):
        result = call(repo.root, *words, "-o", output, *place)
        assert result.code in (0, 1, 2)
        assert result.crash == ""
        assert not any(one in result.text for one in SECRETS)
        if output == "json":
            found.append(json.loads(result.output))
        else:
            (document,) = yaml_reader.read(result.output.encode(), "output.yaml").documents
            found.append(document.value)
    assert found[0] == found[1]
    assert (found[0]["apiVersion"], found[0]["kind"]) == (API_VERSION, kind)
    schema = data_folder("schemas") / "output" / f"{kind.lower()}.json"
    check_schema(found[0], schema)


KINDS = re.compile(r"^\| (`[A-Z].*?) \| (.*) \|$", re.MULTILINE)


def test_the_reference_says_of_what_kind_the_data_of_each_command_is() -> None:
    """Every kind that has a schema, and every command that prints data."""
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    table = dict(KINDS.findall(page))
    told = {kind.lower() for kinds in table for kind in re.findall(r"`(\w+)`", kinds)}
    assert told == {one.stem for one in (data_folder("schemas") / "output").iterdir()}
    named = {
        one.split(" --")[0] for words in table.values() for one in re.findall("`(.+?)`", words)
    }
    printing = {
        name
        for name, command in ALL.items()
        for one in command.params
        if one.name == "output" and "json" in getattr(one.type, "choices", ())
    }
    assert all(one.startswith("pipeline ") for one in printing - named)
    assert named - {"pipeline", "schema KIND"} <= printing


def test_init_and_local_say_in_data_what_they_did(tmp_path: Path) -> None:
    """By schema, like everything else."""

    def data(kind: str, *arguments: str) -> dict[str, object]:
        result = call(tmp_path, *arguments, "-o", "json")
        assert (result.crash, result.errors) == ("", "")
        found = json.loads(result.output)
        check_schema(found, data_folder("schemas") / "output" / f"{kind.lower()}.json")
        return found

    written = data("Scaffold", "init", "config")
    assert all((tmp_path / "config" / one).is_file() for one in written["files"])
    written = data("Schemas", "schema", "--all", "out")
    assert all((tmp_path / "out" / one).is_file() for one in written["files"])
    state = ("--state", str(tmp_path / "state"))
    try:
        told = [
            data("ControlPlane", "local", *words, *state)
            for words in (("status",), ("start",), ("kubeconfig",), ("stop",), ("reset", "--yes"))
        ]
    finally:
        process.stop(tmp_path / "state")
    assert [(one["running"], one["changed"]) for one in told] == [
        (False, False),
        (True, True),
        (True, False),
        (False, True),
        (False, True),
    ]
    assert told[1]["kubeconfig"] == told[2]["kubeconfig"]


def check_schema(value: object, schema: Path) -> None:
    """Check a value against a schema of our output."""
    contents = [
        json.loads(one.read_text(encoding="utf-8")) for one in sorted(schema.parent.iterdir())
    ]
    registry = Registry().with_resources(
        (one["$id"], Resource.from_contents(one)) for one in contents
    )
    validator = Draft202012Validator(
        json.loads(schema.read_text(encoding="utf-8")), registry=registry
    )
    assert [error.message for error in validator.iter_errors(value)] == []


def test_a_secret_is_in_no_text(repo: Repo, state: Path) -> None:
    """Neither in the plan that creates it, nor when it changes, nor in what is live."""
    place = ("--state", str(state))
    path = "apps/web/secret.yaml"
    text = FILES[path]
    repo.write({path: text.replace("correct-horse", "battery-staple")})
    try:
        texts = [
            call(repo.root, "plan", *place),
            call(repo.root, "plan", "-o", "json", *place),
            call(repo.root, "apply", *place),
            call(repo.root, "get", "secret/web", "-o", "yaml", *place),
            call(repo.root, "why", "secret/web", *place),
        ]
    finally:
        repo.write({path: text})
    assert [one.code for one in texts] == [2, 2, 0, 0, 0]
    assert "-dirty" in texts[2].output  # synced is what is not committed
    for one in texts:
        for word in (*SECRETS, "battery-staple", "YmF0dGVyeS1zdGFwbGU"):
            assert word not in one.text
    call(repo.root, "apply", *place).check_explained(0)


def test_two_revisions_are_compared_without_a_cluster(tmp_path: Path) -> None:
    """Also what the applications render to; no control plane is started."""
    other = make_repo(tmp_path / "config", FILES)
    other.write({"apps/web/map.yaml": FILES["apps/web/map.yaml"].replace("green", "blue")})
    other.commit()
    found = call(other.root, "plan", "--from", "HEAD~1", "--to", "HEAD")
    found.check_explained(2)
    assert "ConfigMap/staging/web" in found.output
    assert "colour" in found.output
    same = call(other.root, "plan", "--from", "HEAD", "--to", "HEAD")
    same.check_explained(0)
    unknown = call(other.root, "plan", "--from", "no-such-revision")
    assert unknown.code == 3
    assert "no-such-revision" in unknown.errors
    assert process.status(other.root / ".ruleengine") is None


def test_errors_in_the_files_stop_before_any_write(tmp_path: Path) -> None:
    """Exit code 1 from plan and apply; no control plane is even started."""
    other = make_repo(tmp_path / "config", {**FILES, "environments/staging/bad.yaml": "sorce: 1\n"})
    for command in ("plan", "apply"):
        result = call(other.root, command)
        result.check_explained(1)
        assert "bad.yaml:1" in result.output
    assert process.status(other.root / ".ruleengine") is None


class _Raising(click.Command):
    """A command that ends in an error."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("raising")
        self._error = error

    def main(self, *_: object, **__: object) -> object:
        """Raise the error."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (click.exceptions.Abort(), 130),
        (UnreachableError("nobody answers", "look"), 4),
        (click.UsageError("wrong"), 3),
    ],
)
def test_every_way_out_has_its_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing ends in a traceback."""
    assert exits.run(_Raising(error)) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_of_ours_leaves_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 5, and the path of the report is printed."""
    assert exits.run(_Raising(RuntimeError("broken"))) == 5
    errors = capsys.readouterr().err
    report = Path(errors.split("report it with ")[1].split()[0])
    assert "broken" in report.read_text(encoding="utf-8")
    report.unlink()


def test_a_report_that_cannot_be_written_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Still no traceback; the remedy is to give it room."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert exits.run(_Raising(RuntimeError("broken"))) == 5
    errors = capsys.readouterr().err
    assert "defect of ruleengine" in errors
    assert "remedy: run it again with a TMPDIR" in errors


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    """What makes the first answer slow is imported when it is needed."""
    heavy = ("kubernetes", "pygit2", "jinja2", "asyncio", "yaml", "rich", "jsonschema", "urllib3")
    code = (
        "import sys\n"
        "from ruleengine.cli.exits import run\n"
        "from ruleengine.cli.main import root\n"
        "sys.argv = ['ruleengine', '--help']\n"
        "run(root)\n"
        f"print([one for one in {heavy!r} if one in sys.modules], file=sys.stderr)\n"
    )
    done = run("-c", code)
    assert done.stderr == "[]\n"
    assert "Start with" in done.stdout


def test_shells_complete_commands() -> None:
    """The script of each shell, and the names that it asks for."""
    for shell in ("bash", "zsh", "fish"):
        script = run("-m", "ruleengine", "completion", shell)
        assert script.returncode == 0, script.stderr
        assert f"_RULEENGINE_COMPLETE={shell}_complete" in script.stdout
    found = run(
        "-c",
        _MAIN,
        _RULEENGINE_COMPLETE="bash_complete",
        COMP_WORDS="ruleengine va",
        COMP_CWORD="1",
    )
    assert "validate" in found.stdout


_AT_IMPORT = """
import signal, sys, weakref
from ruleengine.__main__ import main

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == {name!r} and {lost}:
            self.gone = weakref.ref(set(), lambda _: signal.raise_signal(signal.SIGINT))
        elif name == {name!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
main()
"""
"""The program, interrupted while it imports a module; lost is what is raised in a callback."""


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("ruleengine.cli.main", False),
        ("ruleengine.cli.main", True),
        ("click", False),
        ("click", True),
        ("ruleengine.cli.doctor", False),
    ],
)
def test_ctrl_c_while_modules_are_imported_is_no_traceback(name: str, lost: bool) -> None:
    """Not even where an exception would be lost; before a command, and inside of it."""
    found = run("-c", _AT_IMPORT.format(name=name, lost=lost), "doctor")
    assert (found.returncode, found.stdout, found.stderr.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize(
    ("before", "code", "errors"),
    [
        ("", 130, "interrupted\n"),
        ("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)", 0, ""),
    ],
)
def test_ctrl_c_at_the_end_is_no_traceback(before: str, code: int, errors: str) -> None:
    """While the interpreter ends; whoever is started ignoring it goes on ignoring it."""
    found = run(
        "-c",
        f"import atexit, signal; {before}\n"
        "atexit.register(lambda: signal.raise_signal(signal.SIGINT))\n"
        "from ruleengine.__main__ import main; main()",
        "--version",
    )
    assert (found.returncode, found.stderr) == (code, errors)


@pytest.mark.parametrize(
    ("arguments", "more"), [(("validate", "--jobs", "2"), 3000), (("apply",), 0)]
)
def test_an_interrupted_command_says_so_and_leaves(
    tmp_path: Path, arguments: tuple[str, ...], more: int
) -> None:
    """With its own exit code, and without a traceback of any of its processes."""
    other = make_repo(tmp_path / "config", FILES)
    text = FILES["pipelines/build.yaml"]
    other.write({f"pipelines/p{number}.yaml": text for number in range(more)})
    with subprocess.Popen(
        [sys.executable, "-m", "ruleengine", *arguments],
        cwd=other.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        while started.poll() is None and not (other.root / ".ruleengine").exists():
            time.sleep(0.01)
        os.killpg(started.pid, signal.SIGINT)
        _, errors = started.communicate()
    assert started.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.strip().endswith(("interrupted", "Ctrl-C again to stop at once"))


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("get", "aplications"), "did you mean applications?"),
        (("get", "cm/wbe"), "did you mean cm/web?"),
        (("get", "cm/other"), "see them all: ruleengine get cm"),
        (("why", "configmap/wbe"), "did you mean configmap/web?"),
        (("why", "configmap/other"), "list the objects there are"),
    ],
)
def test_names_that_there_are_not_are_answered_with_what_is_near(
    repo: Repo, state: Path, words: tuple[str, ...], near: str
) -> None:
    """Of kinds, and of objects."""
    found = call(repo.root, *words, "--state", str(state))
    assert (found.code, near in found.errors) == (3, True), found.text


def test_the_doctor_tells_of_settings_that_are_wrong(tmp_path: Path) -> None:
    """As something that is missing, with its place; and what the engine is where they are not."""
    other = make_repo(tmp_path / "config", {**FILES, "ruleengine.yaml": "\nengin: native\n"})
    found = call(other.root, "doctor")
    assert (found.code, "settings: ruleengine.yaml:2:1: there is no" in found.output) == (1, True)
    assert "did you mean engine?" in found.output
    other.write({"ruleengine.yaml": "engine: handover\n"})
    assert "settings: engine handover" in call(other.root, "doctor").output


@pytest.mark.parametrize(
    "words", [("status",), ("get", "pods"), ("why", "configmap/web"), ("pipeline", "list")]
)
def test_settings_that_are_wrong_are_told_by_whoever_goes_by_them(
    state: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """With their place, and as a failure: another cluster may be meant."""
    other = make_repo(tmp_path / "config", {**FILES, "ruleengine.yaml": "\nengin: native\n"})
    place = ("--state", str(state))
    found = call(other.root, *words, *place)
    assert (found.code, "ruleengine.yaml:2:1" in found.errors) == (1, True), found.text
    assert "did you mean engine?" in found.errors
    if words == ("status",):
        (told,) = json.loads(call(other.root, *words, "-o", "json", *place).output)["findings"]
        assert (told["path"], told["line"]) == ("ruleengine.yaml", 2)


def test_colour_is_for_terminals(repo: Repo, state: Path) -> None:
    """None in a pipe, unless it is forced; NO_COLOR takes it away."""
    plain = call(repo.root, "status", "--state", str(state))
    assert "\x1b[" not in plain.text
    wrong = make_repo(repo.root.parent / "wrong", {"environments/staging/bad.yaml": "sorce: 1\n"})
    assert "\x1b[" not in call(wrong.root, "validate").text


def test_a_group_is_that_of_a_user(tmp_path: Path) -> None:
    """Nobody else can be meant."""
    state = ("--state", str(tmp_path / "state"))
    result = call(tmp_path, "local", "kubeconfig", "--group", "team", *state)
    result.check_explained(3)
    assert "--user" in result.errors


def test_a_state_goes_into_a_file_and_out_of_it(tmp_path: Path) -> None:
    """What was moved is said in data; a second import is wrong usage with a remedy."""
    open_store(tmp_path / "one").close()
    file = str(tmp_path / "state.tar.gz")
    for word, name in (("export", "one"), ("import", "other")):
        state = ("--state", str(tmp_path / name))
        result = call(tmp_path, "local", word, file, *state, "-o", "json")
        found = json.loads(result.output)
        check_schema(found, data_folder("schemas") / "output" / "movedstate.json")
        assert (found["file"], found["objects"], found["revision"]) == (file, 0, 0)
    result = call(tmp_path, "local", "import", file, *state)
    result.check_explained(3)
    assert "--replace" in result.errors
    assert call(tmp_path, "local", "import", file, "--replace", *state).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("plan",),
        ("apply",),
        ("status",),
        ("get", "pods"),
        ("why", "pod/web"),
        ("coverage",),
        ("local", "start"),
        ("local", "status"),
        ("local", "kubeconfig"),
    ],
)
def test_a_folder_in_no_config_repo_is_wrong_usage(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Every command that needs a config repo says so alike, and leaves the folder empty."""
    result = call(tmp_path, *arguments)
    result.check_explained(3)
    assert "lies in no config repo" in result.errors
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_misses_a_config_repo(tmp_path: Path) -> None:
    """It is a failed check with its remedy, and nothing is written."""
    result = call(tmp_path, "doctor", "-o", "json")
    assert result.code == 1
    (found,) = [
        one for one in json.loads(result.output)["checks"] if not one["good"] and one["needed"]
    ]
    assert found["subject"] == "config repo"
    assert "ruleengine init" in found["remedy"]
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_images_need_for_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that runs in any of them; one that needs a loader is none."""
    for name, text in (("engine", "#!/bin/sh\n"), ("busybox", "/lib64/ld-linux-x86-64.so.2")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv(VARIABLE, "engine")
    checks = json.loads(call(tmp_path, "doctor", "-o", "json").output)["checks"]
    (found,) = [one for one in checks if one["subject"] == "container engine"]
    assert (found["good"], found["needed"]) == (False, False)
    assert "there is no static busybox" in found["message"]
    assert "busybox-static" in found["remedy"]


def test_a_named_state_needs_no_config_repo(tmp_path: Path) -> None:
    """The local control plane can be looked at from anywhere."""
    result = call(tmp_path, "local", "status", "--state", str(tmp_path / "state"))
    assert (result.code, result.output) == (1, "not running\n")


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    """What is remembered of a repo is nobody else's business."""
    made = make_repo(tmp_path / "config", FILES)
    assert call(made.root, "validate").code == 0
    folder = made.root / ".ruleengine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "index.sqlite").stat().st_mode & 0o777 == 0o600
