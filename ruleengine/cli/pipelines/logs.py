"""``ruleengine pipeline logs``."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zlib import crc32

import click

from ruleengine.cli.options import DurationType, gathering
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import (
    LabelSelectorType,
    Where,
    node_field_selector,
    printing,
    workflow,
)
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode

if TYPE_CHECKING:
    from ruleengine.app.pipelines.logs import Line, Reading, Tell
    from ruleengine.app.pipelines.places import Place
    from ruleengine.pipelines.verbs.selecting import NodeSelector

_EPILOG = """\b
Examples:
  ruleengine pipeline logs @latest -f
  ruleengine pipeline logs build-x7k2p test
  ruleengine pipeline logs build-x7k2p --grep 'error|warn' --tail 100
  ruleengine pipeline logs build-x7k2p -o json | jq -r .text

\b
Exit codes: 0 all were read, 1 some could not be, 130 interrupted.
"""
_COLOURS: Final = ("green", "yellow", "blue", "red")


def _reading(  # noqa: PLR0913 - one parameter per option
    *,
    labels: str,
    container: str,
    since: timedelta | None,
    tail: int | None,
    grep: str,
    timestamps: bool,
    previous: bool,
) -> "Reading":
    from ruleengine.app.pipelines.logs import Reading, pattern_of

    return Reading(
        labels=labels,
        container=container,
        tail=tail,
        since=since,
        timestamps=timestamps,
        previous=previous,
        pattern=pattern_of(grep),
    )


@click.command("logs", epilog=_EPILOG)
@workflow
@click.argument("step", default="", shell_complete=completing.steps)
@click.option("-f", "--follow", is_flag=True, help="Go on while steps write, to its end.")
@gathering(
    "reading",
    _reading,
    click.option(
        "-l",
        "--selector",
        "labels",
        type=LabelSelectorType(),
        default="",
        help="Only pods with these labels, of those that are there.",
    ),
    click.option("-c", "--container", default="main", show_default=True, help="The container."),
    click.option(
        "--since", type=DurationType(), default=None, help="Only what is younger than this."
    ),
    click.option(
        "--tail", type=click.IntRange(min=0), default=None, help="The last lines of each."
    ),
    click.option(
        "--grep", default="", metavar="PATTERN", help="Only lines in which this is found."
    ),
    click.option("--timestamps", is_flag=True, help="With the time of each line."),
    click.option("--previous", is_flag=True, help="Those of containers before they restarted."),
)
@node_field_selector
@printing("text", "json")
def command(
    *,
    name: str,
    step: str,
    follow: bool,
    reading: "Reading",
    selector: "NodeSelector",
    where: Where,
) -> int:
    """Print the logs of a workflow's steps, or of one STEP, each line with its step.

    With -o json every line is an object of its own.
    """
    from ruleengine.app.pipelines import finding
    from ruleengine.app.pipelines import logs as reading_logs
    from ruleengine.cli.watching import observed

    reading = replace(reading, step=step, selector=selector)
    tell = printer(where.output)
    with where.opened() as place:
        found = finding.workflow(place, name)
        if not follow:
            return _report(reading_logs.read(place, found, reading, tell))
        with observed(lambda _: None) as observers:
            target = Target.of(found)
            ending = reading_logs.Ending(soon=observers.cancel, now=observers.cancel)
            problems, gone = reading_logs.follow(place, target, reading, tell, ending, _note)
        if observers.cancel.is_set():
            return ExitCode.INTERRUPTED
        if gone:
            _note(f"{target.name} was deleted: its logs end here")
        return _report(problems)


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _report(problems: Sequence[str]) -> int:
    for one in problems:
        click.echo(one, err=True)
    return ExitCode.FAILED if problems else ExitCode.DONE


def printer(output: str = "text") -> "Tell":
    """Return who prints lines of logs."""
    if output == "json":
        return _data
    from ruleengine.reporting.style import style_for

    style = style_for(sys.stdout, os.environ)

    def text(line: "Line") -> None:
        colour = _COLOURS[crc32(line.pod.encode()) % len(_COLOURS)]
        click.echo(f"{style.paint(f'{line.step}:', colour)} {line.text}", color=style.colour)

    return text


def _data(line: "Line") -> None:
    from ruleengine.formats.json_text import dumps

    click.echo(dumps({"step": line.step, "pod": line.pod, "text": line.text}))


@contextmanager
def alongside(place: "Place", targets: Sequence[Target], cancel: threading.Event) -> Iterator[None]:
    """Print the logs of workflows while they are followed."""
    from ruleengine.app.pipelines.logs import following
    from ruleengine.cli.printing import outliving

    with following(place, targets, outliving(printer()), cancel):
        yield
