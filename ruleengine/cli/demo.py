"""``ruleengine demo``."""

from pathlib import Path

import click

from ruleengine.cli.options import output
from ruleengine.cli.printing import program
from ruleengine.model.data import data_folder

_EPILOG = """\b
Examples:
  ruleengine demo                     run it twice: the second time everything is unchanged
  ruleengine demo --expect-unchanged  fail where it is not
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".ruleengine/demo"),
    show_default=True,
    help="Where the demo's control plane keeps its state.",
)
@click.option("--expect-unchanged", is_flag=True, help="Fail if anything is written.")
@output("text", "json", "yaml")
def command(*, state: Path, expect_unchanged: bool, output: str) -> int:
    """Apply the sample repo to the local control plane and show what happened."""
    from ruleengine.app.demo import run_demo
    from ruleengine.cli.apply import report
    from ruleengine.cli.watching import observed

    if output == "text":
        click.echo(f"applying {data_folder('sample-repo')} to the local control plane\n")
    with observed() as observers:
        delivery = run_demo(state, observers, expect_unchanged=expect_unchanged)
    code = report(delivery, output)
    if output == "text":
        click.echo(
            f"\nlook around: export KUBECONFIG=$({program()} local kubeconfig --state {state})\n"
            "             kubectl get applications,deployments,pods -A"
        )
    return code
