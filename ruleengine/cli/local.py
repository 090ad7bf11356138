"""``ruleengine local``: the local control plane, kept running."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ruleengine.app.workspace import config_repo
from ruleengine.cli.options import directory, output
from ruleengine.cli.printing import show
from ruleengine.model.errors import ExitCode, UsageError
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.local_plane import LocalPlane, MovedState


def _state(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where its state lies (default: .ruleengine in the repo).",
    )(directory(output("text", "json", "yaml")(command)))


def _folder(directory: Path, state: Path | None) -> Path:
    return state or config_repo(directory).state_folder


@click.group(
    epilog="Example: ruleengine local start && kubectl --kubeconfig "
    '"$(ruleengine local kubeconfig)" get ns'
)
def command() -> None:
    """Keep the local control plane running, for kubectl and other clients."""


@command.command(epilog="Example: ruleengine local start")
@_state
def start(*, directory: Path, state: Path | None, output: str) -> None:
    """Start it, if it is not running, and keep it until `local stop`."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    known = local_plane.status(folder)
    running = local_plane.start(folder)
    text = f"{_running(running)}export KUBECONFIG={running.kubeconfig}\n"
    changed = known is None or known.pid != running.pid
    _show(output, text, folder, running, changed=changed)


@command.command(epilog="Example: ruleengine local stop")
@_state
def stop(*, directory: Path, state: Path | None, output: str) -> None:
    """Stop it. Its state stays."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    stopped = local_plane.stop(folder)
    _show(output, "stopped\n" if stopped else "it was not running\n", folder, changed=stopped)


@command.command(epilog="Example: ruleengine local status -o json")
@_state
def status(*, directory: Path, state: Path | None, output: str) -> int:
    """Say whether it runs. Exits with 1 where it does not."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    running = local_plane.status(folder)
    _show(output, _running(running) if running else "not running\n", folder, running)
    return ExitCode.DONE if running else ExitCode.FAILED


@command.command(epilog="Example: ruleengine local reset --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_state
def reset(*, yes: bool, directory: Path, state: Path | None, output: str) -> None:
    """Stop it and remove its state: every object is gone."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    if not yes:
        _confirm(f"remove every object in {folder}?")
    local_plane.reset(folder)
    _show(output, "removed\n", folder, changed=True)


def _confirm(question: str) -> None:
    """Ask, and end the command unless somebody agrees. Raises ``UsageError`` if nobody can."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            raise
        click.echo(err=True)
        raise UsageError("nobody is there to be asked", "say --yes if it is meant so") from None


@command.command("export", epilog="Example: ruleengine local export before-the-release.tar.gz")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_state
def export_(*, file: Path, directory: Path, state: Path | None, output: str) -> None:
    """Write its state into FILE, also while it runs.

    The file holds Secrets: it is readable by you alone.
    """
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    _show_moved(output, "exported", folder, local_plane.export_state(folder, file))


@command.command("import", epilog="Example: ruleengine local import before-the-release.tar.gz")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Stop what runs there and give up what it holds.")
@_state
def import_(*, file: Path, replace: bool, directory: Path, state: Path | None, output: str) -> None:
    """Take over the state in FILE, into a folder that holds none."""
    from ruleengine.app import local_plane

    folder = _folder(directory, state)
    found = local_plane.import_state(folder, file, replace=replace)
    _show_moved(output, "imported", folder, found)


@command.command(
    epilog='Example: kubectl --kubeconfig "$(ruleengine local kubeconfig)" get pods -A'
)
@click.option("--user", default="", help="Speak for this user, by a certificate.")
@click.option("--group", "groups", multiple=True, help="A group of that user; may be repeated.")
@_state
def kubeconfig(
    *, user: str, groups: tuple[str, ...], directory: Path, state: Path | None, output: str
) -> None:
    """Print the path of its kubeconfig. Starts it where it does not run.

    It is the administrator's, or with --user one that roles and bindings have to let in.
    """
    from ruleengine.app import local_plane

    if groups and not user:
        raise UsageError("groups are those of a user", "add --user NAME")
    folder = _folder(directory, state)
    running = local_plane.start_for(folder, user, groups) if user else local_plane.start(folder)
    _show(output, f"{running.kubeconfig}\n", folder, running)


@command.command("open", epilog="Example: ruleengine local open web -n staging --browser")
@click.argument("service")
@click.option("-n", "--namespace", default="default", show_default=True, help="Its namespace.")
@click.option(
    "--service-port", default="", help="Its port, by name or number (default: the first)."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port of this machine (default: the Service's, where it is free).",
)
@click.option("--browser", is_flag=True, help="Show it in a browser.")
@_state
def open_service(  # noqa: PLR0913 - the options of the command line
    *,
    service: str,
    namespace: str,
    service_port: str,
    port: int,
    browser: bool,
    directory: Path,
    state: Path | None,
    output: str,
) -> None:
    """Open a Service under a port of this machine, until Ctrl-C.

    The pods behind it have to run: those that are simulated listen to nobody.
    """
    from ruleengine.app import opening

    folder = _folder(directory, state)
    with opening.opened(folder, namespace, service, service_port=service_port, port=port) as found:
        url = f"http://127.0.0.1:{found.port}"
        data: Object = {
            "apiVersion": API_VERSION,
            "kind": "OpenedService",
            "namespace": namespace,
            "service": service,
            "url": url,
            "address": found.address,
        }
        show(output, lambda _: f"{url} leads to {service} at {found.address}\n", lambda: data)
        if browser:
            click.launch(url)
        found.serve(threading.Event())


def _show_moved(output: str, done: str, folder: Path, moved: "MovedState") -> None:
    data: Object = {
        "apiVersion": API_VERSION,
        "kind": "MovedState",
        "state": str(folder),
        "file": str(moved.file),
        "objects": moved.objects,
        "revision": moved.revision,
    }
    text = f"{done} {moved.objects} objects at revision {moved.revision}: {moved.file}\n"
    show(output, lambda _: text, lambda: data)


def _running(running: "LocalPlane") -> str:
    return f"running at {running.url} (process {running.pid})\n"


def _show(
    output: str,
    text: str,
    folder: Path,
    running: "LocalPlane | None" = None,
    *,
    changed: bool = False,
) -> None:
    """Print what became of the control plane; ``changed`` says whether this command did it."""
    data: Object = {
        "apiVersion": API_VERSION,
        "kind": "ControlPlane",
        "state": str(folder),
        "running": running is not None,
        "changed": changed,
    }
    if running is not None:
        data["url"] = running.url
        data["process"] = running.pid
        data["kubeconfig"] = str(running.kubeconfig)
    show(output, lambda _: text, lambda: data)
