"""``ruleengine init``."""

from pathlib import Path

import click

from ruleengine.app.scaffold import scaffold
from ruleengine.cli.options import output
from ruleengine.cli.printing import show
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object


@click.command(epilog="Example: ruleengine init my-config && cd my-config && ruleengine plan")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@output("text", "json", "yaml")
def command(*, folder: Path, output: str) -> None:
    """Make a config repo in DIR: one small working file per folder, and a commit hook."""
    written = scaffold(folder)
    show(output, lambda _: _text(folder, written), lambda: _data(folder, written))


def _text(folder: Path, written: tuple[Path, ...]) -> str:
    lines = [f"wrote {folder / path}\n" for path in written]
    return "".join((*lines, f"\nnext: cd {folder} && ruleengine validate && ruleengine plan\n"))


def _data(folder: Path, written: tuple[Path, ...]) -> Object:
    files = [path.as_posix() for path in written]
    return {"apiVersion": API_VERSION, "kind": "Scaffold", "folder": str(folder), "files": files}
