"""What pods may use of the disk, and what becomes of those that use more."""

import os
import resource
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local.runtime.files import replace_file
from ruleengine.local.runtime.storage import Usage, bounds_of, excess, measure, size_of
from tests.local.pretending import Bench, container

MEBI = 1 << 20


def pod(limits: dict[str, str], volumes: dict[str, str]) -> Any:
    """Return a pod with limits by container and bounds by volume."""
    return {
        "spec": {
            "containers": [
                {"name": name, "resources": {"limits": {"ephemeral-storage": text}}}
                for name, text in limits.items()
            ],
            "volumes": [
                {"name": name, "emptyDir": {"sizeLimit": text}} for name, text in volumes.items()
            ],
        }
    }


@pytest.mark.parametrize(
    ("limits", "volumes", "used", "kept", "message"),
    [
        ({}, {}, {"a": 9}, {"v": 9}, ""),
        ({"a": "2Mi"}, {}, {"a": 2}, {}, ""),
        ({"a": "2Mi"}, {}, {"a": 1}, {"v": 2}, "Pod ephemeral local storage usage exceeds"),
        ({"a": "2Mi", "b": "9Mi"}, {}, {"a": 3}, {}, "Container a exceeded its local ephemeral"),
        ({"a": "2Mi", "b": "1Mi"}, {}, {"a": 2, "b": 2}, {}, "limit of containers 3Mi."),
        ({}, {"v": "1Mi"}, {}, {"v": 2}, 'EmptyDir volume "v" exceeds the limit "1Mi"'),
        ({}, {"v": "0"}, {}, {"v": 2}, ""),
    ],
)
def test_too_much_is_said_by_what_it_is_of(
    limits: dict[str, str],
    volumes: dict[str, str],
    used: dict[str, int],
    kept: dict[str, int],
    message: str,
) -> None:
    """Of the pod as a whole, of a container, of a volume."""
    usage = Usage(
        containers={name: number * MEBI for name, number in used.items()},
        volumes={name: number * MEBI for name, number in kept.items()},
    )
    found = excess(bounds_of(pod(limits, volumes)), usage)
    assert message in found
    assert bool(message) is bool(found)


def test_what_begins_a_pod_and_what_runs_then_share_its_bound() -> None:
    """As on a cluster: the larger of both, for init containers do not run beside the others."""
    value = pod({"a": "2Mi"}, {})
    first = {"name": "first", "resources": {"limits": {"ephemeral-storage": "3Mi"}}}
    value["spec"]["initContainers"] = [first]
    usage = Usage(containers={"first": 2 * MEBI, "a": 2 * MEBI})
    assert "limit of containers 3Mi." in excess(bounds_of(value), usage)
    value["spec"]["initContainers"] = [{**first, "restartPolicy": "Always"}]
    assert excess(bounds_of(value), usage) == ""


def test_what_takes_no_room_counts_none(tmp_path: Path) -> None:
    """Holes, links and what lies behind them; attempts of a container count together."""
    (tmp_path / "volumes" / "v").mkdir(parents=True)
    (tmp_path / "large").write_bytes(os.urandom(MEBI))
    (tmp_path / "volumes" / "v" / "link").symlink_to(tmp_path / "large")
    (tmp_path / "volumes" / "v" / "up").symlink_to(tmp_path)
    with (tmp_path / "volumes" / "v" / "holes").open("wb") as file:
        file.truncate(64 * MEBI)
    for number in ("0", "1"):
        upper = tmp_path / "containers" / "c" / number / "upper" / "deep"
        upper.mkdir(parents=True)
        (upper / "file").write_bytes(os.urandom(MEBI))
    found = measure(tmp_path)
    assert found.volumes["v"] < MEBI // 8
    assert 2 * MEBI <= found.containers["c"] < 3 * MEBI
    assert size_of(tmp_path / "none") == 0
    assert measure(tmp_path / "none") == Usage()


def test_a_pod_that_uses_too_much_is_evicted() -> None:
    """It is looked at every ten seconds while it runs, and ended by force."""
    bench = Bench()
    limits = {"limits": {"ephemeral-storage": "1Gi"}}
    value = bench.create(containers=[container(resources=limits), container("d")])
    assert value["status"]["phase"] == "Running"
    bench.plane.advance(35)
    assert len(bench.runner.weighed) >= 3
    bench.runner.too_much = 'Container c exceeded its local ephemeral storage limit "1Gi".'
    bench.plane.advance(11)
    status = bench.read()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert "exceeded its local ephemeral" in status["message"]
    assert bench.runner.ended == [("c", True), ("d", True)]


def test_a_pod_without_bounds_is_not_weighed() -> None:
    """The disk is its limit."""
    bench = Bench()
    bench.create()
    bench.plane.advance(30)
    assert bench.runner.weighed == []


def test_a_full_disk_leaves_no_file_of_the_node_half_written(tmp_path: Path) -> None:
    """What was there before stays as it was, and nothing lies beside it."""
    target = tmp_path / "record.json"
    replace_file(target, b"before", 0o640)
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        with pytest.raises(OSError, match="File too large"):
            replace_file(target, bytes(1000), 0o640)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [
        (target.name, b"before")
    ]
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
