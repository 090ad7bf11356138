"""``ruleengine pipeline archive``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import (
    MOST,
    Manner,
    Where,
    all_namespaces,
    follow_options,
    label_selector,
    memoized,
    node_field_selector,
    parameters,
    phases,
    placed,
    printing,
    retried,
)
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place
    from ruleengine.pipelines.verbs.retrying import Retry
    from ruleengine.pipelines.verbs.selecting import NodeSelector


@click.group(epilog="Example: ruleengine pipeline archive list")
def command() -> None:
    """See to workflows that are over and were archived, also those that were deleted since.

    They are archived where `archive:` stands in ruleengine.yaml.
    """


_LIST_EPILOG = """\b
Examples:
  ruleengine pipeline archive list --status Failed,Error
  ruleengine pipeline archive list -l team=shop -o name
"""


@command.command("list", epilog=_LIST_EPILOG)
@all_namespaces
@phases
@click.option("--prefix", default="", help="Only those whose names begin so.")
@label_selector("Only those with these labels.")
@click.option("--limit", type=click.IntRange(1, MOST), default=500, show_default=True, help="Most.")
@placed
def list_command(
    *,
    all_namespaces: bool,
    phases: tuple[str, ...],
    prefix: str,
    selector: str,
    limit: int,
    where: Where,
) -> None:
    """List archived workflows, the newest first."""
    from ruleengine.apimachinery.selectors import parse_label_selector
    from ruleengine.app.pipelines.archive import entries
    from ruleengine.cli.pipelines.showing import show_objects
    from ruleengine.cli.printing import columns
    from ruleengine.services.archives.archive import Query

    with where.opened() as place:
        query = Query(
            namespace="" if all_namespaces else place.namespace,
            prefix=prefix,
            phases=phases,
            selector=parse_label_selector(selector),
            most=limit,
        )
        found = entries(place, query)
    head = ("NAMESPACE", "NAME", "STATUS", "STARTED", "FINISHED", "UID")
    rows = [
        (one.namespace, one.name, one.phase, one.started, one.finished, one.uid) for one in found
    ]
    values: list[Object] = [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": one.name, "namespace": one.namespace, "uid": one.uid},
            "status": {
                "phase": one.phase,
                "startedAt": one.started,
                "finishedAt": one.finished,
            },
        }
        for one in found
    ]
    show_objects(where.output, values, lambda _: columns([head, *rows]) if rows else "none\n")


@command.command(
    "list-label-keys", epilog="Example: ruleengine pipeline archive list-label-keys -A"
)
@all_namespaces
@printing()
def label_keys_command(*, all_namespaces: bool, where: Where) -> None:
    """List the names of the labels of archived workflows, one a line."""
    from ruleengine.app.pipelines.archive import label_names

    with where.opened() as place:
        found = label_names(place, "" if all_namespaces else place.namespace)
    click.echo("".join(f"{one}\n" for one in found), nl=False)


@command.command(
    "list-label-values",
    epilog="Example: ruleengine pipeline archive list-label-values -l workflows.argoproj.io/phase",
)
@click.option("-l", "--selector", "name", required=True, metavar="NAME", help="The label.")
@all_namespaces
@printing()
def label_values_command(*, name: str, all_namespaces: bool, where: Where) -> None:
    """List the values that a label of archived workflows has, one a line."""
    from ruleengine.app.pipelines.archive import label_values

    with where.opened() as place:
        found = label_values(place, name, "" if all_namespaces else place.namespace)
    click.echo("".join(f"{one}\n" for one in found), nl=False)


_name = click.argument("name", metavar="NAME|UID", shell_complete=completing.archived)


@command.command("get", epilog="Example: ruleengine pipeline archive get build-x7k2p -o yaml")
@_name
@node_field_selector
@placed
def get_command(*, name: str, selector: "NodeSelector", where: Where) -> None:
    """Show an archived workflow as it was at its end.

    Of several with a name, it is the newest.
    """
    from ruleengine.app.pipelines.archive import archived
    from ruleengine.cli.pipelines.showing import show_workflow
    from ruleengine.pipelines.verbs.selecting import selected

    with where.opened() as place:
        found = archived(place, name)
    show_workflow(where.output, selected(found, selector))


@command.command("delete", epilog="Example: ruleengine pipeline archive delete build-x7k2p")
@click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME|UID...",
    shell_complete=completing.archived,
)
@placed
def delete_command(*, names: tuple[str, ...], where: Where) -> None:
    """Forget archived workflows. Live ones stay."""
    from ruleengine.app.pipelines.archive import forget
    from ruleengine.cli.pipelines.showing import told

    with where.opened() as place:
        found = forget(place, names)
    told(where.output, found, "forgot")


@command.command("retry", epilog="Example: ruleengine pipeline archive retry build-x7k2p --watch")
@_name
@retried
@follow_options
@placed
def retry_command(*, name: str, asked: "Retry", manner: Manner, where: Where) -> int:
    """Go on where an archived workflow failed; it is created again where it was deleted."""
    from ruleengine.app.pipelines.archive import retry_archived
    from ruleengine.cli.pipelines.begun import begun

    return begun(where, manner, lambda place: retry_archived(place, name, asked), "retried")


@command.command("resubmit", epilog="Example: ruleengine pipeline archive resubmit build-x7k2p")
@_name
@parameters
@memoized
@follow_options
@placed
def resubmit_command(
    *,
    name: str,
    parameters: Mapping[str, str],
    memoized: bool,
    manner: Manner,
    where: Where,
) -> int:
    """Run an archived workflow anew, as another one with the same spec."""
    from ruleengine.app.pipelines.again import resubmit_one
    from ruleengine.app.pipelines.archive import archived
    from ruleengine.cli.pipelines.begun import begun

    def begin(place: "Place") -> Object:
        return resubmit_one(place, archived(place, name), parameters, memoized=memoized)

    return begun(where, manner, begin)
