"""The page of metrics, as a real scrape sees it."""

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ruleengine.model.errors import UsageError
from ruleengine.services.metric_store import Metric, Sample
from ruleengine.web.metrics_page import page, serving

KNOWN = [
    Metric(
        name="runs",
        kind="counter",
        help='Runs of "all"\nkinds.',
        samples=(Sample(labels={"team": 'a"b\n'}, value=3.0), Sample(labels={}, value=1.0)),
    ),
    Metric(name="size", kind="gauge", help="Size.", samples=(Sample(labels={}, value=2.5),)),
    Metric(
        name="took",
        kind="histogram",
        help="Took.",
        samples=(Sample(labels={"a": "b"}, value=5.5, count=3, buckets=((1.0, 1), (2.5, 2))),),
    ),
]


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the samples of a page."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_every_kind_is_written_as_prometheus_reads_it() -> None:
    """Under the names that Argo's controller gives them; texts of any kind survive."""
    assert read(page(lambda: KNOWN)) == {
        ("argo_workflows_runs_total", (("team", 'a"b\n'),)): 3.0,
        ("argo_workflows_runs_total", ()): 1.0,
        ("argo_workflows_size", ()): 2.5,
        ("argo_workflows_took_bucket", (("a", "b"), ("le", "1.0"))): 1.0,
        ("argo_workflows_took_bucket", (("a", "b"), ("le", "2.5"))): 2.0,
        ("argo_workflows_took_bucket", (("a", "b"), ("le", "+Inf"))): 3.0,
        ("argo_workflows_took_count", (("a", "b"),)): 3.0,
        ("argo_workflows_took_sum", (("a", "b"),)): 5.5,
    }


def test_gauges_in_real_time_stand_beside_those_that_were_told() -> None:
    """One family of one kind for each name."""
    live = Metric(
        name="size", kind="gauge", help="Size.", samples=(Sample(labels={"x": "1"}, value=9.0),)
    )
    other = Metric(name="runs", kind="gauge", help="No.", samples=(Sample(labels={}, value=7.0),))
    text = page(lambda: [*KNOWN, live, other])
    assert text.count("# TYPE argo_workflows_size gauge") == 1
    assert read(text)[("argo_workflows_size", (("x", "1"),))] == 9.0
    assert "7.0" not in text


def test_a_scrape_gets_what_is_known_by_then() -> None:
    """On a port of loopback, for as long as it is served."""
    known: list[Metric] = []
    port = free_port()
    with serving(lambda: known, port):
        assert scraped(port) == {}
        known.append(KNOWN[1])
        assert scraped(port) == {("argo_workflows_size", ()): 2.5}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_told() -> None:
    """With what to do about it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(UsageError, match="cannot be opened"),
            serving(list, taken.getsockname()[1]),
        ):
            pass


def scraped(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the samples that a scrape gets."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        return read(reply.read().decode())


def free_port() -> int:
    """Return a port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
