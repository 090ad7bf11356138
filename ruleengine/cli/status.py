"""``ruleengine status``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.inspecting import Standing, Status, status
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.printing import columns, short_revision, show, show_findings
from ruleengine.model.errors import ExitCode
from ruleengine.model.findings import has_errors
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object
from ruleengine.reporting.as_json import finding_data, origin_data, target_data
from ruleengine.reporting.style import printable

_EPILOG = """\b
Examples:
  ruleengine status                       on the local control plane
  ruleengine status --context production  on a cluster of the kubeconfig

\b
Exit codes: 0 nothing is wrong, 1 something failed or is degraded, or a file has errors.
"""


@click.command(epilog=_EPILOG)
@output("text", "json", "yaml")
@cluster
@directory
def command(*, output: str, cluster: ClusterChoice, directory: Path) -> int:
    """Show how everything that the repo declares stands on its cluster."""
    found = status(directory, cluster)
    show_findings(output, found.findings, beside=True)
    show(output, lambda _: _text(found), lambda: _data(found))
    failed = has_errors(found.findings) or any(one.failed for one in found.standings)
    return ExitCode.FAILED if failed else ExitCode.DONE


def _text(found: Status) -> str:
    rows: list[tuple[str, ...]] = [("OBJECT", "STATE", "SYNC", "HEALTH", "REVISION", "FROM")]
    rows += [_row(one) for one in found.standings]
    messages = "".join(
        f"{one.target}: {printable(one.message)}\n" for one in found.standings if one.message
    )
    recorded, handed_over = (
        sum(one.state == state for one in found.standings) for state in ("recorded", "handed over")
    )
    notes = []
    if recorded:
        notes.append(f"{recorded} recorded: no reconciler of ruleengine acts on them yet\n")
    if handed_over:
        notes.append(f"{handed_over} handed over: Argo's controllers act on them, not ruleengine\n")
    where = f"{found.pods} on {found.cluster}" if found.pods else f"on {found.cluster}"
    return f"{columns(rows)}{messages}{''.join(notes)}{where}\n"


def _row(one: Standing) -> tuple[str, ...]:
    place = f"{one.origin.path}:{one.origin.line}"
    return (str(one.target), one.state, one.sync, one.health, short_revision(one.revision), place)


def _data(found: Status) -> Object:
    rows = [
        {
            "target": target_data(one.target),
            "state": one.state,
            "sync": one.sync,
            "health": one.health,
            "revision": one.revision,
            "message": one.message,
            "origin": origin_data(one.origin),
        }
        for one in found.standings
    ]
    body: Object = {
        "cluster": found.cluster,
        "objects": rows,
        "findings": [finding_data(one) for one in found.findings],
    }
    if found.pods is not None:
        body["pods"] = found.pods.data()
    return {"apiVersion": API_VERSION, "kind": "Status", **body}
