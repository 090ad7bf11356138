"""``ruleengine simulate``."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from ruleengine.cli.options import DurationType, directory, output
from ruleengine.model.errors import ExitCode, UsageError
from ruleengine.model.values import Value

_EPILOG = """\b
Examples:
  ruleengine simulate                              what an apply would lead to
  ruleengine simulate --from main rollout/web      what a merge does to one rollout
  ruleengine simulate --from main --fault crash=example.com/web:2
  ruleengine simulate --at '5m promote rollout/web' --for 1h
  ruleengine simulate --at '10s event on-push/push {"ref": "main"}' --outcome '*=succeeded'
  ruleengine simulate --outcome 'test={"exitCode": 1, "seconds": 90}' -o json

\b
Time is virtual: an hour takes moments. Pods are simulated; those of steps, whose outputs are
needed, end as --outcome says. Nothing outside is asked: --answer gives the answers.

\b
Exit codes: 0 it settles, or waits for a human; 1 something fails, or does not settle in time.
"""
_YEARS: Final = range(1970, 9000)


@click.command(epilog=_EPILOG)
@click.argument("name", metavar="[KIND/NAME]", required=False, default="")
@click.option("--from", "since", default="", metavar="REV", help="Begin where this revision leads.")
@click.option(
    "--for", "length", type=DurationType(), default="1h", show_default=True, help="At most so long."
)
@click.option(
    "--until",
    type=click.Choice(("settled", "end")),
    default="settled",
    show_default=True,
    help="Stop when everything has settled, or at the end of that time.",
)
@click.option(
    "--at", "acts", multiple=True, metavar="'TIME ACT'", help="What a person does, and when."
)
@click.option(
    "--fault", "faults", multiple=True, metavar="FAULT=NAME", help="Pods of NAME have a fault."
)
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="NAME=OUTCOME", help="What a step comes to."
)
@click.option(
    "--answer", "answers", multiple=True, metavar="KIND=JSON", help="Answer requests of a kind."
)
@click.option("--seed", default=1, show_default=True, help="Another seed, other names and pauses.")
@click.option("--start", default="", metavar="TIME", help="The virtual time to begin at (now).")
@output("text", "json", "yaml")
@directory
def command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    since: str,
    length: timedelta,
    until: str,
    acts: tuple[str, ...],
    faults: tuple[str, ...],
    outcomes: tuple[str, ...],
    answers: tuple[str, ...],
    seed: int,
    start: str,
    output: str,
    directory: Path,
) -> int:
    """Show what would happen over time, without a cluster. Nothing runs, nothing is written.

    With KIND/NAME, only what happens to that object and to all that comes of it.
    """
    from ruleengine.app.pod_faults import parse_fault
    from ruleengine.app.pod_outcomes import parse_outcome
    from ruleengine.app.simulating import Simulated, simulate
    from ruleengine.app.user_acts import parse_act
    from ruleengine.cli.printing import show, show_findings
    from ruleengine.cli.timeline import timeline_data, timeline_text

    asked = Simulated(
        start=_start(start),
        length=length,
        whole=until == "end",
        since=since,
        seed=seed,
        about=name,
        acts=tuple(parse_act(one) for one in acts),
        faults=tuple(parse_fault(one) for one in faults),
        outcomes=tuple(parse_outcome(one) for one in outcomes),
        answers=dict(_answer(one) for one in answers),
    )
    simulation = simulate(directory, asked)
    if simulation.settled is None:
        show_findings(output, simulation.findings)
        return ExitCode.FAILED
    show_findings(output, simulation.findings, beside=True)
    show(
        output,
        lambda style: timeline_text(simulation, style),
        lambda: timeline_data(simulation),
    )
    return ExitCode.FAILED if simulation.failed else ExitCode.DONE


def _start(text: str) -> datetime:
    from ruleengine.model.times import parse_time

    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = parse_time(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", "write it as 2026-01-02T03:04:05Z") from None
    if found.year not in _YEARS:  # times before and after it have to be times, too
        raise UsageError(
            f"{text!r} is too far away", f"choose a year from {_YEARS[0]} to {_YEARS[-1]}"
        )
    return found


def _answer(text: str) -> tuple[str, Value]:
    from ruleengine.formats import json_text

    kind, equals, value = text.partition("=")
    try:
        if kind and equals:
            return kind, json_text.loads(value)
    except ValueError:
        pass
    raise UsageError(f"{text!r} is no answer", """write it as query='{"value": 1}'""")
