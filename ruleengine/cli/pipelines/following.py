"""``pipeline watch`` and ``pipeline wait``, and how a workflow is followed once it was begun."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import DurationType
from ruleengine.cli.pipelines.options import Where, placed, workflows
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.driving import Followed
    from ruleengine.app.pipelines.places import Place

CODES = """\b
Exit codes: 0 succeeded, or it waits for a person; 1 it failed, or something else did;
3 wrong usage, such as an unknown name or parameter; 4 the cluster is unreachable;
130 interrupted.
"""
_WATCH_EPILOG = f"""\b
Examples:
  ruleengine pipeline watch @latest
  ruleengine pipeline watch build-x7k2p

{CODES}"""
_WAIT_EPILOG = f"""\b
Examples:
  ruleengine pipeline wait build-x7k2p --timeout 10m

{CODES}"""

_drive = click.option(
    "--drive", is_flag=True, help="Drive from here on a cluster that was named, too."
)


@click.command("watch", epilog=_WATCH_EPILOG)
@workflows
@_drive
@placed
def watch_command(*, names: tuple[str, ...], drive: bool, where: Where) -> int:
    """Follow workflows in a live tree until they are over, people's answers included.

    On the local control plane they are driven from here, unless another process does.
    """
    return _follow(names, where, drive=drive, watch=True)


@click.command("wait", epilog=_WAIT_EPILOG)
@workflows
@click.option("--timeout", type=DurationType(), default=None, help="Wait at most so long.")
@_drive
@placed
def wait_command(
    *, names: tuple[str, ...], timeout: timedelta | None, drive: bool, where: Where
) -> int:
    """Wait until workflows are over, or wait for a person.

    On the local control plane they are driven from here, unless another process does.
    """
    return _follow(names, where, drive=drive, watch=False, timeout=timeout)


def _follow(
    names: Sequence[str],
    where: Where,
    *,
    drive: bool,
    watch: bool,
    timeout: timedelta | None = None,
) -> int:
    from ruleengine.app.pipelines import finding

    with where.opened(drive=drive) as place:
        targets = [Target.of(finding.workflow(place, one)) for one in names]
        return followed(place, targets, where.output, watch=watch, timeout=timeout)


def followed(
    place: "Place",
    targets: Sequence[Target],
    output: str,
    *,
    watch: bool,
    timeout: timedelta | None = None,
    log: bool = False,
) -> int:
    """Follow workflows, show them, and return the exit code."""
    from ruleengine.app.pipelines.driving import Following, follow
    from ruleengine.cli.watching import observed

    show, finish = _shower(output, watch=watch)
    with observed(lambda _: None) as observers:
        following = Following(show=show, patient=watch, timeout=timeout, cancel=observers.cancel)
        if log and output == "text":
            from ruleengine.cli.pipelines.logs import alongside

            with alongside(place, targets, observers.cancel):
                found = follow(place, targets, following)
        else:
            found = follow(place, targets, following)
    finish()
    return _report(place, found, output, watch=watch)


def _shower(
    output: str, *, watch: bool
) -> tuple[Callable[[Sequence[Object]], None], Callable[[], None]]:
    """Return who shows workflows while they run, and what ends that.

    A live tree is for terminals; elsewhere lines are only added.
    """
    if output not in ("text", "wide"):
        return (lambda _: None), (lambda: None)
    if watch and sys.stdout.isatty():
        return _live_tree()
    known: dict[Target, Object] = {}

    def lines(workflows: Sequence[Object]) -> None:
        from ruleengine.reporting.workflows import change_lines

        for one in workflows:
            target = Target.of(one)
            if known.get(target) is not one:
                for line in change_lines(known.get(target), one):
                    click.echo(line)
                known[target] = one

    return lines, (lambda: None)


def _size() -> tuple[int, int]:
    found = shutil.get_terminal_size()
    return found.columns, found.lines


def _live_tree() -> tuple[Callable[[Sequence[Object]], None], Callable[[], None]]:
    from ruleengine.reporting.live import Picture
    from ruleengine.reporting.style import style_for
    from ruleengine.reporting.workflows import workflow_text

    style = style_for(sys.stdout, os.environ)
    picture = Picture(sys.stdout, _size, time.monotonic)
    latest: list[Object] = []

    def texts() -> list[str]:
        now = datetime.now(UTC)
        return [workflow_text(one, now, style) for one in latest]

    def show(workflows: Sequence[Object]) -> None:
        latest[:] = workflows
        picture.draw(texts)

    return show, lambda: picture.draw(texts, last=True)


def _report(place: "Place", found: "Followed", output: str, *, watch: bool) -> int:
    from ruleengine.cli.pipelines.showing import show_workflow, show_workflows
    from ruleengine.cli.printing import program

    values = [one for one in found.workflows.values() if one is not None]
    drawn = watch and sys.stdout.isatty() and output in ("text", "wide")
    if len(values) == 1 and not drawn:
        show_workflow(output, values[0])
    elif not drawn:
        show_workflows(output, values)
    for one in found.gone:
        click.echo(f"{one.name} was deleted before its end", err=True)
    if found.driver:
        click.echo(f"note: {found.driver}; this run only watched", err=True)
    own = f"{program()} pipeline"
    for target, why in found.waiting:
        click.echo(f"{target.name} is {why}: {own} resume {target.name}", err=True)
    names = " ".join(one.name for one in found.workflows)
    if found.cancelled or found.timed_out:
        goes_on = "others drive it on" if not place.drives else "it waits for who drives it"
        click.echo(f"not over yet, {goes_on}: {own} watch {names}, or {own} stop {names}", err=True)
        return ExitCode.INTERRUPTED if found.cancelled else ExitCode.FAILED
    return ExitCode.FAILED if found.failed else ExitCode.DONE
