"""``ruleengine schema``."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import click

from ruleengine.cli.options import output
from ruleengine.cli.printing import show
from ruleengine.model.errors import UsageError, cannot_write
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object, Value

_EPILOG = """\b
Examples:
  ruleengine schema Application          the schema of a kind, as JSON
  ruleengine schema environments         the schema of a folder's short form
  ruleengine schema --list               every name
  ruleengine schema --all .schemas       one file each, for editors

\b
In an editor with yaml-language-server, the first line of a file names its schema:
  # yaml-language-server: $schema=.schemas/Application.json
"""


@click.command(epilog=_EPILOG)
@click.argument("kind", required=False, metavar="KIND")
@click.option("--list", "names", is_flag=True, help="List what there is a schema for.")
@click.option(
    "--all",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write every schema into DIR, each complete in itself.",
)
@output("text", "json", "yaml")
def command(*, kind: str | None, names: bool, folder: Path | None, output: str) -> None:
    """Print the JSON Schema of a kind, of a short form, or of one of our own files."""
    from ruleengine.validation.schema_catalog import Catalog

    catalog = Catalog()
    if folder is not None:
        try:
            written = catalog.export(folder)
        except OSError as error:
            raise cannot_write(folder, error, "name another folder") from error
        text = f"wrote {len(written)} schemas into {folder}\n"
        files = [path.name for path in written]
        show(output, lambda _: text, lambda: _data(folder=str(folder), files=files))
    elif names:
        known = list(catalog.names())
        show(output, lambda _: "".join(f"{one}\n" for one in known), lambda: _data(names=known))
    elif kind is None:
        raise click.UsageError("name a KIND, or use --list or --all DIR")
    else:
        schema = catalog.named(kind)
        if schema is None:
            raise UsageError(f"there is no schema named {kind!r}", _hint(kind, catalog.names()))
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        show(output, lambda _: f"{text}\n", lambda: schema)


def _data(**what: Value) -> Object:
    return {"apiVersion": API_VERSION, "kind": "Schemas", **what}


def _hint(name: str, known: Iterable[str]) -> str:
    """Return what may be meant by a name; the part that says the kind is compared alone."""
    by_kind: dict[str, str] = {}
    for one in known:
        by_kind.setdefault(one.rpartition("/")[2].lower(), one.rpartition("/")[2])
    near = get_close_matches(name.rpartition("/")[2].lower(), by_kind, 1)
    return (
        f"did you mean {by_kind[near[0]]!r}?" if near else "see them all: ruleengine schema --list"
    )
