"""``pipeline suspend, resume, stop, terminate, delete``: what people tell workflows."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import DurationType, gathering
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import (
    Where,
    label_selector,
    node_field_selector,
    pairs,
    placed,
    workflows,
)
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.listing import Filter
    from ruleengine.pipelines.verbs.selecting import NodeSelector


@click.command("suspend", epilog="Example: ruleengine pipeline suspend build-x7k2p")
@workflows
@placed
def suspend_command(*, names: tuple[str, ...], where: Where) -> None:
    """Begin no new steps of workflows. What runs comes to its end."""
    from ruleengine.pipelines.verbs.telling import suspend

    _change(names, suspend, "suspended", where)


_RESUME_EPILOG = """\b
Examples:
  ruleengine pipeline resume build-x7k2p
  ruleengine pipeline resume build-x7k2p --node-field-selector displayName=approve -p verdict=yes
"""


@click.command("resume", epilog=_RESUME_EPILOG)
@workflows
@node_field_selector
@click.option(
    "-p",
    "--output-parameter",
    "parameter",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for an output that a node waits for.",
)
@placed
def resume_command(
    *,
    names: tuple[str, ...],
    selector: "NodeSelector",
    parameter: tuple[str, ...],
    where: Where,
) -> None:
    """Go on with suspended workflows, or with those of their suspended nodes that are selected."""
    from ruleengine.app.pipelines.changing import now
    from ruleengine.pipelines.verbs.telling import resume

    supplied = pairs(parameter, "-p")
    _change(names, lambda one: resume(one, now(), selector, supplied), "resumed", where)


@click.command("stop", epilog="Example: ruleengine pipeline stop build-x7k2p")
@workflows
@node_field_selector
@click.option("--message", default="", help="Why; for the nodes that are selected.")
@placed
def stop_command(
    *,
    names: tuple[str, ...],
    selector: "NodeSelector",
    message: str,
    where: Where,
) -> None:
    """Stop workflows: nothing new begins, what runs ends, exit handlers run.

    With a selector only those suspended nodes fail.
    """
    from ruleengine.app.pipelines.changing import now
    from ruleengine.pipelines.verbs.telling import stop

    _change(names, lambda one: stop(one, now(), selector, message), "stopped", where)


@click.command("terminate", epilog="Example: ruleengine pipeline terminate build-x7k2p")
@workflows
@placed
def terminate_command(*, names: tuple[str, ...], where: Where) -> None:
    """Stop workflows at once; exit handlers do not run."""
    from ruleengine.pipelines.verbs.telling import terminate

    _change(names, terminate, "terminated", where)


def _change(
    names: tuple[str, ...], verb: Callable[[Object], Object], word: str, where: Where
) -> None:
    from ruleengine.app.pipelines.changing import change
    from ruleengine.cli.pipelines.showing import told
    from ruleengine.cli.pipelines.undriven import note_undriven

    changed: list[Object] = []
    with where.opened() as place:
        try:
            changed.extend(change(place, one, verb) for one in names)
        finally:  # those before one that could not be changed are changed all the same
            if changed:
                told(where.output, changed, word)
                note_undriven(place, changed)


_DELETE_EPILOG = """\b
Examples:
  ruleengine pipeline delete build-x7k2p
  ruleengine pipeline delete --completed --older 7d
"""


def _filter(*, completed: bool, older: timedelta | None, prefix: str, selector: str) -> "Filter":
    from ruleengine.app.pipelines.listing import Filter

    return Filter(completed=completed, older=older, prefix=prefix, labels=selector)


@click.command("delete", epilog=_DELETE_EPILOG)
@click.argument("names", nargs=-1, metavar="[NAME...]", shell_complete=completing.workflows)
@gathering(
    "chosen",
    _filter,
    click.option("--completed", is_flag=True, help="All that are over."),
    click.option(
        "--older", type=DurationType(), default=None, help="All that are over for longer."
    ),
    click.option("--prefix", default="", help="All whose names begin so."),
    label_selector("All with these labels."),
)
@click.option("--all", "every", is_flag=True, help="All of the namespace.")
@placed
def delete_command(*, names: tuple[str, ...], chosen: "Filter", every: bool, where: Where) -> None:
    """Delete workflows with their pods, by name or by what they are.

    One that a finalizer keeps goes once that is done, and is said to be on its way until then.
    """
    from ruleengine.app.pipelines import changing, finding
    from ruleengine.app.pipelines.listing import Filter, workflows
    from ruleengine.cli.pipelines.showing import told_deleted
    from ruleengine.cli.pipelines.undriven import note_undeleted
    from ruleengine.model.actions import Target
    from ruleengine.pipelines.collecting import FINALIZER

    filtered = every or chosen != Filter()
    if bool(names) is filtered:
        raise click.UsageError(
            "name workflows, or say which: --completed, --older, --prefix, -l, --all"
        )
    with where.opened() as place:
        found = [finding.workflow(place, one) for one in names]
        if filtered:
            found = list(workflows(place, chosen, changing.now()))
        kept = changing.delete(place, [Target.of(one) for one in found])
        told_deleted(where.output, found, kept)
        note_undeleted(place, [one for one in kept if FINALIZER in one["metadata"]["finalizers"]])
