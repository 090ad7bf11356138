"""``ruleengine init``."""

from pathlib import Path

import click

from ruleengine.app.scaffold import scaffold


@click.command(epilog="Example: ruleengine init my-config && cd my-config && ruleengine plan")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Make a config repo in DIR: one small working file per folder, and a commit hook."""
    for path in scaffold(folder):
        click.echo(f"wrote {folder / path}")
    click.echo(f"\nnext: cd {folder} && ruleengine validate && ruleengine plan")
