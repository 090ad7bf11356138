"""``ruleengine pipeline run``."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import gathering
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.following import CODES
from ruleengine.cli.pipelines.options import (
    Manner,
    Where,
    follow_options,
    pairs,
    parameters,
    placed,
)
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.asking import Asked
    from ruleengine.app.pipelines.places import Place
    from ruleengine.pipelines.verbs.submitting import Submission

_EPILOG = f"""\b
Examples:
  ruleengine pipeline run build -p branch=main --watch
  ruleengine pipeline run pipelines/build.yaml -f parameters.yaml
  ruleengine pipeline run ./hello-world.yaml               a file of Argo's, as it is
  ruleengine pipeline run --from workflowtemplate/build    as it is on the cluster
  ruleengine pipeline run cronworkflow/nightly-report --log

{CODES}"""


def _asked(name: str, source: str) -> "Asked":
    if bool(name) is bool(source):
        raise click.UsageError("name a pipeline or a file, or --from KIND/NAME")
    from ruleengine.app.pipelines.asking import Asked

    return Asked(name=name, source=source)


def _submission(
    *,
    entrypoint: str,
    workflow_name: str,
    generate_name: str,
    labels: str,
    priority: int | None,
    serviceaccount: str,
) -> "Submission":
    if workflow_name and generate_name:
        raise click.UsageError("--name and --generate-name exclude each other")
    from ruleengine.app.pipelines.asking import suffix
    from ruleengine.pipelines.verbs.submitting import Submission

    return Submission(
        suffix=suffix(),
        name=workflow_name,
        generate_name=generate_name,
        entrypoint=entrypoint,
        labels=pairs([one for one in labels.split(",") if one], "--labels"),
        priority=priority,
        service_account=serviceaccount,
    )


@click.command(epilog=_EPILOG)
@gathering(
    "asked",
    _asked,
    click.argument(
        "name", metavar="[NAME|KIND/NAME|FILE]", default="", shell_complete=completing.pipelines
    ),
    parameters,
    click.option(
        "--from",
        "source",
        default="",
        metavar="KIND/NAME",
        help="A live template.",
        shell_complete=completing.sources,
    ),
)
@gathering(
    "submission",
    _submission,
    click.option("--entrypoint", default="", metavar="TEMPLATE", help="Begin with this template."),
    click.option("--name", "workflow_name", default="", help="The name of the workflow."),
    click.option("--generate-name", default="", metavar="PREFIX", help="How its name begins."),
    click.option("-l", "--labels", default="", metavar="NAME=VALUE,...", help="Labels for it."),
    click.option("--priority", type=int, default=None, help="Its priority: higher ones go first."),
    click.option(
        "--serviceaccount", default="", metavar="NAME", help="Whose rights its pods have."
    ),
)
@click.option("--dry-run", is_flag=True, help="Print the workflow; create nothing.")
@follow_options
@placed
def command(
    *,
    asked: "Asked",
    parameters: Mapping[str, str],
    submission: "Submission",
    dry_run: bool,
    manner: Manner,
    where: Where,
) -> int:
    """Run a pipeline: what the repo declares under a name, a file, or a live template.

    Templates of the repo that it needs are applied first. The local control plane is started
    where none runs, and the workflow is driven from here, unless `ruleengine run` does.
    """
    from ruleengine.cli.pipelines.begun import begun

    asked = replace(asked, submission=replace(submission, parameters=parameters))
    if not dry_run:
        return begun(where, manner, lambda place: _begin(place, asked))
    from ruleengine.app.pipelines.running import make
    from ruleengine.cli.pipelines.showing import show_objects
    from ruleengine.formats import yaml_writer

    with where.opened() as place:
        made = make(place, asked)
    show_objects(where.output, [made], lambda _: yaml_writer.write(made))
    return 0


def _begin(place: "Place", asked: "Asked") -> Object:
    from ruleengine.app.pipelines.running import begin  # while the server is greeted

    return begin(place, asked)
