"""``ruleengine pipeline node set``."""

from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import Where, node_field_selector, pairs, placed, workflow

if TYPE_CHECKING:
    from ruleengine.pipelines.verbs.selecting import NodeSelector

_EPILOG = """\b
Examples:
  ruleengine pipeline node set build-x7k2p --node-field-selector displayName=approve \\
    --output-parameter verdict=yes
  ruleengine pipeline node set build-x7k2p --phase Failed --message "not today"
"""


@click.group(epilog="Example: ruleengine pipeline node set build-x7k2p --phase Succeeded")
def command() -> None:
    """See to single nodes of workflows."""


@command.command("set", epilog=_EPILOG)
@workflow
@node_field_selector
@click.option(
    "--output-parameter",
    "parameter",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for an output that a node waits for.",
)
@click.option(
    "--phase",
    default="",
    help="Succeeded, Failed, Error or Skipped.",
    shell_complete=completing.words_of(("Succeeded", "Failed", "Error", "Skipped")),
)
@click.option("--message", default="", help="A message for people.")
@placed
def set_command(
    *,
    name: str,
    selector: "NodeSelector",
    parameter: tuple[str, ...],
    phase: str,
    message: str,
    where: Where,
) -> None:
    """Set outputs, the phase or the message of suspended nodes."""
    if not (parameter or phase or message):
        raise click.UsageError("say what to set: --output-parameter, --phase or --message")
    from ruleengine.app.pipelines.changing import change, now
    from ruleengine.cli.pipelines.showing import told
    from ruleengine.cli.pipelines.undriven import note_undriven
    from ruleengine.pipelines.verbs.telling import NodeChange, set_nodes

    wanted = NodeChange(
        outputs=pairs(parameter, "--output-parameter"), phase=phase, message=message
    )
    with where.opened() as place:
        changed = change(place, name, lambda one: set_nodes(one, now(), selector, wanted))
        told(where.output, [changed], "set nodes of")
        note_undriven(place, [changed])
