"""Clients that others write, against the real process: what each of them relies on."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightkube
import pytest
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.aio import client as aio_client
from kubernetes.aio import config as aio_config
from kubernetes.aio import watch as aio_watch
from kubernetes.client.rest import ApiException
from kubernetes.informer import SharedInformer
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from ruleengine.local import process
from tests.local.planes import configmap, definition, deployment, job

pytestmark = pytest.mark.slow
OPERATOR = Path(__file__).with_name("lamp_operator.py")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    """Return a server that stops after the tests of this file."""
    state = tmp_path_factory.mktemp("clients")
    with process.ensure(state) as found:
        yield found
    process.stop(state)


@pytest.fixture(scope="module")
def official(running: process.Running) -> Iterator[client.ApiClient]:
    """Return the official client."""
    with config.new_client_from_config(str(running.kubeconfig)) as found:
        yield found


def eventually(fact: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return what a question gives as soon as it gives anything."""
    end = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_the_typed_client_creates_scales_and_deletes(official: client.ApiClient) -> None:
    """Its POST and DELETE carry no content type; a patch of a dict is strategic."""
    apps = client.AppsV1Api(official)
    made = apps.create_namespaced_deployment("default", deployment("typed", replicas=1))
    assert made.metadata.generation == 1
    apps.patch_namespaced_deployment_scale("typed", "default", {"spec": {"replicas": 2}})
    assert apps.read_namespaced_deployment_scale("typed", "default").spec.replicas == 2
    eventually(lambda: apps.read_namespaced_deployment("typed", "default").status.ready_replicas)
    apps.delete_namespaced_deployment(
        "typed", "default", propagation_policy="Foreground", grace_period_seconds=0
    )

    def gone() -> bool:
        try:
            apps.read_namespaced_deployment("typed", "default")
        except ApiException as error:
            return int(error.status) == 404
        return False

    eventually(gone)


def test_the_dynamic_client_applies_and_watches(official: client.ApiClient) -> None:
    """It finds kinds by plain discovery, custom ones too."""
    found = dynamic.DynamicClient(official)
    crds = found.resources.get(api_version="apiextensions.k8s.io/v1", kind=definition()["kind"])
    crds.create(body=definition())
    eventually(lambda: found.resources.search(kind="Shelf") or found.resources.invalidate_cache())
    shelves = found.resources.get(api_version="example.com/v1", kind="Shelf")
    body = {"apiVersion": "example.com/v1", "kind": "Shelf", "metadata": {"name": "s"}}
    made = shelves.server_side_apply(
        body={**body, "spec": {"size": 5}}, namespace="default", field_manager="tests"
    )
    assert made.spec.size == 5
    seen = shelves.watch(namespace="default", timeout=5)
    assert next(iter(seen))["raw_object"]["metadata"]["name"] == "s"
    shelves.delete(name="s", namespace="default")


def test_the_watch_of_the_official_client_tells_what_happens(official: client.ApiClient) -> None:
    """From a revision on, each change once."""
    core = client.CoreV1Api(official)
    version = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", configmap("watched"))
    core.patch_namespaced_config_map("watched", "default", {"data": {"a": "2"}})
    core.delete_namespaced_config_map("watched", "default")
    stream = watch.Watch().stream(
        core.list_namespaced_config_map,
        "default",
        resource_version=version,
        timeout_seconds=1,
        field_selector="metadata.name=watched",
    )
    assert [one["type"] for one in stream] == ["ADDED", "MODIFIED", "DELETED"]


def test_the_official_client_runs_a_job_to_its_end(official: client.ApiClient) -> None:
    """And its pods go with it."""
    batch, core = client.BatchV1Api(official), client.CoreV1Api(official)
    made = batch.create_namespaced_job("default", job("batch"))
    assert made.metadata.name == "batch"
    done = eventually(lambda: batch.read_namespaced_job_status("batch", "default").status.succeeded)
    assert done == 1
    batch.delete_namespaced_job("batch", "default", propagation_policy="Background")
    selector = "batch.kubernetes.io/job-name=batch"
    eventually(lambda: not core.list_namespaced_pod("default", label_selector=selector).items)


