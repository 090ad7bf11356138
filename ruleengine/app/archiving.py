"""The archive of a config repo: opened when it is first needed, written as workflows ask for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.app.clusters import Connected, database_path
from ruleengine.app.packing import make_packing
from ruleengine.formats.json_text import dumps
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError, UnreachableError
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import parse_time
from ruleengine.model.values import uid_of

if TYPE_CHECKING:
    from ruleengine.services.archives.archive import Archive

_FRESH: Final = 5.0
"""Seconds for which what the archive told of a template is told to those that begin with it."""

_LEFT_ALONE: Final = 60.0
"""Seconds for which an archive that failed is not asked again how long a run took."""

_FAILURE: Final = ""
"""In place of a template: what is told to those that begin with any."""


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

    Each also forgets what is older than the settings want it kept. Whatever hinders it, a full
    disk, a damaged file or a missing package, may be mended, and nobody would ask again after an
    answer: it is like a database that says nothing, and tried again.
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
        try:
            with opened_archive(configuration, cluster, state) as archive:
                archive.store(packing.unpack(workflow))
                if settings is not None and settings.ttl is not None:
                    archive.expire(datetime.now(UTC) - settings.ttl)
        except RuleEngineError as error:
            raise UnreachableError(error.message, error.remedy) from error
        return Answer(value={"archived": True})

    return perform


def make_last_runs(
    configuration: Configuration,
    cluster: Connected,
    state: Path,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Request], Answer]:
    """Return who tells how long the last good run took that the archive has.

    Many may begin at once, and none of them should wait for an archive that does not answer.
    """
    told: dict[str, tuple[float, Answer]] = {}

    def perform(request: Request) -> Answer:
        of = dumps([request.payload["namespace"], request.payload["labels"]])
        for one in (_FAILURE, of):
            if one in told and clock() < told[one][0]:
                return told[one][1]
        try:
            with opened_archive(configuration, cluster, state) as archive:
                answer = _last_run(archive, request)
        except RuleEngineError as error:
            of, answer = _FAILURE, Answer(error=error.message, remedy=error.remedy)
        told[of] = clock() + (_LEFT_ALONE if of == _FAILURE else _FRESH), answer
        return answer

    return perform


def _last_run(archive: "Archive", request: Request) -> Answer:
    for label, value in request.payload["labels"]:
        found = archive.latest(str(request.payload["namespace"]), str(label), str(value))
        if found is not None and found.started and found.finished:
            took = parse_time(found.finished) - parse_time(found.started)
            return Answer(value={"seconds": took // timedelta(seconds=1)})
    return Answer(value={})
