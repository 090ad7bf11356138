"""What the pages tell a newcomer to write works as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from ruleengine.app.declaring import declare
from ruleengine.app.workspace import open_workspace
from tests.e2e.command_line import call
from tests.programs import kubectl

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "configuration.md"
SESSION = re.compile(r"```\n(\$ ruleengine init.*?)```", re.DOTALL)
VARYING = (
    (r"\b[0-9a-f]{7} .+, \d{4}-\d\d-\d\d:", "COMMIT"),
    (r"\b[0-9a-f]{12}\b", "REVISION"),
    (r"\d+ writes", "WRITES"),
    (r"simulated \d+ of \d+ pods", "PODS"),
)
"""What no two sessions have in common: commits, and how far things were at a moment."""

EXAMPLE = re.compile(r"```yaml\n# (\S+/\S+\.yaml)\n(.*?)```", re.DOTALL)


def test_the_example_of_a_teams_own_kind_works(tmp_path: Path) -> None:
    """Folder, schema and rule as on the page: validated, derived, and wrong fields refused."""
    files = dict(EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))
    assert set(files) == {"databases/orders.yaml", "schemas/databases.yaml", "rules/databases.yaml"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "ruleengine.yaml").write_text("engine: native\n")
    assert call(tmp_path, "validate").code == 0
    declared = declare(open_workspace(tmp_path))
    made = [(one.object["kind"], one.object["metadata"]["name"]) for one in declared.derived]
    assert made == [("StatefulSet", "orders-db"), ("Service", "orders-db")]
    (tmp_path / "databases/orders.yaml").write_text("engin: postgres\n")
    assert "did you mean 'engine'" in call(tmp_path, "validate").output


def masked(text: str) -> str:
    """Return a text without what varies from one session to the next."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


def test_the_session_of_the_readme_is_what_the_program_prints(tmp_path: Path) -> None:
    """Command by command and line by line; `[...]` stands for lines that the page leaves out."""
    kubectl()
    (session,) = SESSION.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    programs = tmp_path / "bin"
    programs.mkdir()
    ours = programs / "ruleengine"
    ours.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ruleengine "$@"\n')
    ours.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    starts = [*(one.start() for one in re.finditer(r"^\$ ", session, re.MULTILINE)), len(session)]
    folder = tmp_path
    try:
        for start, end in pairwise(starts):
            command, _, expected = session[start + 2 : end].partition("\n")
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            pattern = re.escape(masked(expected)).replace(re.escape("[...]\n"), "(?:.*\n)*")
            assert re.fullmatch(pattern, masked(done.stdout)), (command, done.stdout, done.stderr)
            folder = tmp_path / "my-config"
    finally:
        subprocess.run([str(ours), "local", "stop"], cwd=folder, check=False, capture_output=True)
