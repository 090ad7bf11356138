"""``pipeline retry`` and ``pipeline resubmit``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.pipelines.following import CODES
from ruleengine.cli.pipelines.options import (
    follow_options,
    node_field_selector,
    parameters,
    placed,
    read_parameters,
    workflow,
)

_RETRY_EPILOG = f"""\b
Examples:
  ruleengine pipeline retry build-x7k2p --watch
  ruleengine pipeline retry build-x7k2p -p image=web:2
  ruleengine pipeline retry build-x7k2p --restart-successful \\
    --node-field-selector displayName=test

{CODES}"""
_RESUBMIT_EPILOG = f"""\b
Examples:
  ruleengine pipeline resubmit build-x7k2p --watch
  ruleengine pipeline resubmit build-x7k2p --memoized

{CODES}"""


@click.command("retry", epilog=_RETRY_EPILOG)
@workflow
@parameters
@click.option(
    "--restart-successful", is_flag=True, help="Begin the nodes selected again, too, done or not."
)
@node_field_selector
@follow_options
@placed
def retry_command(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    parameter: tuple[str, ...],
    parameter_file: str | None,
    restart_successful: bool,
    selector: str,
    wait: bool,
    watch: bool,
    log: bool,
    drive: bool,
    namespace: str,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Go on where a workflow failed: what succeeded is kept, the rest runs again."""
    from ruleengine.app.pipelines import again
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.begun import Manner, begun
    from ruleengine.pipelines.verbs.retrying import Retry
    from ruleengine.pipelines.verbs.selecting import parse_selector

    asked = Retry(
        parameters=read_parameters(parameter, parameter_file),
        restart_successful=restart_successful,
        selector=parse_selector(selector),
    )
    manner = Manner(output=output, wait=wait, watch=watch, log=log, word="retried")
    with opened(directory, cluster, namespace, drive=drive) as place:
        return begun(place, again.retry_live(place, name, asked), manner)


@click.command("resubmit", epilog=_RESUBMIT_EPILOG)
@workflow
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
    """Run a workflow anew, as another one with the same spec."""
    from ruleengine.app.pipelines import again
    from ruleengine.app.pipelines.places import opened
    from ruleengine.cli.pipelines.begun import Manner, begun

    values = read_parameters(parameter, parameter_file)
    manner = Manner(output=output, wait=wait, watch=watch, log=log)
    with opened(directory, cluster, namespace, drive=drive) as place:
        made = again.resubmit_live(place, name, values, memoized=memoized)
        return begun(place, made, manner)
