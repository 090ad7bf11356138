"""``ruleengine local``: the local control plane, kept running."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ruleengine.app.workspace import config_repo
from ruleengine.cli.options import directory
from ruleengine.model.errors import ExitCode


def _state(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where its state lies (default: .ruleengine in the repo).",
    )(directory(command))


def _folder(directory: Path, state: Path | None) -> Path:
    return state or config_repo(directory).state_folder


@click.group(
    epilog="Example: ruleengine local start && kubectl --kubeconfig "
    '"$(ruleengine local kubeconfig)" get ns'
)
def command() -> None:
    """Keep the local control plane running, for kubectl and other clients."""


@command.command()
@_state
def start(*, directory: Path, state: Path | None) -> None:
    """Start it, if it is not running, and keep it until `local stop`."""
    from ruleengine.app import local_plane

    running = local_plane.start(_folder(directory, state))
    click.echo(f"running at {running.url} (process {running.pid})")
    click.echo(f"export KUBECONFIG={running.kubeconfig}")


@command.command()
@_state
def stop(*, directory: Path, state: Path | None) -> None:
    """Stop it. Its state stays."""
    from ruleengine.app import local_plane

    stopped = local_plane.stop(_folder(directory, state))
    click.echo("stopped" if stopped else "it was not running")


@command.command()
@_state
def status(*, directory: Path, state: Path | None) -> int:
    """Say whether it runs. Exits with 1 where it does not."""
    from ruleengine.app import local_plane

    running = local_plane.status(_folder(directory, state))
    if running is None:
        click.echo("not running")
        return ExitCode.FAILED
    click.echo(f"running at {running.url} (process {running.pid})")
    return ExitCode.DONE


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_state
def reset(*, yes: bool, directory: Path, state: Path | None) -> None:
    """Stop it and remove its state: every object is gone."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    if not yes:
        click.confirm(f"remove every object in {folder}?", abort=True)
    local_plane.reset(folder)
    click.echo("removed")


@command.command()
@_state
def kubeconfig(*, directory: Path, state: Path | None) -> None:
    """Print the path of its kubeconfig. Starts it where it does not run."""
    from ruleengine.app import local_plane

    running = local_plane.start(_folder(directory, state))
    click.echo(running.kubeconfig)
