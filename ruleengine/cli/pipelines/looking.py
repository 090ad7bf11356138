"""``pipeline list`` and ``pipeline get``."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import DurationType, gathering
from ruleengine.cli.pipelines.options import (
    Where,
    all_namespaces,
    label_selector,
    node_field_selector,
    phases,
    placed,
    workflow,
)

if TYPE_CHECKING:
    from ruleengine.app.pipelines.listing import Filter
    from ruleengine.pipelines.verbs.selecting import NodeSelector

_LIST_EPILOG = """\b
Examples:
  ruleengine pipeline list --running
  ruleengine pipeline list -A --status Failed,Error --since 1d
  ruleengine pipeline list -l team=shop -o name
"""
_GET_EPILOG = """\b
Examples:
  ruleengine pipeline get @latest
  ruleengine pipeline get build-x7k2p -o yaml
  ruleengine pipeline get build-x7k2p --node-field-selector phase=Failed
"""


def _filter(
    *,
    running: bool,
    completed: bool,
    phases: tuple[str, ...],
    since: timedelta | None,
    older: timedelta | None,
    prefix: str,
) -> "Filter":
    if running and completed:
        raise click.UsageError("--running and --completed exclude each other")
    from ruleengine.app.pipelines.listing import Filter

    return Filter(
        phases=phases,
        running=running,
        completed=completed,
        since=since,
        older=older,
        prefix=prefix,
    )


@click.command("list", epilog=_LIST_EPILOG)
@all_namespaces
@gathering(
    "chosen",
    _filter,
    click.option("--running", is_flag=True, help="Only those on their way."),
    click.option("--completed", is_flag=True, help="Only those that are over."),
    phases,
    click.option(
        "--since", type=DurationType(), default=None, help="Only those younger than this."
    ),
    click.option("--older", type=DurationType(), default=None, help="Only those over for longer."),
    click.option("--prefix", default="", help="Only those whose names begin so."),
)
@label_selector("Only those with these labels.")
@placed
def list_command(*, all_namespaces: bool, chosen: "Filter", selector: str, where: Where) -> None:
    """List workflows: those on their way first, then the newest."""
    from ruleengine.app.pipelines.changing import now
    from ruleengine.app.pipelines.listing import workflows
    from ruleengine.cli.pipelines.showing import show_workflows

    chosen = replace(chosen, labels=selector, everywhere=all_namespaces)
    with where.opened() as place:
        found = workflows(place, chosen, now())
    show_workflows(where.output, found, namespaces=all_namespaces)


@click.command("get", epilog=_GET_EPILOG)
@workflow
@node_field_selector
@placed
def get_command(*, name: str, selector: "NodeSelector", where: Where) -> None:
    """Show one workflow with the tree of its nodes and its outputs; @latest is the newest."""
    from ruleengine.app.pipelines import finding
    from ruleengine.cli.pipelines.showing import show_workflow
    from ruleengine.pipelines.verbs.selecting import selected

    with where.opened() as place:
        found = finding.workflow(place, name)
    show_workflow(where.output, selected(found, selector))
