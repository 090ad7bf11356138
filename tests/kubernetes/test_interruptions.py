"""A driver goes on where its cluster was interrupted: nothing is lost, nothing is done twice."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.cluster.errors import ApiError, GoneError
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.names import ARGO_API_VERSION, ENGINE
from ruleengine.model.values import Object, lookup
from tests.kubernetes.clusters import PATIENCE, PIPELINES, Cluster, cluster
from tests.kubernetes.servers import Server, beside, compact, is_ready, wait_for
from tests.local.sandboxes import until

STEPS = 8
ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster whose programs may be killed."""
    with cluster(tmp_path_factory.mktemp("shaken")) as found:
        found.account("driver", ALL, everywhere=True)
        yield found


def workflow(name: str, **spec: object) -> Object:
    """Return a workflow of several steps, one after the other."""
    main = {"name": "main", "steps": [[{"name": f"s{n}", "template": "one"}] for n in range(STEPS)]}
    one = {"name": "one", "container": {"image": "alpine", "command": ["sleep", "1"]}}
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": PIPELINES, "labels": {ENGINE: "native"}},
        "spec": {"entrypoint": "main", "templates": [main, one], **spec},
    }


def files(*workflows: Object) -> dict[str, str | None]:
    """Return the files that declare workflows."""
    return {f"pipelines/{one['metadata']['name']}.yaml": json.dumps(one) for one in workflows}


def phase(shaken: Cluster, name: str) -> str:
    """Return the phase of a workflow; empty where it has none, or where nobody answers."""
    try:
        live = shaken.admin.get(Target(ARGO_API_VERSION, "Workflow", PIPELINES, name))
    except (ApiError, UnreachableError):
        return ""
    return str(lookup(live, "status", "phase", default=""))


def begun(shaken: Cluster, name: str) -> Counter[str]:
    """Return how often each step of a workflow was begun."""
    pods = shaken.admin.list("v1", "Pod", namespace=PIPELINES).items
    return Counter(
        lookup(one, "metadata", "annotations", "workflows.argoproj.io/node-name")
        for one in pods
        if lookup(one, "metadata", "labels", "workflows.argoproj.io/workflow") == name
    )


def assert_done_once(shaken: Cluster, name: str) -> None:
    """Wait for the end of a workflow; each of its steps was begun once."""
    assert until(lambda: phase(shaken, name) == "Succeeded"), shaken.log(name)
    assert sorted(begun(shaken, name).values()) == [1] * STEPS


def listed(server: Server) -> int:
    """Return how often the driver has read all workflows, as a server noted."""
    return sum(
        noted["verb"] == "list" and lookup(noted, "objectRef", "resource") == "workflows"
        for noted in server.requests_of(f"system:serviceaccount:{PIPELINES}:driver")
    )


@contextmanager
def down(server: Server) -> Iterator[None]:
    """Kill a server for the time of the block."""
    api = server.programs["kube-apiserver"]
    api.kill()
    yield
    api.begin_again()
    wait_for(server)


def replaced(server: Server, change: Callable[[Client], None]) -> None:
    """Replace the server; something changes meanwhile, through another one."""
    with down(server), beside(server) as other:
        change(Client(connect(str(other.kubeconfig))))


def assert_seen_afterwards(
    shaken: Cluster,
    name: str,
    server: Server,
    interrupted: Callable[[Callable[[Client], None]], None],
    *,
    paused: bool,
) -> None:
    """Drive through a server that is interrupted; a workflow is made and one deleted meanwhile.

    What watches would go on from is too old afterwards, so they list anew.
    """
    mutex = {"synchronization": {"mutexes": [{"name": name}]}}
    holder = workflow(f"{name}-holder", templates=[{"name": "main", "suspend": {}}], **mutex)
    waiter = workflow(f"{name}-waiter", **mutex)

    def change(client: Client) -> None:
        client.create(workflow(f"{name}-missed"), "admin")
        client.delete(Target.of(holder))

    config = shaken.kubeconfig_of("driver", server)
    with shaken.running(name, files(workflow(name), holder), config, "run") as process:
        assert until(lambda: phase(shaken, f"{name}-holder") == "Running"), shaken.log(name)
        shaken.admin.create(waiter, "admin")
        assert until(lambda: phase(shaken, f"{name}-waiter") == "Pending")
        assert until(lambda: begun(shaken, name))
        place = shaken.admin.list(ARGO_API_VERSION, "Workflow").resource_version
        before = listed(server)
        if paused:
            process.send_signal(signal.SIGSTOP)
        interrupted(change)
        process.send_signal(signal.SIGCONT)
        for one in (name, f"{name}-missed", f"{name}-waiter"):
            assert_done_once(shaken, one)
        assert listed(server) > before
        client = Client(connect(str(server.kubeconfig)))
        with pytest.raises(GoneError):
            next(client.watch(ARGO_API_VERSION, "Workflow", resource_version=place))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, shaken.log(name)


