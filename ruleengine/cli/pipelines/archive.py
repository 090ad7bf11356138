"""``ruleengine pipeline archive``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.pipelines.options import (
    follow_options,
    node_field_selector,
    parameters,
    placed,
    read_parameters,
)
from ruleengine.model.values import Object


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
@click.option("-A", "--all-namespaces", is_flag=True, help="Those of every namespace.")
@click.option("--status", default="", metavar="PHASE,...", help="Only those that ended so.")
@click.option("--prefix", default="", help="Only those whose names begin so.")
@click.option("-l", "--selector", default="", help="Only those with these labels.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="Most.")
@placed
def list_command(  # noqa: PLR0913 - one parameter per option
    *,
    all_namespaces: bool,
    status: str,
    prefix: str,
    selector: str,
    limit: int,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> None:
    """List archived workflows, the newest first."""
    from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
    from ruleengine.app.pipelines.archive import entries
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.showing import show_objects
    from ruleengine.cli.printing import columns
    from ruleengine.services.archives.archive import Query

    try:
        labels = parse_label_selector(selector)
    except SelectorError as error:
        raise click.UsageError(f"{selector!r} selects no labels: {error}") from error
    phases = tuple(one.strip() for one in status.split(",") if one.strip())
    with opened(directory, cluster, namespace) as place:
        where = "" if all_namespaces else place.namespace
        found = entries(
            place,
            Query(namespace=where, prefix=prefix, phases=phases, selector=labels, most=limit),
        )
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
    show_objects(output, values, lambda _: columns([head, *rows]) if rows else "none\n")


_name = click.argument("name", metavar="NAME|UID")


@command.command("get", epilog="Example: ruleengine pipeline archive get build-x7k2p -o yaml")
@_name
@node_field_selector
@placed
def get_command(
    *,
    name: str,
    selector: str,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> None:
    """Show an archived workflow as it was at its end; of several with a name, the newest."""
    from ruleengine.app.pipelines.archive import archived
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.showing import show_workflow
    from ruleengine.pipelines.verbs.selecting import parse_selector, selected

    chosen = parse_selector(selector)
    with opened(directory, cluster, namespace) as place:
        found = archived(place, name)
    show_workflow(output, selected(found, chosen))


@command.command("delete", epilog="Example: ruleengine pipeline archive delete build-x7k2p")
@click.argument("names", nargs=-1, required=True, metavar="NAME|UID...")
@placed
def delete_command(
    *, names: tuple[str, ...], namespace: str, output: str, cluster: ClusterChoice, directory: Path
) -> None:
    """Forget archived workflows. Live ones stay."""
    from ruleengine.app.pipelines.archive import forget
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.showing import told

    with opened(directory, cluster, namespace) as place:
        found = forget(place, names)
    told(output, found, "forgot")


@command.command("retry", epilog="Example: ruleengine pipeline archive retry build-x7k2p --watch")
@_name
@parameters
@follow_options
@placed
def retry_command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    parameter: tuple[str, ...],
    parameter_file: str | None,
    wait: bool,
    watch: bool,
    log: bool,
    drive: bool,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Go on where an archived workflow failed; it is created again where it was deleted."""
    from ruleengine.app.pipelines.archive import retry_archived
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.begun import Manner, begun
    from ruleengine.pipelines.verbs.retrying import Retry

    asked = Retry(parameters=read_parameters(parameter, parameter_file))
    manner = Manner(output=output, wait=wait, watch=watch, log=log, word="retried")
    with opened(directory, cluster, namespace, drive=drive) as place:
        return begun(place, retry_archived(place, name, asked), manner)


@command.command("resubmit", epilog="Example: ruleengine pipeline archive resubmit build-x7k2p")
@_name
@parameters
@click.option("--memoized", is_flag=True, help="Take over what succeeded, of one that failed.")
@follow_options
@placed
def resubmit_command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    parameter: tuple[str, ...],
    parameter_file: str | None,
    memoized: bool,
    wait: bool,
    watch: bool,
    log: bool,
    drive: bool,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Run an archived workflow anew, as another one with the same spec."""
    from ruleengine.app.pipelines.archive import resubmit_archived
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.begun import Manner, begun

    values = read_parameters(parameter, parameter_file)
    manner = Manner(output=output, wait=wait, watch=watch, log=log)
    with opened(directory, cluster, namespace, drive=drive) as place:
        made = resubmit_archived(place, name, values, memoized=memoized)
        return begun(place, made, manner)
