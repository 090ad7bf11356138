"""``ruleengine run``."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.options import cluster, directory, output
from ruleengine.model.errors import ExitCode

if TYPE_CHECKING:
    from ruleengine.app.applying import Delivery
    from ruleengine.model.actions import Outcome
    from ruleengine.model.findings import Finding

_EPILOG = """\b
Examples:
  ruleengine run                       on the local control plane
  ruleengine run --context staging     on a cluster, reconciling from here
  ruleengine run -o json > report      the report is printed at the end

\b
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 findings or something failed before that,
4 the cluster is unreachable, 130 ended by a second Ctrl-C. Whatever ends it, the
next run goes on where it stopped.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--allow-prune",
    is_flag=True,
    help="Lift the floor: delete even if a folder was emptied or most of its objects go.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Serve /metrics for Prometheus on this port of loopback.",
)
@output("text", "json", "yaml")
@cluster
@directory
def command(
    *,
    allow_prune: bool,
    metrics_port: int | None,
    output: str,
    cluster: ClusterChoice,
    directory: Path,
) -> int:
    """Apply, then keep going: receive webhooks and reconcile, until interrupted.

    Webhooks are received on this machine's loopback address, at the ports that the event
    sources name. An event is answered once it is stored, and starts what it is to start in
    this run or in the next one. With engine handover nothing is left to do here once the
    documents are written: a run ends then.
    """
    from ruleengine.app.applying import ApplyOptions, apply
    from ruleengine.cli.watching import observed

    options = ApplyOptions(
        drive=True, receive=True, keep=True, floor=not allow_prune, metrics_port=metrics_port
    )
    told = _tell if output == "text" else None
    warned: list[Finding] = []
    with observed(told) as looking_on:
        observers = looking_on
        if output == "text":
            observers = replace(
                looking_on,
                found=partial(_warn, warned),
                driving=partial(_tell_running, metrics_port),
            )
        delivery = apply(directory, cluster, options, observers)
    left = tuple(one for one in delivery.findings if one not in warned)
    return _report(replace(delivery, findings=left), output)


def _tell_running(metrics_port: int | None) -> None:
    click.echo("running until Ctrl-C")
    if metrics_port is not None:
        click.echo(f"metrics: http://127.0.0.1:{metrics_port}/metrics")


def _warn(warned: "list[Finding]", finding: "Finding") -> None:
    from ruleengine.cli.printing import show_findings

    warned.append(finding)
    show_findings("text", [finding], beside=True)


def _tell(outcome: "Outcome") -> None:
    from ruleengine.cli.delivering import told

    line = told(outcome)
    if line:
        click.echo(line)


def _report(delivery: "Delivery", output: str) -> int:
    from ruleengine.cli.delivering import delivery_data
    from ruleengine.cli.printing import show, show_findings, told_lines
    from ruleengine.model.findings import has_errors

    if delivery.plan is None:
        show_findings(output, delivery.findings)
        return ExitCode.FAILED
    show_findings(output, delivery.findings, beside=True)
    settled = delivery.settled
    failed, word = (settled.failed, "stopped") if settled is not None else ((), "ended")
    lines = told_lines("failed", failed)
    lines += [f"note: {note}\n" for note in delivery.notes]
    show(
        output,
        lambda _: "".join([*lines, f"{word} after {delivery.writes} writes\n"]),
        lambda: delivery_data(delivery),
    )
    if delivery.error is not None:
        raise delivery.error
    return ExitCode.FAILED if failed or has_errors(delivery.findings) else ExitCode.DONE
