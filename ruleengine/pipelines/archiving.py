"""Workflows that are over go to the archive before they may be deleted (reference, Workflows 23).

Which ones, the configuration says. The label that Argo's controller uses says how far one is.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.selectors import LabelSelector
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Request, World
from ruleengine.model.names import PIPELINES_MANAGER, RETRIES
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.labels import ARCHIVING_LABEL
from ruleengine.pipelines.timing import end_of

_AGAIN: Final = timedelta(hours=1)
"""How long after it failed for good in one run archiving is tried anew by whoever still drives."""

ARCHIVE: Final = "archive"
"""The kind of request that has a workflow stored."""

_PENDING: Final = "Pending"
_ARCHIVED: Final = "Archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePolicy:
    """Which workflows are archived: those whose labels match."""

    selector: LabelSelector = field(default_factory=LabelSelector)

    def wants(self, workflow: Object) -> bool:
        """Tell whether a workflow that is over has still to be archived."""
        labels = lookup(workflow, "metadata", "labels", default={})
        return labels.get(ARCHIVING_LABEL) != _ARCHIVED and self.selector.matches(labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """What is done about the archive of one workflow, and why it is not over; empty if it is.

    ``again`` is when it is tried anew.
    """

    actions: tuple[Action, ...] = ()
    requests: tuple[Request, ...] = ()
    waits: str = ""
    again: datetime | None = None


def archiving(
    workflow: Object, world: World, now: datetime, policy: ArchivePolicy | None
) -> Archiving:
    """Return what is done so that a workflow that is over gets into the archive.

    Raises ``NodeError`` where it ended at no time.
    """
    if policy is None or not policy.wants(workflow):
        return Archiving()
    created = lookup(workflow, "metadata", "creationTimestamp")
    finished = end_of(workflow) or (parse_time(created) if created else now)
    attempt = max((now - finished) // _AGAIN, 0)
    request = archive_request(workflow, attempt)
    answer = world.answer(request)
    if answer is None:
        return Archiving(
            actions=_labelled(workflow, _PENDING),
            requests=(request,),
            waits="waiting to be archived",
        )
    if answer.error:
        return Archiving(
            actions=_labelled(workflow, _PENDING),
            waits=_problem(answer),
            again=finished + (attempt + 1) * _AGAIN,
        )
    return Archiving(actions=_labelled(workflow, _ARCHIVED), waits="being marked as archived")


def archive_request(workflow: Object, attempt: int = 0) -> Request:
    """Return the request to store a workflow as it ended; a retried one ends anew.

    Storing it twice is as good as once, so whatever failed may be tried by another ``attempt``.
    """
    metadata = workflow["metadata"]
    payload: Object = {
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": uid_of(workflow),
        "retries": str(lookup(metadata, "annotations", RETRIES, default="0")),
        "finishedAt": lookup(workflow, "status", "finishedAt"),
        "attempt": attempt,
    }
    return Request(kind=ARCHIVE, payload=payload, effect=True)


def _problem(answer: Answer) -> str:
    return f"it cannot be archived: {answer.error}; {answer.remedy}"


def _labelled(workflow: Object, state: str) -> tuple[Action, ...]:
    if lookup(workflow, "metadata", "labels", ARCHIVING_LABEL) == state:
        return ()
    return (
        Action(
            verb=Verb.PATCH,
            target=Target.of(workflow),
            manager=PIPELINES_MANAGER,
            object={"metadata": {"labels": {ARCHIVING_LABEL: state}}},
            reason=f"archive: {state}",
        ),
    )