def test_the_official_client_creates_what_files_say(
    official: client.ApiClient, tmp_path: Path
) -> None:
    """Of any kind, many in one file; what exists already is told of each."""
    labelled = deployment("from-file", replicas=0)
    documents = [configmap("from-file"), labelled, {**configmap("from-file"), "kind": "Secret"}]
    documents[2]["data"] = {"a": "MQ=="}
    path = tmp_path / "all.yaml"
    path.write_text("---\n".join(json.dumps(one) + "\n" for one in documents))
    made = utils.create_from_yaml(official, str(path))
    assert [one[0].kind for one in made] == ["ConfigMap", "Deployment", "Secret"]
    with pytest.raises(utils.FailToCreateError) as refused:
        utils.create_from_yaml(official, str(path))
    assert [one.status for one in refused.value.api_exceptions] == [409, 409, 409]


def test_the_asynchronous_client_creates_watches_and_deletes(running: process.Running) -> None:
    """It is another client, on another library of HTTP."""

    async def session() -> list[str]:
        configuration = aio_client.Configuration()
        await aio_config.load_kube_config(
            str(running.kubeconfig), client_configuration=configuration
        )
        async with aio_client.ApiClient(configuration) as api:
            core = aio_client.CoreV1Api(api)
            made = await core.create_namespaced_config_map("default", configmap("aio"))
            await core.delete_namespaced_config_map("aio", "default")
            async with aio_watch.Watch() as watching:
                stream = watching.stream(
                    core.list_namespaced_config_map,
                    "default",
                    resource_version=str(int(made.metadata.resource_version) - 1),
                    field_selector="metadata.name=aio",
                    timeout_seconds=1,
                )
                return [event["type"] async for event in stream]

    assert asyncio.run(session()) == ["ADDED", "DELETED"]


def test_an_informer_holds_what_is_there(official: client.ApiClient) -> None:
    """It lists, watches from there, and tells its handlers."""
    core = client.CoreV1Api(official)
    told: list[str] = []
    informer = SharedInformer(
        list_func=core.list_namespaced_config_map, namespace="default", label_selector="of=informer"
    )
    informer.add_event_handler("ADDED", lambda one: told.append(one.metadata.name))
    informer.start()
    try:
        body = configmap("informed")
        body["metadata"]["labels"] = {"of": "informer"}
        core.create_namespaced_config_map("default", body)
        eventually(lambda: told == ["informed"])
        assert [one.metadata.name for one in informer.cache.list()] == ["informed"]
    finally:
        informer.stop()


def test_one_candidate_leads(running: process.Running) -> None:
    """Leader election takes a Lease by optimistic locking."""
    config.load_kube_config(str(running.kubeconfig))

    def candidate(name: str) -> bool:
        settings = electionconfig.Config(
            LeaseLock("elected", "default", name),
            lease_duration=15,
            renew_deadline=10,
            retry_period=2,
            onstarted_leading=lambda: None,
            onstopped_leading=None,
        )
        return bool(leaderelection.LeaderElection(settings).try_acquire_or_renew())

    names = [str(uuid.uuid4()), str(uuid.uuid4())]
    assert [candidate(one) for one in (*names, names[0])] == [True, False, True]
    lease = client.CoordinationV1Api().read_namespaced_lease("elected", "default")
    assert lease.spec.holder_identity == names[0]


