"""``ruleengine pipeline logs``."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.options import DurationType, cluster, directory, output
from ruleengine.cli.pipelines.options import namespace, node_field_selector, workflow
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode

if TYPE_CHECKING:
    from ruleengine.app.pipelines.logs import Line, Tell
    from ruleengine.app.pipelines.places import Place

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


@click.command("logs", epilog=_EPILOG)
@workflow
@click.argument("step", default="")
@click.option("-f", "--follow", is_flag=True, help="Go on while steps write, to its end.")
@click.option("-c", "--container", default="main", show_default=True, help="The container.")
@click.option("--since", type=DurationType(), default=None, help="Only what is younger than this.")
@click.option("--tail", type=click.IntRange(min=0), default=None, help="The last lines of each.")
@click.option("--grep", default="", metavar="PATTERN", help="Only lines in which this is found.")
@click.option("--timestamps", is_flag=True, help="With the time of each line.")
@click.option("--previous", is_flag=True, help="Those of containers before they restarted.")
@node_field_selector
@namespace
@output("text", "json")
@cluster
@directory
def command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    step: str,
    follow: bool,
    container: str,
    since: timedelta | None,
    tail: int | None,
    grep: str,
    timestamps: bool,
    previous: bool,
    selector: str,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Print the logs of a workflow's steps, or of one STEP, each line with its step.

    With -o json every line is an object of its own.
    """
    from ruleengine.app.pipelines import finding
    from ruleengine.app.pipelines import logs as reading_logs
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.watching import observed
    from ruleengine.pipelines.verbs.selecting import parse_selector

    reading = reading_logs.Reading(
        step=step,
        selector=parse_selector(selector),
        container=container,
        tail=tail,
        since=since,
        timestamps=timestamps,
        previous=previous,
        pattern=reading_logs.pattern_of(grep),
    )
    tell = printer(output)
    with opened(directory, cluster, namespace) as place:
        found = finding.workflow(place, name)
        if not follow:
            return _report(reading_logs.read(place, found, reading, tell))
        with observed(lambda _: None) as observers:
            target = Target.of(found)
            ending = reading_logs.Ending(soon=observers.cancel, now=observers.cancel)
            problems = reading_logs.follow(place, target, reading, tell, ending)
        return ExitCode.INTERRUPTED if observers.cancel.is_set() else _report(problems)


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

    with following(place, targets, printer(), cancel):
        yield
