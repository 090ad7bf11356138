"""``ruleengine pipeline graph``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import namespace
from ruleengine.model.errors import FailedError
from ruleengine.pipelines.verbs.drawing import FORMATS

_EPILOG = """\b
Examples:
  ruleengine pipeline graph build                   what the repo declares, as Mermaid
  ruleengine pipeline graph workflow/build-x7k2p    one that runs, with the phases of its nodes
  ruleengine pipeline graph build -o dot | dot -Tsvg > build.svg
"""


@click.command("graph", epilog=_EPILOG)
@click.argument("name", metavar="NAME|KIND/NAME|FILE", shell_complete=completing.pipelines)
@namespace
@output(*FORMATS)
@cluster
@directory
def command(
    *, name: str, namespace: str, output: str, cluster: ClusterChoice, directory: Path
) -> None:
    """Draw what a pipeline does, or how far a workflow is, as Mermaid or DOT."""
    from ruleengine.app.pipelines.drawing import find_document
    from ruleengine.app.pipelines.places import opened
    from ruleengine.pipelines.problems import NodeError
    from ruleengine.pipelines.verbs.drawing import drawing_of

    with opened(directory, cluster, namespace) as place:
        document = find_document(place, name)
    try:
        text = FORMATS[output](drawing_of(document))
    except NodeError as error:
        raise FailedError(f"{name} cannot be drawn: {error}", "correct its tasks") from error
    click.echo(text, nl=False)
