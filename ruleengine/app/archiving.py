"""The archive of a config repo: opened when it is first needed, written as workflows ask for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ruleengine.app.clusters import Connected, database_path
from ruleengine.app.packing import make_packing
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import uid_of

if TYPE_CHECKING:
    from ruleengine.services.archives.archive import Archive


@contextmanager
def opened_archive(
    configuration: Configuration, cluster: Connected, state: Path
) -> Iterator["Archive"]:
    """Open the archive that the settings name; in the state folder where they name none.

    No two clusters share a file. Raises ``StoreError`` or ``UnreachableError`` where it cannot
    be used.
    """
    from ruleengine.services.archives.opening import open_archive

    settings = configuration.archive
    url = settings.database if settings else ""
    archive = open_archive(url, database_path(cluster, state))
    try:
        yield archive
    finally:
        archive.close()


def make_archiving(
    configuration: Configuration, cluster: Connected, state: Path
) -> Callable[[Request], Answer]:
    """Return the performer of requests to archive a workflow.

    Each also forgets what is older than the settings want it kept.
    """
    packing = make_packing(configuration, cluster, state)

    def perform(request: Request) -> Answer:
        payload = request.payload
        target = Target(
            ARGO_API_VERSION, "Workflow", str(payload["namespace"]), str(payload["name"])
        )
        workflow = cluster.client.get(target)
        if workflow is None or uid_of(workflow) != payload["uid"]:
            return Answer(value={"archived": False})  # it is gone, and nobody asks any more
        settings = configuration.archive
        with opened_archive(configuration, cluster, state) as archive:
            archive.store(packing.unpack(workflow))
            if settings is not None and settings.ttl is not None:
                archive.expire(datetime.now(UTC) - settings.ttl)
        return Answer(value={"archived": True})

    return perform
