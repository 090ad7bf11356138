"""``ruleengine get``."""

from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.inspecting import list_objects
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.printing import columns, show
from ruleengine.environments.health import health_of
from ruleengine.model.errors import FailedError
from ruleengine.model.names import API_VERSION, ORIGIN
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
    found = [
        shown_object(one)
        for one in list_objects(directory, cluster, kind, namespace)
        if not name or lookup(one, "metadata", "name") == name
    ]
    if name and not found:
        raise FailedError(f"there is no {kind} {name!r}", "see them all: ruleengine get " + kind)
    show(output, lambda _: _text(found), lambda: _data(found))


def _text(found: list[Object]) -> str:
    rows = [("NAMESPACE", "NAME", "HEALTH", "FROM")]
    for one in found:
        metadata = one["metadata"]
        health = health_of(one)
        origin = lookup(metadata, "annotations", ORIGIN, default="")
        # An application has no health as part of another, but it tells that of its own objects.
        own = str(lookup(one, "status", "health", "status", default=""))
        word = str(health.status) if health else own
        rows.append((metadata.get("namespace", ""), metadata["name"], word, origin))
    return columns(rows) if found else "none\n"


def _data(found: list[Object]) -> Object:
    return {"apiVersion": API_VERSION, "kind": "Objects", "items": found}
