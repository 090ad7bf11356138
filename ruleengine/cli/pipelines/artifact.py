"""``ruleengine pipeline artifact``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import Where, node_field_selector, printing, workflow
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.pipelines.verbs.artifacts import Kept
    from ruleengine.pipelines.verbs.selecting import NodeSelector


@click.group(epilog="Example: ruleengine pipeline artifact list @latest")
def command() -> None:
    """See to what steps of workflows kept."""


@command.command("list", epilog="Example: ruleengine pipeline artifact list build-x7k2p -o json")
@workflow
@node_field_selector
@printing("text", "json", "yaml")
def list_command(*, name: str, selector: "NodeSelector", where: Where) -> None:
    """List the artifacts of a workflow's steps, and where they lie."""
    from ruleengine.app.pipelines import finding
    from ruleengine.cli.printing import columns, show
    from ruleengine.pipelines.verbs.artifacts import artifacts_of, key_in

    with where.opened() as place:
        found = finding.workflow(place, name)
    kept = artifacts_of(found, selector)
    head = ("STEP", "NAME", "PATH", "KEY")
    rows = [
        (
            one.step,
            one.name,
            str(one.artifact.get("path") or "-"),
            "deleted" if one.is_deleted else key_in(found, one) or "-",
        )
        for one in kept
    ]
    data: Object = {
        "apiVersion": API_VERSION,
        "kind": "Artifacts",
        "artifacts": [
            {
                "step": one.step,
                "name": one.name,
                "key": key_in(found, one),
                "deleted": one.is_deleted,
            }
            for one in kept
        ],
    }
    show(where.output, lambda _: columns([head, *rows]) if rows else "none\n", lambda: data)


_GET_EPILOG = """\b
Examples:
  ruleengine pipeline artifact get build-x7k2p binary --to ./bin/web
  ruleengine pipeline artifact get build-x7k2p test/report
  ruleengine pipeline artifact get build-x7k2p            all of them, a folder for each step

\b
Exit codes: 0 fetched, 1 one is gone or cannot be loaded, 3 there is none of that name,
or its place is taken.
"""


@command.command("get", epilog=_GET_EPILOG)
@workflow
@click.argument(
    "artifact", metavar="[NAME|STEP/NAME]", default="", shell_complete=completing.artifacts
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    default=None,
    help="Where it is put (default: its name here; of all, a folder for each step).",
)
@printing()
def get_command(*, name: str, artifact: str, target: Path | None, where: Where) -> None:
    """Fetch an artifact of a workflow from its store, unpacked, or all of them."""
    from ruleengine.app.pipelines import artifacts, finding
    from ruleengine.pipelines.verbs.artifacts import artifacts_of

    with where.opened() as place:
        found = finding.workflow(place, name)
        if artifact:
            kept = artifacts.find(found, artifact)
            wanted = [(kept, target or Path(kept.path[1]))]
        else:
            folder, all_of_them = target or Path(), artifacts_of(found)
            wanted = [
                (one, folder.joinpath(*one.path)) for one in all_of_them if not one.is_deleted
            ]
        artifacts.fetch_all(place, found, wanted, _told)
    if not wanted:
        click.echo("none")


def _told(kept: "Kept", target: Path) -> None:
    click.echo(f"{kept.step}/{kept.name}: {target}")
