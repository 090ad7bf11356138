"""What was told as metrics: kept over restarts, and nothing counted twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from ruleengine.services.metric_store import MetricStore, Sample


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MetricStore]:
    """Return an empty store."""
    made = MetricStore(tmp_path / "metrics.sqlite")
    yield made
    made.close()


def told(kind: str = "counter", value: float = 1.0, **fields: object) -> Object:
    """Return a metric as it is told."""
    return {"name": "runs", "help": "Runs.", "labels": {}, "kind": kind, "value": value, **fields}


def sample(store: MetricStore) -> Sample:
    """Return the one sample of the one metric."""
    (metric,) = store.metrics()
    (found,) = metric.samples
    return found


def test_counters_add_up_by_their_labels(store: MetricStore) -> None:
    """Labels in any order are the same."""
    store.tell("a", [told(labels={"x": "1", "y": "2"}), told(labels={"x": "2", "y": "2"})])
    store.tell("b", [told(value=2.5, labels={"y": "2", "x": "1"})])
    (metric,) = store.metrics()
    assert [(one.labels, one.value) for one in metric.samples] == [
        ({"x": "1", "y": "2"}, 3.5),
        ({"x": "2", "y": "2"}, 1.0),
    ]


def test_what_was_told_before_is_not_told_again(store: MetricStore, tmp_path: Path) -> None:
    """Until whoever tells it has written down that it did; also by another process."""
    store.tell("a", [told()])
    store.tell("a", [told()])
    other = MetricStore(tmp_path / "metrics.sqlite")
    other.tell("a", [told()])
    assert sample(other).value == 1.0
    other.forget("a")
    other.tell("a", [told()])
    assert sample(store).value == 2.0
    other.close()


@pytest.mark.parametrize(("operation", "value"), [("Set", 2.0), ("Add", 7.0), ("Sub", 3.0)])
def test_a_gauge_is_set_or_changed(store: MetricStore, operation: str, value: float) -> None:
    """By what is told last."""
    store.tell("a", [told("gauge", 5.0, operation="Set")])
    store.tell("b", [told("gauge", 2.0, operation=operation)])
    assert sample(store).value == value


def test_a_histogram_counts_what_is_not_above_each_bound(store: MetricStore) -> None:
    """And knows their sum and number."""
    for number, value in enumerate((0.5, 2.0, 3.0)):
        store.tell(str(number), [told("histogram", value, buckets=[1.0, 2.0])])
    assert sample(store) == Sample(labels={}, value=5.5, count=3, buckets=((1.0, 1), (2.0, 2)))


def test_a_name_stands_for_one_metric(store: MetricStore) -> None:
    """Another kind or help is not taken in, and what is wrong is known until it is right."""
    store.tell("a", [told()])
    store.tell("b", [told("gauge", operation="Set")])
    (metric,) = store.metrics()
    assert metric.problem == "it is a counter, and was told as a gauge"
    store.tell("c", [told(help="Other.")])
    assert store.metrics()[0].problem == "its help is 'Runs.', and was told as 'Other.'"
    store.tell("d", [told()])
    (metric,) = store.metrics()
    assert (metric.problem, metric.samples[0].value) == ("", 2.0)


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    """With what to do about it."""
    path = tmp_path / "metrics.sqlite"
    path.write_text("this is no database, and long enough to be looked at as one\n" * 20)
    with pytest.raises(StoreError, match="the store of metrics") as caught:
        MetricStore(path)
    assert caught.value.remedy
