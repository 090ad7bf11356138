"""Where pipelines are run: the config repo, its cluster, and who acts on workflows there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ruleengine.app.checkouts import Checkout, open_checkout
from ruleengine.app.clusters import ClusterChoice, Connected, connected, state_folder
from ruleengine.app.packing import WorkflowPacking, make_packing
from ruleengine.app.remembered_settings import settings
from ruleengine.app.repo_names import repo_name, with_repo
from ruleengine.app.workspace import Workspace, config_repo
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object
from ruleengine.reconcile.shapes import Shapes
from ruleengine.reconcile.surroundings import Surroundings

if TYPE_CHECKING:
    from ruleengine.app.evaluating import Evaluated

FOLDER = "pipelines"
"""The folder of the config repo; the area of its reconcilers is called the same."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A config repo and its cluster, for the time of one command.

    ``namespace`` is the one that was ``named``, else that of pipelines. ``drives`` tells whether
    workflows are driven from here where nobody else does. ``seen`` are the live objects that a
    person named or had listed: whoever wrote them did so past all checks.
    """

    workspace: Workspace
    configuration: Configuration
    cluster: Connected
    state: Path
    namespace: str
    named: bool
    drives: bool
    seen: list[Object] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """The client of the cluster."""
        return self.cluster.client

    @cached_property
    def checkout(self) -> Checkout:
        """The working tree of the config repo."""
        return open_checkout(self.workspace)

    @cached_property
    def declared(self) -> "Evaluated":
        """What the folder of pipelines declares, as it lies there."""
        from ruleengine.app.evaluating import evaluate_folder

        return evaluate_folder(self.checkout, FOLDER)

    @property
    def repo(self) -> str:
        """The identity of the config repo in inventories and owner annotations."""
        root = self.workspace.root
        return repo_name(with_repo(self.configuration, root), root)

    @cached_property
    def surroundings(self) -> Surroundings:
        """The cluster with whoever of ours acts on workflows there."""
        from ruleengine.app.acting import workflow_performers, workflow_reconciler

        own = workflow_reconciler(self.configuration, local=self.cluster.local)
        performers = workflow_performers(self.configuration, self.cluster, self.state)
        return replace(
            self.bare, reconcilers=() if self.hands_over else (own,), performers=performers
        )

    @cached_property
    def packing(self) -> WorkflowPacking:
        """How large workflows are stored."""
        return make_packing(self.configuration, self.cluster, self.state)

    @cached_property
    def bare(self) -> Surroundings:
        """The cluster where nobody acts: what is written is only written."""
        return Surroundings(
            client=self.client,
            shapes=Shapes(self.client),
            packing=self.packing,
            control_namespace=self.configuration.control_namespace,
            shared=not self.cluster.local,
        )

    def driver(self) -> str:
        """Return who drives pipelines now, as their lease tells; empty where nobody is seen to."""
        from ruleengine.app.leasing import holder_of

        return holder_of(self.client, FOLDER, self.configuration.control_namespace)

    @property
    def hands_over(self) -> bool:
        """Whether Argo's controllers act on workflows, and nobody of ours."""
        return self.configuration.engine is Engine.HANDOVER


@contextmanager
def opened(
    directory: Path,
    choice: ClusterChoice,
    namespace: str = "",
    *,
    drive: bool = False,
    seen: list[Object] | None = None,
) -> Iterator[Place]:
    """Open a config repo and connect to its cluster; ``seen`` receives what is seen of it.

    ``drive`` lets workflows of a cluster that was named be driven from here; locally they
    always are. Raises ``UsageError`` where there is no config repo, ``UnreachableError`` for
    the cluster.
    """
    workspace = config_repo(directory)
    configuration = settings(workspace)
    with connected(choice, configuration, workspace) as cluster:
        threading.Thread(target=_greet, args=(cluster.client,), daemon=True).start()
        native = configuration.engine is Engine.NATIVE
        yield Place(
            workspace=workspace,
            configuration=configuration,
            cluster=cluster,
            state=state_folder(choice, workspace),
            namespace=namespace or configuration.namespace,
            named=bool(namespace),
            drives=native and (cluster.local or drive),
            seen=[] if seen is None else seen,
        )


def _greet(client: Client) -> None:
    """Connect and ask for the kinds while the command still imports and reads.

    Whoever needs the answer is told what went wrong.
    """
    with suppress(ApiError, UnreachableError):
        client.discover()