@pytest.mark.parametrize("paused", [False, True], ids=["waiting", "paused"])
def test_what_happens_while_a_server_is_replaced_is_seen_afterwards(
    shaken: Cluster, *, paused: bool
) -> None:
    """A new workflow is driven; one that is gone no longer holds its mutex.

    The server that comes back has forgotten what watches go on from; those of a driver that
    slept all the while, too.
    """
    name = "paused" if paused else "waiting"
    interrupted = partial(replaced, shaken.server)
    assert_seen_afterwards(shaken, name, shaken.server, interrupted, paused=paused)


def test_what_a_store_has_compacted_meanwhile_is_seen_afterwards(shaken: Cluster) -> None:
    """The server keeps no events of its own: what a watch asks for, the store has forgotten."""
    with beside(shaken.server, "--watch-cache=false") as other:

        def interrupted(change: Callable[[Client], None]) -> None:
            with down(other):
                change(shaken.admin)
                compact(shaken.server)

        assert_seen_afterwards(shaken, "compacted", other, interrupted, paused=True)


def test_a_store_that_is_killed_and_comes_back_costs_time_only(shaken: Cluster) -> None:
    """Until then every write fails, those of leases too."""
    etcd = shaken.server.programs["etcd"]
    with shaken.running("stored", files(workflow("stored")), "driver", "run") as process:
        assert until(lambda: begun(shaken, "stored")), shaken.log("stored")
        etcd.kill()
        assert until(lambda: not is_ready(shaken.server))
        etcd.begin_again()
        wait_for(shaken.server)
        assert_done_once(shaken, "stored")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, shaken.log("stored")


def test_a_token_that_is_renewed_in_its_file_is_used_from_then_on(shaken: Cluster) -> None:
    """The one before is refused: its account was deleted and made anew."""
    config = in_a_file(shaken.kubeconfig_of("driver"))
    with shaken.running("renewed", files(workflow("renewed")), config, "run") as process:
        assert until(lambda: begun(shaken, "renewed")), shaken.log("renewed")
        shaken.admin.delete(Target("v1", "ServiceAccount", PIPELINES, "driver"))
        shaken.account("driver", ALL, everywhere=True)
        in_a_file(shaken.kubeconfig_of("driver"))
        assert_done_once(shaken, "renewed")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, shaken.log("renewed")


def test_a_token_that_is_refused_is_told_and_one_that_replaces_it_is_used(shaken: Cluster) -> None:
    """It stands in the kubeconfig itself, which is read anew; nothing is said of it again."""
    config = shaken.kubeconfig_of("driver")
    with shaken.running("inline", files(workflow("inline")), config, "run") as process:
        assert until(lambda: begun(shaken, "inline")), shaken.log("inline")
        shaken.admin.delete(Target("v1", "ServiceAccount", PIPELINES, "driver"))
        shaken.account("driver", ALL, everywhere=True)
        assert until(lambda: "refuses the credentials (401)" in shaken.log("inline"))
        assert shaken.kubeconfig_of("driver") == config
        assert_done_once(shaken, "inline")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, shaken.log("inline")
    assert shaken.log("inline").count("plan-credentials-refused") == 1


def in_a_file(config: Path) -> Path:
    """Move the token of a kubeconfig to a file that it names; return another kubeconfig."""
    value = json.loads(config.read_text(encoding="utf-8"))
    user = value["users"][0]["user"]
    (config.parent / "token").write_text(user.pop("token"), encoding="utf-8")
    user["tokenFile"] = "token"
    made = config.parent / "with-token-file"
    made.write_text(json.dumps(value), encoding="utf-8")
    return made


def test_of_two_drivers_the_second_goes_on_where_the_first_was_killed(shaken: Cluster) -> None:
    """It waits for the lease of the dead one to run out."""
    shared = files(workflow("shared"))
    with (
        shaken.running("shared", shared, "driver", "run") as first,
        shaken.running("second", {"README.md": "Nothing.\n"}, "driver", "run") as second,
    ):
        assert until(lambda: begun(shaken, "shared")), shaken.log("shared")
        first.kill()
        assert_done_once(shaken, "shared")
        second.send_signal(signal.SIGINT)
        assert second.wait(PATIENCE) == 0, shaken.log("second")
