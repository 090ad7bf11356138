"""``ruleengine get``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.inspecting import health_word, list_objects, simulated_among
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.printing import columns, show
from ruleengine.model.errors import UsageError
from ruleengine.model.names import API_VERSION, ORIGIN
from ruleengine.model.suggestions import near
from ruleengine.model.values import Object, lookup
from ruleengine.reporting.masking import shown_object

_EPILOG = """\b
Examples:
  ruleengine get applications
  ruleengine get deploy/web -n staging -o yaml
"""


@click.command(epilog=_EPILOG)
@click.argument("kind", metavar="KIND[/NAME]")
@click.option("-n", "--namespace", default="", help="One namespace (default: all of them).")
@output("text", "json", "yaml")
@cluster
@directory
def command(
    *, kind: str, namespace: str, output: str, cluster: ClusterChoice, directory: Path
) -> None:
    """Show live objects with their health and where they come from. Secrets are masked."""
    kind, _, name = kind.partition("/")
    listed = list_objects(directory, cluster, kind, namespace)
    names = [str(lookup(one, "metadata", "name")) for one in listed]
    if name and name not in names:
        meant = near(name, names)
        hint = f"did you mean {kind}/{meant}?" if meant else f"see them all: ruleengine get {kind}"
        raise UsageError(f"there is no {kind} {name!r}", hint)
    found = [shown_object(one) for one, own in zip(listed, names, strict=True) if name in ("", own)]
    show(output, lambda _: _text(found), lambda: _data(found))


def _text(found: list[Object]) -> str:
    rows = [("NAMESPACE", "NAME", "HEALTH", "FROM")]
    for one in found:
        metadata = one["metadata"]
        origin = lookup(metadata, "annotations", ORIGIN, default="")
        rows.append((metadata.get("namespace", ""), metadata["name"], health_word(one), origin))
    pods = [one for one in found if (one["apiVersion"], one["kind"]) == ("v1", "Pod")]
    simulated = simulated_among(pods)
    told = f"{simulated}\n" if simulated.simulated else ""
    return columns(rows) + told if found else "none\n"


def _data(found: list[Object]) -> Object:
    return {"apiVersion": API_VERSION, "kind": "Objects", "items": found}