def test_kr8s_creates_waits_scales_and_reads_logs(running: process.Running) -> None:
    """With trailing slashes, selectors that repeat terms, and lists in pages."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.local.kr8s_session", str(running.kubeconfig)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr


def test_lightkube_applies_lists_in_pages_watches_and_deletes(running: process.Running) -> None:
    """Custom kinds as well, and a whole collection at once."""
    settings = lightkube.KubeConfig.from_file(str(running.kubeconfig))
    kube = lightkube.Client(config=settings, field_manager="lightkube", namespace="kube-public")
    for name in ("one", "two"):
        labels = {"of": "lightkube"}
        kube.create(ConfigMap(metadata=ObjectMeta(name=name, labels=labels), data={"a": "1"}))
    patched = kube.patch(ConfigMap, "one", {"data": {"b": "2"}})
    assert patched.data == {"a": "1", "b": "2"}
    wanted = ConfigMap(
        apiVersion="v1", kind="ConfigMap", metadata=ObjectMeta(name="one"), data={"c": "3"}
    )
    assert kube.apply(wanted).data == {"a": "1", "b": "2", "c": "3"}
    listed = kube.list(ConfigMap, labels={"of": ["lightkube", "other"]}, chunk_size=1)
    assert [one.metadata.name for one in listed] == ["one", "two"]
    event, seen = next(iter(kube.watch(ConfigMap, fields={"metadata.name": "two"})))
    assert (event, seen.metadata.name) == ("ADDED", "two")
    kube.deletecollection(ConfigMap)
    assert not list(kube.list(ConfigMap, labels={"of": "lightkube"}))
    leases = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")
    assert list(kube.list(leases, namespace="kube-public")) == []
    kube._client._client.close()


def test_an_operator_of_kopf_handles_a_custom_object(
    running: process.Running, official: client.ApiClient
) -> None:
    """With children, errors that pass, events and fields; it lets the object go at its end."""
    body = definition()
    body["metadata"]["name"] = "lamps.example.net"
    body["spec"] |= {"group": "example.net", "names": {"plural": "lamps", "kind": "Lamp"}}
    client.ApiextensionsV1Api(official).create_custom_resource_definition(body)
    lamps = client.CustomObjectsApi(official)
    place = ("example.net", "v1", "default", "lamps")
    eventually(lambda: _answers(lambda: lamps.list_namespaced_custom_object(*place)))
    operator = subprocess.Popen(
        [sys.executable, "-m", "kopf", "run", "-n", "default", "--standalone", str(OPERATOR)],
        env={**os.environ, "KUBECONFIG": str(running.kubeconfig)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        lamp = {"apiVersion": "example.net/v1", "kind": "Lamp", "metadata": {"name": "l"}}
        lamps.create_namespaced_custom_object(*place, {**lamp, "spec": {}})

        def found() -> Any:
            return lamps.get_namespaced_custom_object(*place, "l")

        def status(name: str) -> Any:
            return eventually(lambda: (found().get("status") or {}).get(name))

        core = client.CoreV1Api(official)
        assert status("light") == {"is": "on", "after": 1}
        assert status("bulb") == {"child": "l-bulb"}
        assert found()["metadata"]["finalizers"]
        child = core.read_namespaced_config_map("l-bulb", "default")
        assert child.metadata.owner_references[0].uid == found()["metadata"]["uid"]
        told = eventually(lambda: _events(core, "Screwed"))
        assert [one.message for one in told] == ["the bulb is in"]
        lamps.patch_namespaced_custom_object(*place, "l", {"spec": {"size": 9}})
        assert status("changed") == ["spec.size"]
        assert status("size")["is"] == 9
        lamps.delete_namespaced_custom_object(*place, "l")
        eventually(lambda: not lamps.list_namespaced_custom_object(*place)["items"])
        eventually(
            lambda: not _answers(lambda: core.read_namespaced_config_map("l-bulb", "default"))
        )
    finally:
        operator.terminate()
        operator.wait()


def _events(core: client.CoreV1Api, reason: str) -> list[Any]:
    return list(core.list_namespaced_event("default", field_selector=f"reason={reason}").items)


def _answers(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ApiException:
        return False
    return True
