"""``ruleengine demo``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import output
from ruleengine.cli.printing import program
from ruleengine.model.errors import ExitCode

if TYPE_CHECKING:
    from ruleengine.app.applying import Delivery


@click.command(epilog="Example: ruleengine demo; the second time everything is unchanged.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".ruleengine/demo"),
    show_default=True,
    help="Where the demo keeps its config repo and the state of its control plane.",
)
@click.option("--expect-unchanged", is_flag=True, help="Fail if anything is written.")
@output("text", "json", "yaml")
def command(*, state: Path, expect_unchanged: bool, output: str) -> int:
    """Apply the sample shop to the local control plane, push to it, and show what happens."""
    from ruleengine.app.demo import run_demo
    from ruleengine.cli.apply import report
    from ruleengine.cli.watching import observed

    deliveries: list[Delivery] = []
    with observed() as observers:
        for stage in run_demo(state, observers, expect_unchanged=expect_unchanged):
            deliveries.append(stage.delivery)
            if output == "text":
                click.echo(f"\n=== {stage.title}\n")
                if stage.delivery.outcomes:
                    report(stage.delivery, output)
                for line in stage.story:
                    click.echo(line)
    if output != "text":
        return report(_together(deliveries), output)
    click.echo(
        f"\nlook around: export KUBECONFIG=$({program()} local kubeconfig --state {state})\n"
        "             kubectl get applications,workflows,rollouts,pods -A"
    )
    if any(one.cancelled for one in deliveries) or observers.cancel.is_set():
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if any(one.failed for one in deliveries) else ExitCode.DONE


def _together(deliveries: "list[Delivery]") -> "Delivery":
    """Return what all stages came to as one: the outcomes of all, the state of the last."""
    from dataclasses import replace

    outcomes = tuple(one for delivery in deliveries for one in delivery.outcomes)
    writes = sum(one.writes for one in deliveries)
    return replace(deliveries[-1], outcomes=outcomes, writes=writes)
