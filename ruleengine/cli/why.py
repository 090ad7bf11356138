"""``ruleengine why``."""

from datetime import UTC, datetime
from pathlib import Path

import click

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.explaining import Link, explain
from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.printing import show
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object
from ruleengine.reporting.style import printable


@click.command(epilog="Example: ruleengine why deployment/web -n staging")
@click.argument("name", metavar="KIND/NAME")
@click.option("-n", "--namespace", default="", help="The namespace, where names repeat.")
@output("text", "json", "yaml")
@cluster
@directory
def command(
    *, name: str, namespace: str, output: str, cluster: ClusterChoice, directory: Path
) -> None:
    """Explain where an object comes from: owner, action, rule, document, commit."""
    if "/" not in name:
        raise click.UsageError("name an object as KIND/NAME, such as deployment/web")
    links = explain(directory, cluster, name, namespace, datetime.now(UTC))
    show(output, lambda _: _text(links), lambda: _data(links))


def _text(links: tuple[Link, ...]) -> str:
    lines = []
    for number, link in enumerate(links):
        place = f"  {link.place}" if link.place and link.place not in link.name else ""
        lines.append(f"{'← ' if number else ''}{link.what}: {printable(link.name + place)}\n")
    return "".join(lines)


def _data(links: tuple[Link, ...]) -> Object:
    rows = [{"what": one.what, "name": one.name, "place": one.place} for one in links]
    return {"apiVersion": API_VERSION, "kind": "Explanation", "links": rows}
