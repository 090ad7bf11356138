"""``pipeline watch`` and ``pipeline wait``, and how a workflow is followed once it was begun."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import DurationType
from ruleengine.cli.pipelines.options import Where, placed, workflows
from ruleengine.cli.printing import FOR_PEOPLE, outliving, program
from ruleengine.cli.watching import observed, say_beside
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.driving import Followed
    from ruleengine.app.pipelines.places import Place

CODES = """\b
Exit codes: 0 succeeded, or it waits for a person; 1 it failed, or something else did;
3 wrong usage, such as an unknown parameter, or a name that is unknown or taken;
4 the cluster is unreachable; 130 interrupted.
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

    live = watch and not log and sys.stdout.isatty()  # lines of logs would tear a picture apart
    shower = _shower(output, live=live)
    with observed(lambda _: None, shower.say) as observers:
        following = Following(
            show=outliving(shower.show), patient=watch, timeout=timeout, cancel=observers.cancel
        )
        if log and output == "text":
            from ruleengine.cli.pipelines.logs import alongside

            with alongside(place, targets, observers.cancel):
                found = follow(place, targets, following)
        else:
            found = follow(place, targets, following)
    shower.finish()
    return _report(place, found, output, live=live)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shower:
    """Who shows workflows while they run, what ends that, and who tells of anything beside it."""

    show: Callable[[Sequence[Object]], None] = lambda _: None
    finish: Callable[[], None] = lambda: None
    say: Callable[[str], None] = say_beside


def _shower(output: str, *, live: bool) -> _Shower:
    """Return who shows workflows: a live tree on terminals, elsewhere lines that are only added."""
    if output not in FOR_PEOPLE:
        return _Shower()
    if live:
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

    return _Shower(show=lines)


def _size() -> tuple[int, int]:
    found = shutil.get_terminal_size()
    return found.columns, found.lines


def _live_tree() -> _Shower:
    from ruleengine.reporting.live import Picture
    from ruleengine.reporting.style import style_for
    from ruleengine.reporting.workflows import workflow_text

    style = style_for(sys.stdout, os.environ)
    picture = Picture(sys.stdout, _size, time.monotonic)
    latest: list[Object] = []
    notes: list[str] = []  # within the picture: a line between two of them would shift it

    def texts(columns: int) -> list[str]:
        now = datetime.now(UTC)
        return [*(workflow_text(one, now, style, columns) for one in latest), *notes]

    def show(workflows: Sequence[Object]) -> None:
        latest[:] = workflows
        picture.draw(texts)

    def finish() -> None:
        notes.clear()
        picture.draw(texts, last=True)

    return _Shower(show=show, finish=finish, say=notes.append)


def _show_ended(output: str, workflows: Sequence[Object]) -> None:
    from ruleengine.cli.pipelines.showing import show_workflow, show_workflows

    if len(workflows) == 1:
        show_workflow(output, workflows[0])
    else:
        show_workflows(output, workflows)


def _report(place: "Place", found: "Followed", output: str, *, live: bool) -> int:
    left = [one for one in found.workflows.values() if one is not None]
    if output not in FOR_PEOPLE or (left and not live):
        show = outliving(partial(_show_ended, output))
        show(left)
    for one in found.gone:
        click.echo(f"{one.name} was deleted before its end", err=True)
    if found.driver:
        click.echo(f"note: {found.driver}; this run only watched", err=True)
    own = f"{program()} pipeline"
    for target, why in found.waiting:
        answers = _answers(found.workflows[target] or {})
        click.echo(f"{target.name} is {why}: {own} resume {target.name}{answers}", err=True)
    names = " ".join(one.name for one in found.workflows)
    if found.cancelled or found.timed_out:
        others = place.hands_over or place.driver()
        goes_on = "others drive it on" if others else "it waits for who drives it"
        click.echo(f"not over yet, {goes_on}: {own} watch {names}, or {own} stop {names}", err=True)
        return ExitCode.INTERRUPTED if found.cancelled else ExitCode.FAILED
    return ExitCode.FAILED if found.failed else ExitCode.DONE


def _answers(workflow: Object) -> str:
    """Return how a person answers what is asked, as options; in brackets what may be left out."""
    from ruleengine.pipelines.verbs.outlook import questions_in
    from ruleengine.pipelines.verbs.parameters import assigned

    texts = []
    for one in questions_in(workflow):
        option = f"-p {assigned(one.name, one.choices)}"
        texts.append(f" {option}" if one.needed else f" [{option}]")
    return "".join(texts)
