"""The pods of a Job: what each means for it, and the ones that it makes.

A pod carries the finalizer ``batch.kubernetes.io/job-tracking`` until it is counted. It is
counted in three steps, each of them one write: its uid is noted in the status, its finalizer
goes, its uid becomes one more in a counter. So a pod is counted exactly once, whenever the
process ends in between and whoever deletes it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.local.controllers.job_failures import treatment_of
from ruleengine.local.controllers.job_indexes import parse_indexes
from ruleengine.local.controllers.pods import OVER, delay_after, is_active, pod_from
from ruleengine.local.controllers.work import Replace, is_deleting
from ruleengine.local.runtime.needs import PROCESS
from ruleengine.model.names import ARGO_ANALYSIS_RUN, RUN
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

FINALIZER: Final = "batch.kubernetes.io/job-tracking"
INDEX: Final = "batch.kubernetes.io/job-completion-index"
_FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPods:
    """The pods of a Job by what they mean for it; ``ended`` ones are not counted yet."""

    every: list[Object]
    active: list[Object]
    terminating: list[Object]
    succeeded: list[Object]
    failed: list[Object]
    ignored: list[Object]

    @property
    def ended(self) -> list[Object]:
        """The pods that have ended and still carry the finalizer."""
        return [*self.succeeded, *self.failed, *self.ignored]


def is_tracked(pod: Object) -> bool:
    """Tell whether a pod waits for its Job to count it."""
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def untracked(pod: Object) -> Replace:
    """Return the write that takes the finalizer from a pod."""
    left = [one for one in pod["metadata"]["finalizers"] if one != FINALIZER]
    return Replace(pod, {**pod, "metadata": {**pod["metadata"], "finalizers": left}})


def is_indexed(job: Object) -> bool:
    """Tell whether the pods of a Job have indexes."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def waits_for_the_end(job: Object) -> bool:
    """Tell whether a pod is replaced only once it has ended, not as soon as it is told to."""
    return bool(job["spec"].get("podReplacementPolicy") == "Failed")


def sort_pods(job: Object, pods: list[Object]) -> JobPods:
    """Sort the pods of a Job."""
    tracked = [one for one in pods if is_tracked(one)]
    failed = [one for one in tracked if has_failed(job, one)]
    ignored = [one for one in failed if treatment_of(job, one).action == "Ignore"]
    return JobPods(
        every=pods,
        active=[one for one in pods if is_active(one)],
        terminating=[
            one for one in pods if is_deleting(one) and lookup(one, "status", "phase") not in OVER
        ],
        succeeded=[one for one in tracked if lookup(one, "status", "phase") == "Succeeded"],
        failed=[one for one in failed if one not in ignored],
        ignored=ignored,
    )


def has_failed(job: Object, pod: Object) -> bool:
    """Tell whether a pod counts as failed; one that is deleted before its end does."""
    phase = lookup(pod, "status", "phase")
    if phase in OVER:
        return bool(phase == "Failed")
    ended = not pod["metadata"].get("deletionGracePeriodSeconds")
    return is_deleting(pod) and (ended or not waits_for_the_end(job))


def index_of(pod: Object) -> int | None:
    """Return the completion index of a pod."""
    text = str(lookup(pod, "metadata", "annotations", INDEX, default=""))
    return int(text) if text.isdecimal() else None


def completed_indexes(job: Object, pods: JobPods) -> frozenset[int]:
    """Return the indexes that have succeeded, by the status and by the pods."""
    most = int(job["spec"].get("completions") or 0)
    known = parse_indexes(lookup(job, "status", "completedIndexes", default=""), most)
    found = {index_of(one) for one in pods.succeeded}
    return known | {one for one in found if one is not None and one < most}


def failed_indexes(job: Object, pods: JobPods) -> frozenset[int]:
    """Return the indexes that have failed for good; only where each has a limit of its own."""
    limit = job["spec"].get("backoffLimitPerIndex")
    if limit is None:
        return frozenset()
    most = int(job["spec"].get("completions") or 0)
    known = parse_indexes(lookup(job, "status", "failedIndexes", default=""), most)
    failing = {
        index
        for pod in pods.every
        if has_failed(job, pod) and (index := index_of(pod)) is not None and index < most
    }
    over = {one for one in failing if index_failures(job, pods, one) > int(limit)}
    told = {
        index
        for pod in pods.failed
        if treatment_of(job, pod).action == "FailIndex" and (index := index_of(pod)) is not None
    }
    return (known | over | told) - completed_indexes(job, pods)


def index_failures(job: Object, pods: JobPods, index: int) -> int:
    """Return how often an index has failed; a new pod remembers what came before it."""
    counts = [0]
    for pod in pods.every:
        if index_of(pod) == index and has_failed(job, pod):
            before = str(lookup(pod, "metadata", "annotations", _FAILURES, default="0"))
            counts_too = treatment_of(job, pod).action != "Ignore"
            counts.append((int(before) if before.isdecimal() else 0) + counts_too)
    return max(counts)


def not_before(job: Object, pods: list[Object]) -> datetime | None:
    """Return when the next pod may be made: ever later, the more have failed in a row.

    ``pods`` are all of the Job, or all of one index. The first failure costs ten seconds, each
    further one twice the time, up to six minutes.
    """
    ends = sorted(
        (_ended_at(one), has_failed(job, one))
        for one in pods
        if has_failed(job, one) or lookup(one, "status", "phase") == "Succeeded"
    )
    failures = 0
    for _, failed in reversed(ends):
        if not failed:
            break
        failures += 1
    if not failures:
        return None
    last: datetime = ends[-1][0]
    return last + delay_after(failures)


def _ended_at(pod: Object) -> datetime:
    ends = [
        parse_time(at)
        for one in lookup(pod, "status", "containerStatuses", default=[])
        if (at := lookup(one, "state", "terminated", "finishedAt"))
    ]
    metadata = pod["metadata"]
    return max(
        ends,
        default=parse_time(metadata.get("deletionTimestamp") or metadata["creationTimestamp"]),
    )


def new_pod(job: Object, index: int | None, failures: int = 0) -> Object:
    """Return a pod of a Job; ``failures`` is how often its index has failed before."""
    template = job["spec"]["template"]
    metadata = template.get("metadata") or {}
    name = job["metadata"]["name"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if ARGO_ANALYSIS_RUN in (job["metadata"].get("labels") or {}):
        annotations = {RUN: PROCESS, **annotations}  # an analysis waits for what it says
    spec = template["spec"]
    if index is not None:
        number = str(index)
        labels, annotations = {**labels, INDEX: number}, {**annotations, INDEX: number}
        if job["spec"].get("backoffLimitPerIndex") is not None:
            annotations[_FAILURES] = str(failures)
        name = f"{name}-{index}"
        spec = _told_its_index({"hostname": name[:63].rstrip("-."), **spec})
    pod = pod_from(
        {"metadata": metadata, "spec": spec},
        job,
        generateName=f"{name}-",
        labels=labels,
        finalizers=[*(metadata.get("finalizers") or []), FINALIZER],
    )
    if annotations:
        pod["metadata"]["annotations"] = annotations
    return pod


def _told_its_index(spec: Object) -> Object:
    reference = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": reference}
    told = {}
    for kind in ("initContainers", "containers"):
        if spec.get(kind):
            told[kind] = [
                one
                if any(each.get("name") == variable["name"] for each in one.get("env") or ())
                else {**one, "env": [*(one.get("env") or []), variable]}
                for one in spec[kind]
            ]
    return {**spec, **told}
