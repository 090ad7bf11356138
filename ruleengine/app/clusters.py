"""Which cluster a command works on, and the connection to it.

Nothing is ever applied to a real cluster that was not named: without a name it is the
local control plane, which is started where none is running.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the choice alone is part of every command line: it must import quickly
    from ruleengine.app.workspace import Workspace
    from ruleengine.cluster.client import Client
    from ruleengine.model.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChoice:
    """What the command line says about the cluster; what it leaves out the settings say.

    ``state`` is the folder of the local control plane, ``kubeconfig`` the file of another.
    """

    local: bool = False
    context: str = ""
    kubeconfig: str = ""
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection to one cluster. ``name`` is what a person calls it."""

    client: "Client"
    local: bool
    name: str


def database_path(cluster: Connected, state: Path) -> Path:
    """Return the file for archived workflows and large ones: no two clusters share one."""
    from ruleengine.model.digests import short_digest

    name = "archive" if cluster.local else f"archive-{short_digest(cluster.name)}"
    return state / f"{name}.sqlite"


LOCAL_NAME = "the local control plane"


def state_folder(choice: ClusterChoice, workspace: "Workspace") -> Path:
    """Return where the local control plane of a workspace keeps its state."""
    return choice.state or workspace.state_folder


@contextmanager
def connected(
    choice: ClusterChoice, configuration: "Configuration", workspace: "Workspace"
) -> Iterator[Connected]:
    """Connect to the chosen cluster for the time of a command.

    Raises ``UsageError`` for an unknown context and ``UnreachableError`` where nobody answers.
    """
    context = choice.context or ("" if choice.local else configuration.context)
    kubeconfig = choice.kubeconfig or ("" if choice.local else configuration.kubeconfig)
    if context or kubeconfig:
        from ruleengine.cluster.client import Client
        from ruleengine.cluster.connection import connect

        name = context or f"the current context of {kubeconfig}"
        with _naming(name):
            yield Connected(client=Client(connect(kubeconfig, context)), local=False, name=name)
        return
    with _local(state_folder(choice, workspace), configuration) as client:
        yield Connected(client=client, local=True, name=LOCAL_NAME)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say which cluster it is that refuses the credentials."""
    from ruleengine.cluster.errors import UnauthorizedError
    from ruleengine.model.errors import UnreachableError

    try:
        yield
    except UnauthorizedError as error:
        raise UnreachableError(
            f"{name} refuses the credentials: {error.message}", error.remedy
        ) from error


@contextmanager
def _local(state: Path, configuration: "Configuration") -> Iterator["Client"]:
    from ruleengine.cluster.client import Client
    from ruleengine.cluster.connection import connect
    from ruleengine.local import process

    with process.ensure(state, configuration.local) as running:
        yield Client(connect(str(running.kubeconfig)))
