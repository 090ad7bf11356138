"""``ruleengine pipeline run``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.pipelines import completing
from ruleengine.cli.pipelines.following import CODES
from ruleengine.cli.pipelines.options import (
    follow_options,
    pairs,
    parameters,
    placed,
    read_parameters,
)

_EPILOG = f"""\b
Examples:
  ruleengine pipeline run build -p branch=main --watch
  ruleengine pipeline run pipelines/build.yaml -f parameters.yaml
  ruleengine pipeline run ./hello-world.yaml               a file of Argo's, as it is
  ruleengine pipeline run --from workflowtemplate/build    as it is on the cluster
  ruleengine pipeline run cronworkflow/nightly-report --log

{CODES}"""


@click.command(epilog=_EPILOG)
@click.argument(
    "name", metavar="[NAME|KIND/NAME|FILE]", default="", shell_complete=completing.pipelines
)
@parameters
@click.option("--from", "source", default="", metavar="KIND/NAME", help="A live template.")
@click.option("--entrypoint", default="", metavar="TEMPLATE", help="Begin with this template.")
@click.option("--name", "workflow_name", default="", help="The name of the workflow.")
@click.option("--generate-name", default="", metavar="PREFIX", help="How its name begins.")
@click.option("-l", "--labels", default="", metavar="NAME=VALUE,...", help="Labels for it.")
@click.option("--priority", type=int, default=None, help="Its priority: higher ones go first.")
@click.option("--serviceaccount", default="", metavar="NAME", help="Whose rights its pods have.")
@click.option("--dry-run", is_flag=True, help="Print the workflow; create nothing.")
@follow_options
@placed
def command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    parameter: tuple[str, ...],
    parameter_file: str | None,
    source: str,
    entrypoint: str,
    workflow_name: str,
    generate_name: str,
    labels: str,
    priority: int | None,
    serviceaccount: str,
    dry_run: bool,
    wait: bool,
    watch: bool,
    log: bool,
    drive: bool,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Run a pipeline: what the repo declares under a name, a file, or a live template.

    Templates of the repo that it needs are applied first. The local control plane is started
    where none runs, and the workflow is driven from here, unless `ruleengine run` does.
    """
    if bool(name) is bool(source):
        raise click.UsageError("name a pipeline or a file, or --from KIND/NAME")
    from ruleengine.app.pipelines.running import Asked

    asked = Asked(
        name=name,
        source=source,
        parameters=read_parameters(parameter, parameter_file),
        workflow_name=workflow_name,
        generate_name=generate_name,
        entrypoint=entrypoint,
        labels=pairs([one for one in labels.split(",") if one], "--labels"),
        priority=priority,
        service_account=serviceaccount,
    )
    from ruleengine.app.pipelines import running
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.begun import Manner, begun

    manner = Manner(output=output, wait=wait, watch=watch, log=log)
    with opened(directory, cluster, namespace, drive=drive) as place:
        made = running.make(place, asked)
        if dry_run:
            from ruleengine.cli.pipelines.showing import show_objects
            from ruleengine.formats import yaml_writer

            show_objects(output, [made], lambda _: yaml_writer.write(made))
            return 0
        return begun(place, running.begin(place, made, asked), manner)
