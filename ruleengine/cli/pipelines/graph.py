"""``ruleengine pipeline graph``."""

import click

from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.options import Where, printing
from ruleengine.model.errors import FailedError
from ruleengine.pipelines.verbs.drawing import FORMATS

_EPILOG = """\b
Examples:
  ruleengine pipeline graph build                   what the repo declares, as Mermaid
  ruleengine pipeline graph workflow/build-x7k2p    one that runs, with the phases of its nodes
  ruleengine pipeline graph build -o dot | dot -Tsvg > build.svg
"""


@click.command("graph", epilog=_EPILOG)
@click.argument("name", metavar="NAME|KIND/NAME|FILE", shell_complete=completing.drawable)
@printing(*FORMATS)
def command(*, name: str, where: Where) -> None:
    """Draw what a pipeline does, or how far a workflow is, as Mermaid or DOT."""
    from ruleengine.app.pipelines.drawing import find_document
    from ruleengine.pipelines.problems import NodeError
    from ruleengine.pipelines.verbs.drawing import drawing_of

    with where.opened() as place:
        document = find_document(place, name)
    try:
        text = FORMATS[where.output](drawing_of(document))
    except NodeError as error:
        raise FailedError(f"{name} cannot be drawn: {error}", "correct its tasks") from error
    click.echo(text, nl=False)
