"""Whether an application starts a sync by itself (the reference, Argo CD section 3.7).

A revision is tried once. After that only self-healing acts, on the resources that drifted
alone, later and later; and nothing is ever pruned that looks like a mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ruleengine.environments.comparison import Comparison, SyncStatus
from ruleengine.environments.operations import OperationPhase, OperationState, read_moment
from ruleengine.environments.problems import SYNC, Problem
from ruleengine.environments.specification import Automated, Specification
from ruleengine.model.values import Object

FLOOR = 10
"""From how many live resources on pruning more than half of them is refused."""

_HEAL_BASE = 2.0
_HEAL_FACTOR = 3.0
_HEAL_CAP = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What automation decides: an operation to start, or why not and until when.

    ``at`` is when it will decide otherwise by itself; ``human`` what it needs a human for.
    """

    operation: Object | None = None
    problem: Problem | None = None
    at: datetime | None = None
    human: str = ""


def decide_automation(  # noqa: PLR0911 - one return for each reason, in the order of the reference
    comparison: Comparison,
    specification: Specification,
    revision: str,
    last: OperationState | None,
    now: datetime,
) -> Verdict:
    """Return whether an automated sync starts now. The application has no running operation."""
    if comparison.status is not SyncStatus.OUT_OF_SYNC:
        return Verdict()
    automated = specification.automated
    if automated is None:
        return Verdict(human="sync it by hand, or turn on syncPolicy.automated")
    drifted = comparison.out_of_sync
    if not automated.prune and all(one.requires_pruning for one in drifted):
        count = len(drifted)
        return Verdict(human=f"prune {count} resources by hand, or turn on automated.prune")
    refusal = refuse_prune(comparison, automated)
    if refusal:
        return Verdict(problem=refusal, human="look at what would be pruned")
    attempted = last is not None and _attempted(last, specification, revision)
    if last is None or not attempted:
        return Verdict(operation=_operation(specification, automated, revision))
    if last.phase != OperationPhase.SUCCEEDED:
        problem = Problem(
            type=SYNC,
            code="environment-sync-failed",
            message=f"the sync of revision {revision[:12].rstrip('-')} failed: {last.message}",
        )
        return Verdict(problem=problem, human="correct what made the sync fail")
    if not automated.self_heal:
        return Verdict(human="sync it by hand, or turn on automated.selfHeal")
    return _heal(comparison, specification, revision, last, now)


def refuse_prune(comparison: Comparison, automated: Automated) -> Problem | None:
    """Return why what would be pruned looks like a mistake, or ``None``."""
    if not automated.prune or automated.allow_empty:
        return None
    ordinary = [one for one in comparison.resources if one.hook is None]
    gone = comparison.to_prune
    live = [one for one in ordinary if one.live is not None]
    if len(gone) == len(ordinary):
        text = f"the source renders nothing, and all {len(gone)} live resources would be pruned"
    elif len(live) >= FLOOR and len(gone) * 2 > len(live):
        text = f"{len(gone)} of {len(live)} live resources would be pruned, more than half"
    else:
        return None
    return Problem(type=SYNC, code="environment-prune-refused", message=text)


def heal_wait(attempts: int) -> float:
    """Return how many seconds to wait after ``attempts`` self-heals before the next one.

    >>> [heal_wait(attempts) for attempts in range(7)]
    [0.0, 2.0, 6.0, 18.0, 54.0, 162.0, 300.0]
    """
    if attempts <= 0:
        return 0.0
    return min(_HEAL_CAP, _HEAL_BASE * _HEAL_FACTOR ** min(attempts - 1, 20))


def _heal(
    comparison: Comparison,
    specification: Specification,
    revision: str,
    last: OperationState,
    now: datetime,
) -> Verdict:
    """Return the operation that brings drifted resources back, or when it may start."""
    attempts = last.heal_attempts
    at = read_moment(last.finished_at) + timedelta(seconds=heal_wait(attempts))
    if now < at:
        return Verdict(at=at)
    assert specification.automated is not None  # noqa: S101 - the caller saw it
    operation = _operation(specification, specification.automated, revision)
    operation["sync"] |= {
        "autoHealAttemptsCount": attempts + 1,
        "resources": [
            {
                "group": one.target.group,
                "kind": one.target.kind,
                "namespace": one.target.namespace,
                "name": one.target.name,
            }
            for one in comparison.out_of_sync
        ],
    }
    return Verdict(operation=operation)


def _attempted(last: OperationState, specification: Specification, revision: str) -> bool:
    """Tell whether the last operation synced this revision of this source to its end."""
    same = last.revision == revision and last.source == specification.source
    return same and not last.superseded


def _operation(specification: Specification, automated: Automated, revision: str) -> Object:
    """Return a full automated operation, pinned to the revision that was compared."""
    sync: Object = {"revision": revision, "prune": automated.prune}
    if specification.options:
        sync["syncOptions"] = sorted(specification.options)
    operation: Object = {"sync": sync, "initiatedBy": {"automated": True}}
    retry: Mapping[str, object] | None = _retry(specification)
    return {**operation, "retry": retry} if retry else operation


def _retry(specification: Specification) -> Object | None:
    """Return the retry of the sync policy as an operation carries it."""
    retry = specification.retry
    if retry is None:
        return None
    backoff = {
        "duration": f"{retry.duration:g}s",
        "factor": retry.factor,
        "maxDuration": f"{retry.maximum:g}s",
    }
    carried: Object = {"limit": retry.limit, "backoff": backoff}
    return {**carried, "refresh": True} if retry.refresh else carried
