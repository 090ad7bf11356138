"""``ruleengine doctor``."""

from pathlib import Path

import click

from ruleengine.app.doctor import Check, examine
from ruleengine.app.workspace import open_workspace
from ruleengine.cli.options import directory, output
from ruleengine.cli.printing import show
from ruleengine.model.errors import ExitCode
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object
from ruleengine.reporting.style import Style

_EPILOG = """\b
Examples:
  ruleengine doctor            of the repo here
  ruleengine doctor -C config  of another one

\b
Exit codes: 0 all that is needed is there, 1 something is missing.
"""


@click.command(epilog=_EPILOG)
@output("text", "json", "yaml")
@directory
def command(*, output: str, directory: Path) -> int:
    """Say what this machine and this repo lack, each with its remedy."""
    checks = examine(open_workspace(directory))
    show(output, lambda style: _text(checks, style), lambda: _data(checks))
    missing = any(not one.good and one.needed for one in checks)
    return ExitCode.FAILED if missing else ExitCode.DONE


def _text(checks: tuple[Check, ...], style: Style) -> str:
    lines = []
    for one in checks:
        word = "good" if one.good else ("missing" if one.needed else "optional")
        looks = "green" if one.good else ("red" if one.needed else "yellow")
        lines.append(f"{style.paint(word.ljust(8), looks)} {one.subject}: {one.message}\n")
        if one.remedy:
            lines.append(f"         {one.remedy}\n")
    return "".join(lines)


def _data(checks: tuple[Check, ...]) -> Object:
    rows = [
        {
            "subject": one.subject,
            "good": one.good,
            "needed": one.needed,
            "message": one.message,
            "remedy": one.remedy,
        }
        for one in checks
    ]
    return {"apiVersion": API_VERSION, "kind": "Checks", "checks": rows}
