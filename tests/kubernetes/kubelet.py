"""What a kubelet does, with the node of a local control plane: pods of a real API server run.

Every pod is bound, copied to a local control plane, where steps of workflows run as processes
and other pods are simulated, and what becomes of it there is written to its status, as kubelets
write it. Logs are served where the API server asks nodes for them. The token is one that the real
server made for the account and the pod, and containers find the real server.
"""

import base64
import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.cluster.errors import ApiError
from ruleengine.formats import json_text
from ruleengine.local import process
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, Transport
from ruleengine.model.values import Object, lookup
from tests.kubernetes.kubelet_logs import logs_of
from tests.kubernetes.servers import LOOPBACK, Server

NODE = "mirrored"
_MANAGER = "kubelet"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_PAUSE = 0.1
_OURS = frozenset({
    "nodeName", "serviceAccount", "serviceAccountName", "priority", "preemptionPolicy",
    "tolerations", "enableServiceLinks", "schedulerName",
})  # fmt: skip
"""Fields that the real server filled in and that mean something else on the other one."""


@contextmanager
def kubelet(server: Server, folder: Path) -> Iterator[None]:
    """Run the pods of a server until the block ends."""
    state = folder / "node"
    stop = threading.Event()
    try:
        with process.start(state) as running:
            real, local = connect(str(server.kubeconfig)), connect(str(running.kubeconfig))
            with logs_of(Client(local), server.folder) as port:
                node = _Node(server, real, local, port)
                thread = threading.Thread(target=node.run, args=(stop,), name="kubelet")
                thread.start()
                try:
                    yield
                finally:
                    stop.set()
                    thread.join()
    finally:
        process.stop(state)


class _Node:
    """Carries pods one way and their statuses the other."""

    def __init__(self, server: Server, real: Transport, local: Transport, port: int) -> None:
        self._server = server
        self._transport = real
        self._real, self._local = Client(real), Client(local)
        self._told: dict[str, Object] = {}
        node: Object = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        self._real.create(node, _MANAGER)
        found = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        self._real.merge_patch(Target.of(node), {"status": found}, _MANAGER, subresource="status")

    def run(self, stop: threading.Event) -> None:
        """Go on until the end; what changes meanwhile is seen the next time."""
        while not stop.wait(_PAUSE):
            try:
                self._look()
            except (ApiError, UnreachableError):
                continue

    def _look(self) -> None:
        copies = {_key(one): one for one in self._local.list("v1", "Pod").items}
        pods = {_key(one): one for one in self._real.list("v1", "Pod").items}
        for key, pod in pods.items():
            self._carry(pod, copies.get(key))
        for key in copies.keys() - pods.keys():
            self._local.delete(Target("v1", "Pod", *key), grace=0)

    def _carry(self, pod: Object, mirrored: Object | None) -> None:
        target, uid = Target.of(pod), pod["metadata"]["uid"]
        if pod["metadata"].get("deletionTimestamp"):
            if mirrored is None:
                self._real.delete(target, grace=0, uid=uid)
            elif not mirrored["metadata"].get("deletionTimestamp"):
                self._local.delete(target)
        elif mirrored is None and uid not in self._told:
            self._begin(pod)
            self._told[uid] = {}
        if mirrored is not None and mirrored.get("status", {}) != self._told.get(uid):
            self._told[uid] = mirrored["status"]
            if mirrored["status"].get("phase"):
                self._real.merge_patch(
                    target, {"status": mirrored["status"]}, _MANAGER, subresource="status"
                )

    def _begin(self, pod: Object) -> None:
        namespace = pod["metadata"]["namespace"]
        if not pod["spec"].get("nodeName"):
            self._post(
                f"{_path(pod)}/binding",
                {"metadata": {"name": pod["metadata"]["name"]}, "target": {"name": NODE}},
            )
        self._bring(_plain({"apiVersion": "v1", "kind": "Namespace"}, namespace, ""))
        for kind in ("ConfigMap", "Secret", "PersistentVolumeClaim"):
            for one in self._real.list("v1", kind, namespace=namespace).items:
                self._bring(_without_identity(one))
        self._bring(self._token(pod))
        self._local.create(_copied(pod, self._server.url), _MANAGER)

    def _bring(self, value: Object) -> None:
        if value["metadata"]["name"] != "kube-root-ca.crt":
            self._local.apply(value, _MANAGER)

    def _token(self, pod: Object) -> Object:
        """Return a Secret with what the account of a pod has in its containers."""
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        account = pod["spec"]["serviceAccountName"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": name, "uid": pod["metadata"]["uid"]}
        answer = self._post(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            {"spec": {"boundObjectRef": bound}},
        )
        files = {
            "token": answer["status"]["token"].encode(),
            "namespace": namespace.encode(),
            "ca.crt": (self._server.folder / "ca.crt").read_bytes(),
        }
        data = {file: base64.b64encode(content).decode() for file, content in files.items()}
        return _plain(
            {"apiVersion": "v1", "kind": "Secret", "data": data}, _account(pod), namespace
        )

    def _post(self, path: str, body: Object) -> Object:
        headers = {"content-type": "application/json"}
        request = HttpRequest(
            method="POST", path=path, headers=headers, body=json_text.dumps(body).encode()
        )
        answer = self._transport.send(request)
        found: Object = json_text.loads(answer.body)
        if answer.status >= 300:
            raise UnreachableError(str(found.get("message")), "")
        return found


def _copied(pod: Object, url: str) -> Object:
    """Return a pod as the other control plane is to run it."""
    place = urlsplit(url)
    spec = {key: copy.deepcopy(value) for key, value in pod["spec"].items() if key not in _OURS}
    spec["automountServiceAccountToken"] = False
    projected = [one for one in spec.get("volumes", ()) if _is_account(one)]
    for one in projected:
        del one["projected"]
        one["secret"] = {"secretName": _account(pod)}
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        variables = container.setdefault("env", [])
        for one in variables:
            if lookup(one, "valueFrom", "fieldRef", "fieldPath") == "metadata.uid":
                del one["valueFrom"]
                one["value"] = pod["metadata"]["uid"]
        variables.extend(
            [
                {"name": "KUBERNETES_SERVICE_HOST", "value": str(place.hostname)},
                {"name": "KUBERNETES_SERVICE_PORT", "value": str(place.port)},
            ]
        )
    return {**_without_identity(pod), "spec": spec}


def _is_account(volume: Object) -> bool:
    sources: Any = volume.get("projected", {}).get("sources", ())
    return any("serviceAccountToken" in one for one in sources)


def _account(pod: Object) -> str:
    return f"account-{pod['metadata']['uid']}"


def _key(value: Object) -> tuple[str, str]:
    return value["metadata"]["namespace"], value["metadata"]["name"]


def _path(pod: Object) -> str:
    namespace, name = _key(pod)
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def _plain(value: Object, name: str, namespace: str) -> Object:
    place = {"namespace": namespace} if namespace else {}
    return {**value, "metadata": {"name": name, **place}}


def _without_identity(value: Object) -> Object:
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {key: one for key, one in value["metadata"].items() if key in kept}
    return {
        **{key: one for key, one in value.items() if key != "status"},
        "metadata": metadata,
    }
