"""Workflows as they are: filtered and ordered lists, and names for the shell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ruleengine.app.checkouts import open_checkout
from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.evaluating import evaluate_folder
from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.places import FOLDER, Place, opened
from ruleengine.app.pipelines.sources import called
from ruleengine.app.remembered_settings import settings
from ruleengine.app.workspace import config_repo
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import COMPLETED, NodeType
from ruleengine.pipelines.verbs.artifacts import artifacts_of
from ruleengine.pipelines.verbs.submitting import RUNNABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which workflows are listed: in some phases, younger or older, by prefix and labels."""

    phases: tuple[str, ...] = ()
    running: bool = False
    completed: bool = False
    since: timedelta | None = None
    older: timedelta | None = None
    prefix: str = ""
    labels: str = ""
    everywhere: bool = False

    def takes(self, workflow: Object, now: datetime) -> bool:
        """Tell whether a workflow is listed."""
        phase = str(lookup(workflow, "status", "phase", default="Pending"))
        age = now - parse_time(workflow["metadata"]["creationTimestamp"])
        return (
            (not self.phases or phase in self.phases)
            and not (self.running and phase in COMPLETED)
            and not (self.completed and phase not in COMPLETED)
            and (self.since is None or age <= self.since)
            and (self.older is None or self._is_older(workflow, now))
            and str(workflow["metadata"]["name"]).startswith(self.prefix)
        )

    def _is_older(self, workflow: Object, now: datetime) -> bool:
        """Tell whether a workflow ended long enough ago."""
        ended = lookup(workflow, "status", "finishedAt")
        return self.older is not None and bool(ended) and now - parse_time(ended) > self.older


def workflows(place: Place, chosen: Filter, now: datetime) -> Sequence[Object]:
    """Return workflows: those on their way first, then the newest."""
    namespace = "" if chosen.everywhere else place.namespace
    found = finding.objects(place, "Workflow", namespace, chosen.labels)
    taken = [one for one in found if chosen.takes(one, now)]
    taken.sort(key=_age, reverse=True)
    return sorted(taken, key=lambda one: lookup(one, "status", "phase") in COMPLETED)


def _age(workflow: Object) -> tuple[str, str]:
    metadata = workflow["metadata"]
    started = lookup(workflow, "status", "startedAt") or metadata["creationTimestamp"]
    return str(started), str(metadata["name"])


def declared_names(directory: Path) -> list[str]:
    """Return the names of what a repo declares and can be run."""
    declared = evaluate_folder(open_checkout(config_repo(directory)), FOLDER)
    runnable = (one for one, _ in declared.objects if one.get("kind") in RUNNABLE)
    return sorted(filter(None, map(called, runnable)))


def names_at(
    directory: Path,
    choice: ClusterChoice,
    namespace: str,
    names: Callable[[Place], Iterable[str]],
) -> list[str]:
    """Return names of what is at a place; none where the local control plane does not run."""
    from ruleengine.app import local_plane
    from ruleengine.app.clusters import state_folder

    workspace = config_repo(directory)
    configuration = settings(workspace)
    named = choice.context or choice.kubeconfig or configuration.context or configuration.kubeconfig
    if not named and local_plane.status(state_folder(choice, workspace)) is None:
        return []
    with opened(directory, choice, namespace) as place:
        return sorted(set(names(place)))


def live_names(place: Place, kind: str) -> Iterable[str]:
    """Return the names of live objects of a kind."""
    return finding.names_of(finding.objects(place, kind, place.namespace))


def archived_names(place: Place) -> Iterable[str]:
    """Return the names of archived workflows."""
    from ruleengine.app.pipelines.archive import entries
    from ruleengine.services.archives.archive import Query

    return (one.name for one in entries(place, Query(namespace=place.namespace)))


def step_names(place: Place, workflow: str) -> Iterable[str]:
    """Return the names of the steps of a workflow that have logs."""
    nodes: Object = lookup(finding.workflow(place, workflow), "status", "nodes", default={})
    return (str(one["displayName"]) for one in nodes.values() if one["type"] == NodeType.POD)


def artifact_names(place: Place, workflow: str) -> Iterable[str]:
    """Return how the artifacts of a workflow that are still there are called."""
    for one in artifacts_of(finding.workflow(place, workflow)):
        if not one.is_deleted:
            yield from (one.name, f"{one.step}/{one.name}")
