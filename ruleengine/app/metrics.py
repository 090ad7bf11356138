"""Who performs requests to tell metrics, and who shows what was told.

What has ended is stored; a gauge in real time is there for as long as its request is read, and
its value is worked out whenever somebody looks.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ruleengine.app.clusters import Connected, database_path
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError, StoreError, UnreachableError
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object
from ruleengine.pipelines.metering import LIVE_METRICS, METRICS
from ruleengine.reconcile.standing import StandingPerformer

if TYPE_CHECKING:
    from ruleengine.services.metric_store import Metric, MetricStore


class Telling:
    """Stores metrics that are told; forgets of what, once that is written down elsewhere."""

    exclusive = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: MetricStore | None = None
        self._current: dict[str, str] = {}

    def answer(self, request: Request) -> Answer | None:
        """Store what is told; there is no answer to it.

        Raises ``StoreError`` or ``UnreachableError``. No workflow fails for that, and so it is
        logged.
        """
        of = str(request.payload["of"])
        self._current[of] = request.key
        try:
            self._opened().tell(of, request.payload["metrics"])
        except (StoreError, UnreachableError) as error:
            names = ", ".join(str(one["name"]) for one in request.payload["metrics"])
            _warn(f"what was to be told of the metrics {names} is lost", error)
            raise
        return None

    def end(self, request: Request) -> None:
        """Note that what was told is written down: nobody tells it again."""
        of = str(request.payload["of"])
        if self._current.get(of) != request.key:
            return
        del self._current[of]
        try:
            self._opened().forget(of)
        except (StoreError, UnreachableError):
            return  # a mark that stays does no harm

    def close(self) -> None:
        """Close the store where it was opened."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> "MetricStore":
        from ruleengine.services.metric_store import MetricStore

        if self._store is None:
            self._store = MetricStore(self._path)
        return self._store


class Live:
    """Gauges in real time. They are shown from any thread."""

    exclusive = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, list[Object]] = {}

    def answer(self, request: Request) -> Answer | None:
        """Show what a request shows; there is no answer to it."""
        with self._lock:
            self._shown[request.key] = list(request.payload["metrics"])
        return None

    def end(self, request: Request) -> None:
        """Show it no longer."""
        with self._lock:
            self._shown.pop(request.key, None)

    def metrics(self, now: datetime) -> list["Metric"]:
        """Return every gauge as it is at a time."""
        from ruleengine.services.metric_store import Metric, Sample

        with self._lock:
            shown = [one for all_of_one in self._shown.values() for one in all_of_one]
        return [
            Metric(
                name=one["name"],
                kind="gauge",
                help=one["help"],
                samples=(Sample(labels=one["labels"], value=_seconds(one["since"], now)),),
            )
            for one in shown
        ]


def _warn(what: str, error: RuleEngineError) -> None:
    import logging  # late, for hardly any run needs it

    logging.getLogger(__name__).warning("%s: %s; %s", what, error.message, error.remedy)


def _seconds(since: str, now: datetime) -> float:
    return max((now - parse_time(since)) / timedelta(seconds=1), 0.0)


def metrics_path(cluster: Connected, state: Path) -> Path:
    """Return the file of the metrics of a cluster: no two clusters share one."""
    archive = database_path(cluster, state)
    return archive.with_name(archive.name.replace("archive", "metrics", 1))


def told_metrics(path: Path) -> list["Metric"]:
    """Return what was told until now. Raises ``StoreError`` and ``UnreachableError``."""
    from ruleengine.services.metric_store import MetricStore

    with closing(MetricStore(path)) as store:
        return store.metrics()


@contextmanager
def metrics(
    cluster: Connected, state: Path, port: int | None = None
) -> Iterator[Mapping[str, StandingPerformer]]:
    """Offer who performs requests to tell metrics, for the time of a run.

    With a ``port`` they are served there at ``/metrics``. Raises ``UsageError`` for one that is
    taken.
    """
    path = metrics_path(cluster, state)
    telling, live = Telling(path), Live()

    def known() -> list["Metric"]:
        now = live.metrics(datetime.now(UTC))
        try:
            return [*told_metrics(path), *now]
        except (StoreError, UnreachableError) as error:
            _warn("a scrape got no more than the metrics in real time", error)
            return now

    try:
        with _served(known, port):
            yield {METRICS: telling, LIVE_METRICS: live}
    finally:
        telling.close()


@contextmanager
def _served(known: Callable[[], list["Metric"]], port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    from ruleengine.web.metrics_page import serving

    with serving(known, port):
        yield
