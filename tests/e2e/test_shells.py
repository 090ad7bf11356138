"""The scripts that ``completion`` prints, in the shells that they are for."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.process_kit import Place, place

FILES = {
    "ruleengine.yaml": "namespace: ci\n",
    "pipelines/ask.yaml": (
        "entrypoint: main\ntemplates:\n- name: main\n  steps:\n  - - {name: ask, template: ask}\n"
        "- name: ask\n  suspend: {}\n"
    ),
}

ZSH = """
unsetopt zle_bracketed_paste prompt_sp; PS1='> '; TERM=dumb; LISTMAX=1000
autoload -U compinit; compinit -u -D
eval "$(ruleengine completion zsh)"
bindkey '^I' list-choices
echo BEGIN-''NING
"""

pytestmark = pytest.mark.slow

Asked = Callable[[str, str], bool]
"""Whether a shell offers a word for what is typed."""


def _fish(site: Place, environment: dict[str, str]) -> Asked:
    def offers(typed: str, word: str) -> bool:
        code = "ruleengine completion fish | source; complete -C $argv[1]"
        command = ["fish", "--no-config", "-c", code, typed]
        done = subprocess.run(
            command, cwd=site.repo.root, env=environment, capture_output=True, text=True, check=True
        )
        return word in [one.split("\t")[0] for one in done.stdout.splitlines()]

    return offers


def _zsh(site: Place, environment: dict[str, str], opened: ExitStack) -> Asked:
    """Return what types into a terminal; a word that is never offered ends it with the shell."""
    ours, its = pty.openpty()
    child = subprocess.Popen(
        ["timeout", "-s", "KILL", "60", "zsh", "-f", "-i"],
        cwd=site.repo.root,
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    opened.callback(child.wait)
    opened.callback(os.close, ours)  # which ends the shell

    def read_until(text: str) -> bool:
        found = b""
        while text.encode() not in found:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the shell is gone
                return False
            found += data
        return True

    os.write(ours, ZSH.encode())
    assert read_until("BEGIN-NING")

    def offers(typed: str, word: str) -> bool:
        os.write(ours, f"\x15{typed}\t".encode())
        return read_until(word)

    return offers


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a repo with one pipeline, and a workflow of it that waits."""
    with place(tmp_path_factory.mktemp("shells"), FILES) as made:
        made.start()
        assert made.pipeline("run", "ask", "--no-wait", "--name", "done-1").code == 0
        yield made


@pytest.fixture(params=["fish", "zsh"])
def offers(request: pytest.FixtureRequest, site: Place) -> Iterator[Asked]:
    """Return what a shell is asked by."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "HOME": str(site.state), "LC_ALL": "C.UTF-8"}
    with ExitStack() as opened:
        if shell == "fish":
            yield _fish(site, environment)
        else:
            yield _zsh(site, environment, opened)


def test_shells_offer_commands_and_names(offers: Asked, site: Place) -> None:
    """Of the repo, and of what is live; a value may be a list, and what is said of a word whole."""
    there = f"--state {site.state} "
    for typed, word in (
        ("ruleengine pipeli", "pipeline"),
        ("ruleengine pipeline run a", "ask"),
        (f"ruleengine pipeline get {there}do", "done-1"),
        (f"ruleengine pipeline logs {there}do", "done-1"),
        (f"ruleengine pipeline template get {there}as", "ask"),
        ("ruleengine pipeline list --status Failed,R", "Failed,Running"),
    ):
        assert offers(typed, word), typed
