"""Who drives on this machine: one run at a time, and a killed one is not waited for."""

import subprocess
import sys
import threading
from pathlib import Path

from ruleengine.app.leasing import area_leases, is_gone, make_identity, renewing
from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.memory_store import MemoryStore
from ruleengine.reconcile.leases import lease_target
from ruleengine.reconcile.surroundings import Surroundings


class Toy:
    """A reconciler of which only the area matters."""

    area = "toy"
    api_version, kind, manager = "v1", "ConfigMap", "ruleengine-toy"


def surroundings() -> Surroundings:
    """Return a server with a control namespace of its own name."""
    server = ApiServer(MemoryStore(), VirtualClock())
    client = Client(server, Retrying(attempts=1))
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}}, "test")
    made = Surroundings.of(client, [Toy()])
    return Surroundings(
        client=client,
        shapes=made.shapes,
        reconcilers=made.reconcilers,
        control_namespace="mine",
    )


def holder(place: Surroundings) -> str:
    """Return who holds the lease."""
    live = place.client.get(lease_target("toy", "mine"))
    return live["spec"]["holderIdentity"] if live else "nobody ever"


def test_a_lease_is_taken_only_when_needed_and_given_back() -> None:
    """It lies in the control namespace that is configured."""
    place = surroundings()
    with area_leases(place) as leases:
        assert holder(place) == "nobody ever"
        assert leases["toy"].hold()
        assert holder(place)
    assert holder(place) == ""


def test_of_two_runs_in_one_process_one_drives() -> None:
    """The one that ends, however it ends, does not block the other."""
    place = surroundings()
    with area_leases(place) as first, area_leases(place) as second:
        assert first["toy"].hold()
        assert not second["toy"].hold()
        assert "toy is driven by" in second["toy"].why


def test_a_killed_process_of_this_machine_is_gone() -> None:
    """A living one is not, and of another machine nothing is known."""
    code = "from ruleengine.app.leasing import make_identity; print(make_identity(), flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{code}; import time; time.sleep(60)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    identity = child.stdout.readline().strip()
    alive = is_gone(identity)
    child.kill()
    child.wait()
    child.stdout.close()
    assert not alive
    assert is_gone(identity) == Path("/proc/self/stat").exists()
    assert not is_gone(f"elsewhere-{identity}")
    assert not is_gone("somebody")
    assert not is_gone("")


def test_the_identity_of_an_ended_run_of_this_process_is_gone() -> None:
    """No two runs share one."""
    first, second = make_identity(), make_identity()
    assert first != second
    assert is_gone(first) == Path("/proc/self/stat").exists()


def test_a_held_lease_is_renewed_while_the_run_is_busy() -> None:
    """By a thread, so that a long request does not cost the lease."""
    renewed = threading.Event()

    class Noting:
        def renew(self) -> bool:
            renewed.set()
            return True

    with renewing([Noting()], 0.001):
        assert renewed.wait(20)
