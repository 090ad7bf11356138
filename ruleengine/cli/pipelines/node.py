"""``ruleengine pipeline node set``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.pipelines.options import node_field_selector, pairs, placed, workflow

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
@click.option("--phase", default="", help="Succeeded, Failed, Error or Skipped.")
@click.option("--message", default="", help="A message for people.")
@placed
def set_command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    selector: str,
    parameter: tuple[str, ...],
    phase: str,
    message: str,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> None:
    """Set outputs, the phase or the message of suspended nodes."""
    if not (parameter or phase or message):
        raise click.UsageError("say what to set: --output-parameter, --phase or --message")
    from ruleengine.app.pipelines.changing import change, now
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.showing import told
    from ruleengine.pipelines.verbs.selecting import parse_selector
    from ruleengine.pipelines.verbs.telling import NodeChange, set_nodes

    chosen = parse_selector(selector)
    wanted = NodeChange(
        outputs=pairs(parameter, "--output-parameter"), phase=phase, message=message
    )
    with opened(directory, cluster, namespace) as place:
        changed = change(place, name, lambda one: set_nodes(one, now(), chosen, wanted))
    told(output, [changed], "set nodes of")
