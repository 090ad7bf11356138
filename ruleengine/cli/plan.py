"""``ruleengine plan``."""

from datetime import UTC, datetime
from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.printing import show, show_findings
from ruleengine.model.actions import Change
from ruleengine.model.errors import ExitCode

_EPILOG = """\b
Examples:
  ruleengine plan                        against the local control plane
  ruleengine plan --context production   against a cluster of the kubeconfig
  ruleengine plan --from main --to HEAD  between two revisions, without any cluster

\b
Exit codes: 0 nothing would change, 2 something would, 1 findings or refusals, 4 unreachable.
"""


@click.command(epilog=_EPILOG)
@click.option("--from", "old", default="", metavar="REV", help="Compare from this revision …")
@click.option("--to", "new", default="", metavar="REV", help="… to this one (default: the files).")
@click.option("--unchanged", is_flag=True, help="Show what stays as it is, too.")
@output("text", "json", "yaml")
@cluster
@directory
def command(
    *, old: str, new: str, unchanged: bool, output: str, cluster: ClusterChoice, directory: Path
) -> int:
    """Show what an apply would do, field by field. Writes nothing."""
    if new and not old:
        raise click.UsageError("--to needs --from")
    from ruleengine.app.comparing import compare_revisions
    from ruleengine.app.planning import plan
    from ruleengine.reporting.as_json import plan_data
    from ruleengine.reporting.diff import plan_text

    if old:
        planned = compare_revisions(directory, old, new)
    else:
        planned = plan(directory, cluster, datetime.now(UTC))
    made = planned.plan
    if made is None:
        show_findings(output, planned.findings)
        return ExitCode.FAILED
    show_findings(output, (*planned.findings, *made.findings), beside=True)
    pods = planned.pods
    show(
        output,
        lambda style: plan_text(made, style, unchanged=unchanged) + (f"{pods}\n" if pods else ""),
        lambda: plan_data(made) | ({"pods": pods.data()} if pods else {}),
    )
    if any(one.change is Change.REFUSED for one in made.actions):
        return ExitCode.FAILED
    return ExitCode.CHANGES if made.changes else ExitCode.DONE
