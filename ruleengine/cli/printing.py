"""How commands print: text dressed for the terminal that is there, or structured data."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from ruleengine.cli.exits import give_up_output, is_reader_gone
from ruleengine.model.findings import Finding, order_findings
from ruleengine.model.values import Object
from ruleengine.reporting.style import Style, filled, printable, style_for, width_of

if TYPE_CHECKING:
    from ruleengine.reconcile.steps import Told

FOR_PEOPLE: Final = ("text", "wide")
"""The formats in which a command says what it does while it does it; the others are data."""

_T = TypeVar("_T")


def show(output: str, text: Callable[[Style], str], data: Callable[[], Object]) -> None:
    """Print a result as ``text``, ``json`` or ``yaml``."""
    style = style_for(sys.stdout, os.environ)
    if output == "text":
        click.echo(text(style), nl=False, color=style.colour)
        return
    from ruleengine.reporting.as_json import as_text

    click.echo(as_text(data(), output), nl=False)


def outliving(tell: Callable[[_T], None]) -> Callable[[_T], None]:
    """Return who tells the same, and goes on where the reader of standard output is gone.

    What is printed while a workflow is driven is not what it is driven for.
    """

    def told(news: _T) -> None:
        try:
            tell(news)
        except BrokenPipeError:
            if not is_reader_gone():
                raise
            give_up_output()

    return told


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as a table with aligned columns, without trailing blanks."""
    if not rows:
        return ""
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(filled(text, width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines)


def told_lines(word: str, told: "Iterable[Told]") -> list[str]:
    """Return a line per object: ``word``, which one it is, and what is told of it."""
    return [f"{word}: {one.target}: {printable(one.message)}\n" for one in told]


def short_revision(revision: str) -> str:
    """Return a revision as people read it; files without a commit stay recognisable.

    >>> short_revision("350f014324ff9b0a" + "-dirty-1a2b")
    '350f014324ff-dirty'
    >>> short_revision("uncommitted-584xlrxlqj")
    'uncommitted'
    """
    if revision.startswith("uncommitted-"):
        return "uncommitted"
    return f"{revision[:12]}-dirty" if "-dirty" in revision else revision[:12]


def show_findings(output: str, findings: Iterable[Finding], *, beside: bool = False) -> None:
    """Print findings: as the result itself, or ``beside`` it, then on standard error."""
    ordered = order_findings(findings)
    if beside:  # what is recorded stands in the result itself
        ordered = tuple(one for one in ordered if one.code != "support-kind-recorded")
        if not ordered:
            return
    from ruleengine.reporting.as_json import findings_data
    from ruleengine.reporting.text import findings_text

    if beside:
        style = style_for(sys.stderr, os.environ)
        if output == "text":  # structured results carry them inside
            click.echo(findings_text(ordered, style), nl=False, err=True, color=style.colour)
        return
    show(output, lambda style: findings_text(ordered, style), lambda: findings_data(ordered))


def program() -> str:
    """Return how this program is called here: by its name where that is on the path."""
    from shutil import which

    return "ruleengine" if which("ruleengine") else called_by(sys.argv[0], sys.executable)


def called_by(script: str, interpreter: str) -> str:
    """Return how a program is called that an interpreter runs from a script, or as a package."""
    place = Path(script)
    if place.name == "__main__.py":
        return f"{os.path.relpath(interpreter)} -m {place.parent.name}"
    return os.path.relpath(script)
