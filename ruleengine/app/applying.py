"""``apply``: the plan performed, then driven until everything has settled."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ruleengine.app.acting import workflow_standing
from ruleengine.app.checking import check
from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.inspecting import Simulated, Standing, count_simulated, standings
from ruleengine.app.leasing import area_leases
from ruleengine.app.observing import Observers
from ruleengine.app.outliving import outlive
from ruleengine.app.planning import Engagement, engaged, plan_now
from ruleengine.app.standing import standing
from ruleengine.cluster.client import Client
from ruleengine.model.actions import Outcome, Plan, Result
from ruleengine.model.configuration import Engine
from ruleengine.model.errors import RuleEngineError, UnreachableError
from ruleengine.model.findings import Finding, has_errors, order_findings
from ruleengine.reconcile.executor import Execution, perform
from ruleengine.reconcile.feeds import WatchFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.standing import News

_MOST_TOLD: Final = 1000
"""How many outcomes are remembered of a run without an end."""

FAILURES = (Result.FAILED, Result.CONFLICT, Result.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How to apply. ``timeout`` bounds the waiting; without ``floor`` any number may be pruned.

    ``drive`` lets our reconcilers act on a cluster that was named (locally they always do).
    ``receive`` serves webhooks meanwhile; with ``keep`` it goes on, whatever the timeout,
    until it is cancelled. Metrics are served at ``metrics_port``, where there is one.
    """

    wait: bool = True
    timeout: timedelta = timedelta(minutes=5)
    floor: bool = True
    drive: bool = False
    receive: bool = False
    keep: bool = False
    metrics_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What an apply came to. Without a plan the ``findings`` say why.

    ``settled`` is absent where nobody of ours drives. ``writes`` counts the writes by
    ruleengine itself. ``error`` ended it early; the outcomes are those until then. ``pods`` are
    absent then, and where a cluster runs all of them.
    """

    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    settled: Settled | None = None
    standings: tuple[Standing, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    pods: Simulated | None = None
    writes: int = 0
    error: RuleEngineError | None = None

    @property
    def failed(self) -> bool:
        """Whether anything did not go as it should."""
        return (
            self.plan is None
            or self.error is not None
            or has_errors(self.findings)
            or any(one.result in FAILURES for one in self.outcomes)
            or any(one.failed for one in self.standings)
            or (self.settled is not None and bool(self.settled.failed or self.settled.timed_out))
        )

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped before its end."""
        return self.settled is not None and self.settled.cancelled


def apply(
    directory: Path, choice: ClusterChoice, options: ApplyOptions, observers: Observers
) -> Delivery:
    """Check, plan, perform and settle. Findings of severity error stop it before any write.

    Raises ``UnreachableError`` where the cluster does not answer.
    """
    findings = check(directory)
    if has_errors(findings):
        return Delivery(findings=findings)
    with engaged(directory, choice) as engagement:
        return deliver(engagement, options, observers, findings)


def deliver(
    engagement: Engagement,
    options: ApplyOptions,
    observers: Observers,
    findings: tuple[Finding, ...] = (),
) -> Delivery:
    """Perform the plan of a config repo on its cluster, and wait as the options say.

    What fails after the first write becomes the ``error`` of the delivery, so that nobody
    has to guess what was done until then.
    """
    client = engagement.surroundings.client
    before = client.writes
    plan = plan_now(engagement, datetime.now(UTC), floor=options.floor)
    told: deque[Outcome] = deque(maxlen=_MOST_TOLD if options.keep else None)

    def progress(outcome: Outcome) -> None:
        told.append(outcome)
        observers.progress(outcome)

    try:
        delivery = _perform(engagement, options, replace(observers, progress=progress), plan)
    except RuleEngineError as error:
        delivery = Delivery(plan=plan, outcomes=tuple(told), findings=plan.findings, error=error)
    return replace(
        delivery,
        findings=order_findings((*findings, *delivery.findings)),
        writes=client.writes - before,
    )


def _perform(
    engagement: Engagement, options: ApplyOptions, observers: Observers, plan: Plan
) -> Delivery:
    client = engagement.surroundings.client
    lost: list[UnreachableError] = []
    execution = Execution(cancel=observers.cancel, progress=observers.progress, lost=lost.append)
    outcomes = perform(plan, client, engagement.store, execution)
    if lost:
        raise lost[0]
    settled = None
    if options.wait and _drives(engagement, options):
        observers.driving()
        settled = _settled(engagement, options, observers)
    if settled is not None and not settled.cancelled:
        engagement.store.finish(plan)  # what was held by a finalizer may be gone by now
    found = settled.findings if settled else ()
    return Delivery(
        plan=plan,
        outcomes=(*outcomes, *(settled.outcomes if settled else ())),
        settled=settled,
        standings=tuple(standings(engagement.declared, client)) if options.wait else (),
        findings=(*plan.findings, *found),
        notes=(*_notes(engagement, options), *_watched(settled)),
        pods=count_simulated(engagement.cluster),
    )


def _drives(engagement: Engagement, options: ApplyOptions) -> bool:
    native = engagement.declared.configuration.engine is Engine.NATIVE
    return native and (engagement.cluster.local or options.drive)


def _notes(engagement: Engagement, options: ApplyOptions) -> Iterator[str]:
    if not engagement.declared.derived:
        yield f"{engagement.workspace.root} declares nothing: write a file into environments/"
    if engagement.declared.configuration.engine is Engine.HANDOVER:
        ends = ", so this run ends here" if options.keep else ""
        yield f"handed over: Argo's controllers act on these documents{ends}"
    elif not _drives(engagement, options):
        yield "documents are written, nothing drives them: wait for a controller, or use --drive"
    elif not options.wait:
        yield "not waited for: the environments are reconciled by the next apply that waits"


def _watched(settled: Settled | None) -> tuple[str, ...]:
    """Return who drives in our place, once each."""
    told = settled.watched if settled else ()
    return tuple(dict.fromkeys(f"{one.message}; this run only watched" for one in told))


def _settled(engagement: Engagement, options: ApplyOptions, observers: Observers) -> Settled:
    """Settle; what is kept on a cluster of others outlives that cluster's server."""
    if not options.keep or engagement.cluster.local:
        return _settle(engagement, options, observers)
    client = engagement.surroundings.client
    return outlive(lambda: _settle(engagement, options, observers), client, observers)


def _settle(engagement: Engagement, options: ApplyOptions, observers: Observers) -> Settled:
    surroundings, news = engagement.surroundings, News()
    with (
        area_leases(surroundings) as leases,
        _watching(surroundings.client) as feed,
        standing(engagement.cluster, engagement.state, news, receive=options.receive) as performers,
        workflow_standing(
            engagement.declared.configuration,
            engagement.cluster,
            engagement.state,
            news,
            leases,
            metrics_port=options.metrics_port,
        ) as of_workflows,
    ):
        news.wakes(feed.wake)
        settling = Settling(
            now=lambda: datetime.now(UTC),
            feed=feed,
            deadline=None if options.keep else datetime.now(UTC) + options.timeout,
            news=news,
            cancel=observers.cancel,
            progress=observers.progress,
            found=observers.found,
            leases=leases,
            seed=os.getpid(),
        )
        return settle(replace(surroundings, standing={**performers, **of_workflows}), settling)


@contextmanager
def _watching(client: Client) -> Iterator[WatchFeed]:
    from ruleengine.cluster.watches import WatchCache

    cache = WatchCache(client)
    try:
        yield WatchFeed(client, cache)
    finally:
        cache.close()
