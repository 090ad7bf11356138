"""The page ``/metrics``: what workflows told, in the formats that Prometheus reads.

Names begin as those of Argo's controller do, so that what reads one reads the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from ruleengine.model.errors import UsageError
from ruleengine.services.metric_store import Metric, Sample

_PREFIX: Final = "argo_workflows_"
LOOPBACK: Final = "127.0.0.1"

Known = Callable[[], Sequence[Metric]]


class _Page(Collector):
    """Every metric that is known when somebody looks."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def describe(self) -> Iterable[Family]:
        """Return nothing: what there will be is not known before."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Return the families of metrics, one for each name."""
        families: dict[str, Family] = {}
        for one in self._known():
            family = families.setdefault(
                one.name, Family(f"{_PREFIX}{one.name}", one.help, one.kind)
            )
            if family.type == one.kind:
                for sample in one.samples:
                    _add(family, sample)
        return families.values()


def _add(family: Family, sample: Sample) -> None:
    labels = dict(sample.labels)
    match family.type:
        case "counter":
            family.add_sample(f"{family.name}_total", labels, sample.value)
        case "gauge":
            family.add_sample(family.name, labels, sample.value)
        case _:
            bounds = [(str(bound), count) for bound, count in sample.buckets]
            for bound, count in (*bounds, ("+Inf", sample.count)):
                family.add_sample(f"{family.name}_bucket", {**labels, "le": bound}, count)
            family.add_sample(f"{family.name}_count", labels, sample.count)
            family.add_sample(f"{family.name}_sum", labels, sample.value)


def page(known: Known) -> str:
    """Return the page in the text format of Prometheus."""
    return generate_latest(_registry(known)).decode()


@contextmanager
def serving(known: Known, port: int) -> Iterator[None]:
    """Serve the page on a port of loopback. Raises ``UsageError`` where it is taken."""
    try:
        server, thread = start_http_server(port, LOOPBACK, _registry(known))
    except OSError as error:
        raise UsageError(
            f"port {port} for metrics cannot be opened: {error.strerror or error}",
            "end the program that has it, or choose another port",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _registry(known: Known) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Page(known))
    return registry
