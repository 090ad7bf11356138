"""One real cluster for all tests that run workflows on it."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.clusters import Cluster, cluster


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster with the namespace of workflows; skips where none is built."""
    with cluster(tmp_path_factory.mktemp("kubernetes")) as found:
        yield found
