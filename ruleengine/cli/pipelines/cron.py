"""``ruleengine pipeline cron``."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from ruleengine.cli.lazy import SuggestingGroup
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import (
    Manner,
    Where,
    all_namespaces,
    declared_by_files,
    follow_options,
    parameters,
    placed,
)
from ruleengine.cli.printing import FOR_PEOPLE
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

if TYPE_CHECKING:
    from ruleengine.app.pipelines.crons import Scheduled
    from ruleengine.app.pipelines.places import Place


class TimeType(click.ParamType[datetime]):
    """A time such as ``2026-11-27`` or ``2026-11-27T06:30:00Z``, in UTC."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time that a text names."""
        text = str(value)
        try:
            return parse_time(text if "T" in text else f"{text}T00:00:00Z")
        except ValueError:
            self.fail(f"{text!r} is no time: write 2026-11-27 or 2026-11-27T06:30:00Z", param, ctx)


_OF_ARGO: Final = {"lint": "pipeline lint"}


class _Crons(SuggestingGroup):
    known_elsewhere = _OF_ARGO
    done_elsewhere = declared_by_files("create", "update", "delete")


@click.group(cls=_Crons, epilog="Example: ruleengine pipeline cron list")
def command() -> None:
    """See to pipelines that run by schedule."""


_name = click.argument("name", shell_complete=completing.crons)


@command.command("list", epilog="Example: ruleengine pipeline cron list -A")
@all_namespaces
@placed
def list_command(*, all_namespaces: bool, where: Where) -> None:
    """List what runs by schedule, when it ran last, and when it runs next."""
    from ruleengine.app.pipelines.crons import crons
    from ruleengine.cli.pipelines.showing import show_objects
    from ruleengine.cli.printing import columns

    with where.opened() as place:
        found = crons(place, everywhere=all_namespaces)
    head = ("NAME", "SCHEDULES", "TIMEZONE", "LAST", "NEXT", "ACTIVE", "SUSPENDED")
    values = [one.value for one in found]
    rows = [head, *map(_row, found)]
    if all_namespaces:
        where_from = ["NAMESPACE", *(str(one["metadata"]["namespace"]) for one in values)]
        rows = [(name, *row) for name, row in zip(where_from, rows, strict=True)]
    show_objects(where.output, values, lambda _: columns(rows) if found else "none\n")


def _row(one: "Scheduled") -> tuple[str, ...]:
    return (
        str(one.value["metadata"]["name"]),
        "; ".join(one.schedules),
        str(lookup(one.value, "spec", "timezone", default="UTC")),
        one.last or "-",
        one.problem or (format_time(one.following) if one.following else "-"),
        str(len(lookup(one.value, "status", "active", default=()))),
        "yes" if one.suspended else "no",
    )


@command.command("get", epilog="Example: ruleengine pipeline cron get nightly-report")
@_name
@placed
def get_command(*, name: str, where: Where) -> None:
    """Show one of them."""
    from ruleengine.app.pipelines.crons import cron
    from ruleengine.cli.pipelines.showing import show_objects

    with where.opened() as place:
        found = cron(place, name)
    show_objects(where.output, [found.value], lambda _: _text(found))


def _text(one: "Scheduled") -> str:
    words = ("Name", "Schedules", "Timezone", "Last", "Next", "Active", "Suspended")
    lines = [f"{word + ':':<12}{text}\n" for word, text in zip(words, _row(one), strict=True)]
    spec, status = one.value.get("spec") or {}, one.value.get("status") or {}
    lines.append(f"{'Policy:':<12}{spec.get('concurrencyPolicy') or 'Allow'}\n")
    ended = f"{status.get('succeeded') or 0} succeeded, {status.get('failed') or 0} failed"
    lines.append(f"{'Runs:':<12}{ended}\n")
    told = (f"{c.get('type')}: {c.get('message', '')}\n" for c in status.get("conditions") or ())
    return "".join([*lines, *told])


@command.command("suspend", epilog="Example: ruleengine pipeline cron suspend nightly-report")
@_name
@placed
def suspend_command(*, name: str, where: Where) -> None:
    """Start nothing by schedule until it is resumed. What runs goes on."""
    from ruleengine.app.pipelines import crons

    _tell(name, crons.suspend, "suspended", where)


@command.command("resume", epilog="Example: ruleengine pipeline cron resume nightly-report")
@_name
@placed
def resume_command(*, name: str, where: Where) -> None:
    """Start again what is scheduled."""
    from ruleengine.app.pipelines import crons
    from ruleengine.cli.pipelines.undriven import note_unscheduled

    _tell(name, crons.resume, "resumed", where, note_unscheduled)


def _tell(
    name: str,
    verb: Callable[["Place", str], Object],
    word: str,
    where: Where,
    note: Callable[["Place"], None] = lambda _: None,
) -> None:
    from ruleengine.cli.pipelines.showing import told

    with where.opened() as place:
        changed = verb(place, name)
        told(where.output, [changed], word)
        note(place)


@command.command("run", epilog="Example: ruleengine pipeline cron run nightly-report --watch")
@_name
@parameters
@follow_options
@placed
def run_command(
    *,
    name: str,
    parameters: Mapping[str, str],
    manner: Manner,
    where: Where,
) -> int:
    """Run it once, now, as it is on the cluster."""
    from ruleengine.app.pipelines.asking import Asked, suffix
    from ruleengine.app.pipelines.running import begin
    from ruleengine.cli.pipelines.begun import begun
    from ruleengine.pipelines.verbs.submitting import Submission

    submission = Submission(suffix=suffix(), parameters=parameters)
    asked = Asked(source=f"CronWorkflow/{name}", submission=submission)
    return begun(where, manner, lambda place: begin(place, asked))


_BACKFILL_EPILOG = """\b
Examples:
  ruleengine pipeline cron backfill nightly-report --start 2026-11-20 --end 2026-11-27
"""


@command.command("backfill", epilog=_BACKFILL_EPILOG)
@_name
@click.option("--start", type=TimeType(), required=True, help="The first time that counts.")
@click.option(
    "--end",
    type=TimeType(),
    default=None,
    help="The time before which it ends.",
    show_default="now",
)
@follow_options
@placed
def backfill_command(
    *,
    name: str,
    start: datetime,
    end: datetime | None,
    manner: Manner,
    where: Where,
) -> int:
    """Run what was missed: once for each scheduled time whose workflow is not there."""
    from ruleengine.app.pipelines.crons import backfill
    from ruleengine.cli.pipelines.following import followed
    from ruleengine.cli.pipelines.showing import told
    from ruleengine.cli.pipelines.undriven import note_undriven

    with where.opened(drive=manner.drive) as place:
        made, known = backfill(place, name, start, end or datetime.now(UTC))
        if where.output in FOR_PEOPLE:
            click.echo(f"created {len(made)}; {known} of these times had run already")
        if not made or not manner.follows:
            if where.output not in FOR_PEOPLE:
                told(where.output, made, "created")
            if made:
                note_undriven(place, made)
            return ExitCode.DONE
        targets = [Target.of(one) for one in made]
        return followed(place, targets, where.output, watch=manner.watch, log=manner.log)
