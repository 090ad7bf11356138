"""``ruleengine apply``."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.options import DurationType, cluster, directory, output
from ruleengine.model.errors import ExitCode

if TYPE_CHECKING:
    from ruleengine.app.applying import Delivery

_EPILOG = """\b
Examples:
  ruleengine apply                             to the local control plane
  ruleengine apply --context staging --drive   to a cluster, reconciling from here
  ruleengine apply --no-wait -o json           write the documents and return

\b
Exit codes: 0 all applied and settled (or waiting for a human), 1 something failed,
4 the cluster is unreachable, 130 interrupted: run it again, it goes on where it stopped.
"""


@click.command(epilog=_EPILOG)
@click.option("--wait/--no-wait", default=True, help="Wait until everything has settled.")
@click.option(
    "--timeout", type=DurationType(), default="5m", show_default=True, help="Wait at most so long."
)
@click.option("--drive", is_flag=True, help="Reconcile from here on a cluster that was named, too.")
@click.option(
    "--allow-prune",
    is_flag=True,
    help="Lift the floor: delete even if a folder was emptied or most of its objects go.",
)
@output("text", "json", "yaml")
@cluster
@directory
def command(  # noqa: PLR0913 - one parameter per option
    *,
    wait: bool,
    timeout: timedelta,
    drive: bool,
    allow_prune: bool,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Perform the plan and wait until it has settled. The second time it changes nothing."""
    from ruleengine.app.applying import ApplyOptions, apply
    from ruleengine.cli.watching import observed

    options = ApplyOptions(wait=wait, timeout=timeout, drive=drive, floor=not allow_prune)
    with observed() as observers:
        delivery = apply(directory, cluster, options, observers)
    return report(delivery, output)


def report(delivery: "Delivery", output: str) -> int:
    """Print what an apply came to, and return the exit code."""
    from ruleengine.cli.delivering import delivery_data, delivery_text
    from ruleengine.cli.printing import show, show_findings

    if delivery.plan is None:
        show_findings(output, delivery.findings)
        return ExitCode.FAILED
    show_findings(output, delivery.findings, beside=True)
    show(output, lambda style: delivery_text(delivery, style), lambda: delivery_data(delivery))
    if delivery.error is not None:
        raise delivery.error  # printed last, with its exit code
    if delivery.cancelled:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if delivery.failed else ExitCode.DONE
