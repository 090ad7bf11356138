"""Who performs requests to tell metrics: told once, live for as long as they are read."""

import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ruleengine.app.clusters import Connected
from ruleengine.app.metrics import Live, Telling, metrics, metrics_path, told_metrics
from ruleengine.cluster.client import Client
from ruleengine.model.decisions import Request
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from ruleengine.pipelines.metering import LIVE_METRICS, METRICS
from tests.web.test_metrics_page import free_port

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def telling(of: str, value: float = 1.0) -> Request:
    """Return the request to tell a counter."""
    metric: Object = {"name": "n", "help": "N.", "kind": "counter", "labels": {}, "value": value}
    return Request(kind=METRICS, payload={"of": of, "metrics": [metric]}, standing=True)


def showing(name: str) -> Request:
    """Return the request to show a gauge in real time."""
    since = {"name": name, "help": "M.", "labels": {}, "since": "2026-11-28T12:00:00Z"}
    return Request(kind=LIVE_METRICS, payload={"of": "a", "metrics": [since]}, standing=True)


def scraped(port: int) -> str:
    """Return the page as a scrape gets it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        text: str = reply.read().decode()
    return text


def total(path: Path) -> float:
    """Return the one value that was told."""
    (metric,) = told_metrics(path)
    return metric.samples[0].value


def test_a_telling_that_is_asked_again_counts_once(tmp_path: Path) -> None:
    """Also by a process after a crash, and with another value by then."""
    path = tmp_path / "metrics.sqlite"
    first = Telling(path)
    assert first.answer(telling("a")) is None
    assert first.answer(telling("a", 2.0)) is None
    again = Telling(path)
    again.answer(telling("a", 3.0))
    assert total(path) == 1.0
    again.end(telling("a", 3.0))
    again.answer(telling("a"))
    assert total(path) == 2.0, "told anew after it was written down"
    first.close()
    again.close()


def test_only_the_latest_request_ends_a_telling(tmp_path: Path) -> None:
    """The one before is not read any more because it was asked in other words."""
    path = tmp_path / "metrics.sqlite"
    performer = Telling(path)
    performer.answer(telling("a"))
    performer.answer(telling("a", 2.0))
    performer.end(telling("a"))
    performer.answer(telling("a", 2.0))
    assert total(path) == 1.0
    performer.close()


def test_what_cannot_be_stored_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A workflow goes on all the same, so nobody else would say so."""
    path = tmp_path / "metrics.sqlite"
    path.write_text("no database, and longer than the header of one " * 9)
    performer = Telling(path)
    with pytest.raises(StoreError):
        performer.answer(telling("a"))
    assert "what was to be told of the metrics n is lost" in caplog.text
    assert "not a database" in caplog.text
    performer.close()


def test_a_scrape_gets_what_there_is_where_the_store_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why, in one line."""
    cluster = Connected(client=Client(_Nobody()), local=True, name="here")
    metrics_path(cluster, tmp_path).write_text("no database, and longer than its header " * 9)
    port = free_port()
    with metrics(cluster, tmp_path, port) as performers:
        performers[LIVE_METRICS].answer(showing("m"))
        assert "# TYPE argo_workflows_m gauge" in scraped(port)
    assert "a scrape got no more than the metrics in real time" in caplog.text


def test_a_gauge_in_real_time_grows_until_its_request_ends() -> None:
    """Its value is the time since it began."""
    live = Live()
    shown = {"name": "n", "help": "N.", "labels": {"a": "b"}, "since": "2026-11-28T12:00:00Z"}
    request = Request(kind=LIVE_METRICS, payload={"of": "a", "metrics": [shown]}, standing=True)
    assert live.answer(request) is None
    for seconds in (0, 90):
        (metric,) = live.metrics(NOW + timedelta(seconds=seconds))
        assert (metric.kind, metric.samples[0].value) == ("gauge", seconds)
    live.end(request)
    assert live.metrics(NOW) == []


def test_a_run_serves_what_is_told_to_a_scrape(tmp_path: Path) -> None:
    """What ended and what goes on, on one page."""
    cluster = Connected(client=Client(_Nobody()), local=True, name="here")
    port = free_port()
    with metrics(cluster, tmp_path, port) as performers:
        performers[METRICS].answer(telling("a"))
        performers[LIVE_METRICS].answer(showing("m"))
        text = scraped(port)
    assert "argo_workflows_n_total 1.0" in text
    assert "# TYPE argo_workflows_m gauge" in text
    assert total(metrics_path(cluster, tmp_path)) == 1.0


class _Nobody:
    def handle(self, request: object) -> object:
        raise AssertionError(f"nobody is asked: {request}")
