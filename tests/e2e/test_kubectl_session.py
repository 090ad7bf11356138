"""A session with the real kubectl: every action that its users know."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.apimachinery.kinds import KindTable
from tests.e2e.kubectl_kit import Kubectl, server_for
from tests.e2e.process_kit import wait_for
from tests.local.planes import configmap, definition, deployment
from tests.programs import kubectl as find_kubectl

pytestmark = [pytest.mark.slow, pytest.mark.kubectl]

GENERATORS = [
    "configmap x --from-literal=a=1",
    "secret generic x --from-literal=a=1",
    "secret docker-registry x --docker-server=h --docker-username=u --docker-password=p",
    "serviceaccount x",
    "deployment x --image=nginx:1 --replicas=2 --port=80",
    "job x --image=busybox -- true",
    "cronjob x --image=busybox --schedule=0_0_*_*_* -- true",
    "role x --verb=get --resource=pods",
    "rolebinding x --role=r --serviceaccount=default:a",
    "clusterrole x --verb=get --resource=pods",
    "clusterrolebinding x --clusterrole=view --user=u",
    "ingress x --rule=a.example/=svc:80",
    "quota x --hard=pods=10",
    "poddisruptionbudget x --selector=app=x --min-available=1",
    "priorityclass x --value=5",
    "service clusterip x --tcp=80:8080",
    "service nodeport x --tcp=80:8080",
    "service loadbalancer x --tcp=80:8080",
    "service externalname x --external-name=a.example",
    "namespace x",
]
OWN = ("uid", "creationTimestamp", "managedFields", "resourceVersion")


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """Return kubectl on a control plane of this module, or skip."""
    program = find_kubectl()
    with server_for(program, tmp_path_factory.mktemp("session")) as made:
        print(made("version"))
        for name in ("shop", "edits", "nodes"):
            made("create", "namespace", name)
        yield made


def _comparable(value: Any) -> Any:
    """Return an object without its status and what is made anew each time."""
    metadata = {key: inner for key, inner in value["metadata"].items() if key not in OWN}
    if value["kind"] == "Deployment":
        metadata.pop("annotations", None)  # its controller's, which may be late
    uid = value["metadata"]["uid"]
    return json.loads(json.dumps({**value, "metadata": metadata, "status": 0}).replace(uid, "UID"))


@pytest.mark.parametrize("generator", GENERATORS)
def test_objects_made_from_protobuf_equal_those_made_from_json(
    kubectl: Kubectl, generator: str
) -> None:
    """`kubectl create KIND` sends protobuf, `kubectl create -f` JSON."""
    words = [one.replace("_", " ") for one in generator.split()]
    at = words.index("--") if "--" in words else len(words)
    stated, command = ["create", *words[:at]], words[at:]
    written = json.loads(kubectl(*stated, "--dry-run=client", "-o", "json", *command))
    info = KindTable.built_in().find(written["apiVersion"], written["kind"])
    assert info is not None
    root = f"/apis/{info.api_version}" if info.group else f"/api/{info.api_version}"
    collection = f"{root}/{'namespaces/default/' if info.namespaced else ''}{info.plural}"
    kubectl(*stated, *command)
    from_protobuf = kubectl.call("GET", f"{collection}/x")
    kubectl.call("DELETE", f"{collection}/x")
    assert wait_for(lambda: kubectl.call("GET", f"{collection}/x")["kind"] == "Status")
    from_json = kubectl.call("POST", collection, written)
    kubectl.call("DELETE", f"{collection}/x")
    assert _comparable(from_protobuf) == _comparable(from_json)


def test_client_side_apply_creates_changes_prunes_and_leaves_alone(kubectl: Kubectl) -> None:
    """With a difference shown before, and nothing written where nothing changed."""
    apply = ("apply", "-n", "edits", "-f", "-")
    assert "created" in kubectl(*apply, content=configmap("csa", a="1", b="2"))
    changed = configmap("csa", a="3")
    shown = kubectl.run("diff", "-n", "edits", "-f", "-", content=changed)
    assert (shown.returncode, '+  a: "3"' in shown.stdout) == (1, True)
    assert "configured" in kubectl(*apply, content=changed)
    assert kubectl.object("get", "cm", "csa", "-n", "edits")["data"] == {"a": "3"}
    assert "unchanged" in kubectl(*apply, content=changed)
    assert kubectl.run("diff", "-n", "edits", "-f", "-", content=changed).returncode == 0
    assert "a: " in kubectl("apply", "view-last-applied", "cm", "csa", "-n", "edits")


def test_server_side_apply_owns_conflicts_and_takes_over(kubectl: Kubectl) -> None:
    """Two managers of one field are a conflict until one forces it."""
    apply = ("apply", "--server-side", "-n", "edits", "-f", "-")
    assert "serverside-applied" in kubectl(*apply, content=configmap("ssa", a="1"))
    mine = configmap("ssa", a="2")
    refused = kubectl.run(*apply, "--field-manager=other", content=mine)
    assert refused.returncode == 1
    assert 'conflict with "kubectl"' in refused.stderr
    kubectl(*apply, "--field-manager=other", "--force-conflicts", content=mine)
    assert kubectl.object("get", "cm", "ssa", "-n", "edits")["data"] == {"a": "2"}
    shown = kubectl.run("diff", "--server-side", "-n", "edits", "-f", "-", content=mine)
    assert shown.returncode in (0, 1), shown.stderr
    kubectl("apply", "-n", "edits", "-f", "-", content=configmap("both", a="1"))
    assert "serverside-applied" in kubectl(*apply, content=configmap("both", a="2"))


def test_unknown_fields_are_refused_by_name(kubectl: Kubectl) -> None:
    """Kubectl asks for strict validation."""
    body = {**configmap("strict"), "colour": "red"}
    done = kubectl.run("create", "-n", "edits", "-f", "-", content=body)
    assert done.returncode == 1
    assert 'unknown field "colour"' in done.stderr


def test_a_kind_that_is_not_there_is_told_as_that(kubectl: Kubectl) -> None:
    """Kubectl looks for it in the older document of types before it says so."""
    for version, kind in (("v1", "Confgmap"), ("apps/v1", "Deplyment"), ("example.com/v1", "X")):
        body = {**configmap("none"), "apiVersion": version, "kind": kind}
        done = kubectl.run("apply", "-n", "edits", "-f", "-", content=body)
        assert done.returncode == 1
        assert f'no matches for kind "{kind}" in version "{version}"' in done.stderr


def test_objects_are_created_edited_replaced_labelled_and_patched(kubectl: Kubectl) -> None:
    """Each way to change an object changes it."""
    place = ("-n", "edits")
    kubectl("create", "cm", "e", "--from-literal=colour=red", *place)
    assert "edited" in kubectl("edit", "cm", "e", *place)
    assert kubectl.object("get", "cm", "e", *place)["data"] == {"color": "red"}
    kubectl("replace", *place, "-f", "-", content=configmap("e", b="1"))
    kubectl("label", "cm", "e", "tier=front", *place)
    kubectl("annotate", "cm", "e", "why=because", *place)
    kubectl("patch", "cm", "e", "-p", '{"data":{"c":"2"}}', *place)
    kubectl("patch", "cm", "e", "--type=merge", "-p", '{"data":{"b":null}}', *place)
    added = '[{"op":"add","path":"/data/d","value":"3"}]'
    kubectl("patch", "cm", "e", "--type=json", "-p", added, *place)
    found = kubectl.object("get", "cm", "e", *place)
    assert found["data"] == {"c": "2", "d": "3"}
    assert found["metadata"]["labels"] == {"tier": "front"}
    assert found["metadata"]["annotations"] == {"why": "because"}
    assert kubectl("get", "cm", "-l", "tier=front", "-o", "name", *place) == "configmap/e\n"
    kubectl("label", "cm", "e", "tier-", *place)
    assert "No resources" in kubectl("get", "cm", "-l", "tier=front", *place)


def test_a_deployment_rolls_out_back_and_to_another_size(kubectl: Kubectl) -> None:
    """Status, history, undo, restart, pause, scale, wait, and what get shows of all that."""
    place = ("-n", "shop")
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2", *place)
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", *place)
    kubectl("set", "image", "deploy/web", "nginx=nginx:2", *place)
    kubectl("rollout", "status", "deploy/web", *place)
    assert "\n2 " in kubectl("rollout", "history", "deploy/web", *place)
    assert "nginx:1" in kubectl("rollout", "history", "deploy/web", "--revision=1", *place)
    kubectl("rollout", "undo", "deploy/web", *place)
    kubectl("rollout", "status", "deploy/web", *place)
    template = kubectl.object("get", "deploy", "web", *place)["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "nginx:1"
    kubectl("rollout", "restart", "deploy/web", *place)
    kubectl("rollout", "pause", "deploy/web", *place)
    kubectl("rollout", "resume", "deploy/web", *place)
    kubectl("scale", "deploy/web", "--replicas=1", *place)
    assert "condition met" in kubectl("wait", "--for=condition=Available", "deploy/web", *place)
    kubectl("rollout", "status", "deploy/web", *place)
    kubectl("autoscale", "deployment", "web", "--max=3", *place)
    kubectl("expose", "deployment", "web", "--port=80", *place)
    shown = kubectl("get", "all", *place)
    for text in ("deployment.apps/web", "replicaset.apps/web-", "pod/web-", "service/web", "1/1"):
        assert text in shown
    assert "StrategyType:" in kubectl("describe", "deployment", "web", *place)
    assert "Service Account:" in kubectl("describe", "pod", "-l", "app=web", *place)
    kubectl("logs", "deploy/web", *place)
    kubectl("delete", "deployment", "web", "--cascade=foreground", *place)
    assert kubectl.run("get", "deployment", "web", *place).returncode == 1


def test_less_common_ways_to_change_objects_work(
    kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replaced by force, pruned, set field by field, waited for, and by subresource."""
    place = ("-n", "edits")
    kept = configmap("kept", a="1")
    kept["metadata"]["labels"] = {"set": "one"}
    kubectl("create", *place, "-f", "-", content=kept)
    uid = kubectl.object("get", "cm", "kept", *place)["metadata"]["uid"]
    assert "replaced" in kubectl("replace", "--force", *place, "-f", "-", content=kept)
    assert kubectl.object("get", "cm", "kept", *place)["metadata"]["uid"] != uid
    gone = configmap("gone", a="1")
    gone["metadata"]["labels"] = {"set": "one"}
    kubectl("apply", *place, "-f", "-", content=gone)
    prune = ("apply", *place, "--prune", "-l", "set=one", "--prune-allowlist=core/v1/ConfigMap")
    assert "configmap/gone pruned" in kubectl(*prune, "-f", "-", content=kept)
    monkeypatch.setenv("KUBECTL_APPLYSET", "true")
    applyset = ("apply", *place, "--prune", "--applyset=mine", "-f", "-")
    kubectl(*applyset, content=configmap("member", a="1"))
    assert "configmap/member pruned" in kubectl(*applyset, content=configmap("other", a="1"))
    kubectl("create", "deployment", "setting", "--image=nginx", "--replicas=0", *place)
    kubectl("set", "env", "deploy/setting", "COLOR=red", *place)
    kubectl("set", "resources", "deploy/setting", "--limits=cpu=1", *place)
    kubectl("patch", "deploy", "setting", "--subresource=scale", "--type=merge", *place,
            "-p", '{"spec":{"replicas":1}}')  # fmt: skip
    kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deploy/setting", *place)
    scale = kubectl.object("get", "deploy", "setting", "--subresource=scale", *place)
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)
    shown = kubectl("get", "deploy", "setting", "--subresource=scale", *place)
    assert shown.split()[:3] == ["NAME", "DESIRED", "AVAILABLE"]
    monkeypatch.setenv("KUBE_FEATURE_WatchListClient", "true")
    kubectl("wait", "--for=condition=Available", "deploy/setting", "--timeout=30s", *place)
    kubectl("delete", "deploy", "setting", *place)
    kubectl("wait", "--for=delete", "deploy/setting", "--timeout=30s", *place)
    tried = ("create", "cm", "dry", "--from-literal=a=b", "--dry-run=server", *place)
    assert "dry run" in kubectl(*tried)
    assert kubectl.run("get", "cm", "dry", *place).returncode == 1


def test_roles_are_reconciled_and_everything_is_dumped(kubectl: Kubectl, tmp_path: Path) -> None:
    """As by those who look after a cluster."""
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reconciled", "namespace": "edits"},
        "rules": [rule],
    }
    reconcile = ("auth", "reconcile", "-f", "-")
    assert "reconciled" in kubectl(*reconcile, content=role)
    more = {**role, "rules": [{**rule, "verbs": ["get", "list"]}]}
    assert "missing rules added" in kubectl(*reconcile, content=more)
    kubectl("cluster-info", "dump", "--namespaces=edits", f"--output-directory={tmp_path}")
    assert (tmp_path / "edits" / "pods.json").exists()


def test_lists_can_be_sorted_shaped_and_read_page_by_page(kubectl: Kubectl) -> None:
    """Also as names, wide, as YAML, by columns of one's own, and raw."""
    for name in "abc":
        kubectl("create", "cm", f"page-{name}", "--from-literal=a=1", "-n", "nodes")
    place = ("get", "cm", "-n", "nodes")
    paged = kubectl(*place, "--chunk-size=1", "-o", "name")
    assert paged == kubectl(*place, "--sort-by=.metadata.name", "-o", "name")
    assert "configmap/page-c" in paged
    assert "DATA" in kubectl(*place, "-o", "wide")
    columns = "custom-columns=N:.metadata.name"
    assert "page-b" in kubectl(*place, "-o", columns)
    assert "kind: ConfigMap" in kubectl(*place, "page-a", "-o", "yaml")
    assert "page-a" in kubectl("get", "--raw", "/api/v1/namespaces/nodes/configmaps")
    assert "page-a" in kubectl("get", "cm", "-A")


def test_what_happens_is_shown_as_it_happens(kubectl: Kubectl) -> None:
    """By `get --watch`, a row for each change, and one for what is gone."""
    place = ("-n", "nodes")
    kubectl("create", "cm", "watched", "--from-literal=a=1", *place)
    with kubectl.running(
        "get", "cm", "watched", "--watch", "--output-watch-events", *place
    ) as rows:
        assert next(rows).split()[:2] == ["EVENT", "NAME"]
        assert next(rows).split()[:3] == ["ADDED", "watched", "1"]
        kubectl("patch", "cm", "watched", "--type=merge", "-p", '{"data":{"b":"2"}}', *place)
        assert next(rows).split()[:3] == ["MODIFIED", "watched", "2"]
        kubectl("delete", "cm", "watched", *place)
        assert next(rows).split()[:3] == ["DELETED", "watched", "2"]


def test_sets_of_other_kinds_roll_out_too(kubectl: Kubectl) -> None:
    """With history and a way back; what they own may be left behind."""
    place = ("-n", "shop")
    for kind in ("StatefulSet", "DaemonSet"):
        body = {**deployment(kind.lower(), replicas=2), "kind": kind}
        if kind == "DaemonSet":
            del body["spec"]["replicas"]
        kubectl("create", *place, "-f", "-", content=body)
        name = f"{kind.lower()}/{kind.lower()}"
        kubectl("rollout", "status", name, "--timeout=60s", *place)
        kubectl("set", "image", name, "c=shop:2", *place)
        kubectl("rollout", "status", name, "--timeout=60s", *place)
        assert "\n2 " in kubectl("rollout", "history", name, *place)
        kubectl("rollout", "undo", name, *place)
        kubectl("rollout", "restart", name, *place)
        kubectl("rollout", "status", name, "--timeout=60s", *place)
        kubectl("delete", name, "--cascade=orphan", *place)
        labels = ("-l", f"app={kind.lower()}")
        assert "Running" in kubectl("get", "pods", *labels, *place)
        kubectl("delete", "pods", *labels, "--grace-period=1", *place)


def test_groups_are_shown_and_cannot_be_changed(kubectl: Kubectl) -> None:
    """This server answers for all of them itself."""
    assert "v1.apps" in kubectl("get", "apiservices")
    assert "Local" in kubectl("describe", "apiservice", "v1.apps")
    assert "MethodNotAllowed" in kubectl.run("delete", "apiservice", "v1.apps").stderr


def test_events_are_shown_of_their_object(kubectl: Kubectl) -> None:
    """By `events`, `get events` and `describe`, whichever of its two groups an event came by."""
    kubectl("create", "cm", "told", "--from-literal=a=1", "-n", "edits")
    found = kubectl.object("get", "cm", "told", "-n", "edits")
    regarding = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "told",
        "namespace": "edits",
        "uid": found["metadata"]["uid"],
    }
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "told.1", "namespace": "edits"},
        "eventTime": "2026-01-02T03:04:05.000000Z",
        "regarding": regarding,
        "reason": "Tested",
        "note": "all is well",
        "type": "Normal",
        "action": "Testing",
        "reportingController": "tester",
        "reportingInstance": "tester-1",
    }
    kubectl("create", "-f", "-", content=event)
    assert "all is well" in kubectl("events", "--for", "cm/told", "-n", "edits")
    assert "all is well" in kubectl("get", "events", "-n", "edits")
    assert "all is well" in kubectl("describe", "cm", "told", "-n", "edits")


def test_a_node_is_cordoned_drained_and_tainted(kubectl: Kubectl) -> None:
    """And a pod on it is evicted."""
    kubectl("run", "alone", "--image=nginx", "-n", "nodes")
    kubectl("wait", "--for=condition=Ready", "pod/alone", "-n", "nodes")
    drained = kubectl("drain", "local", "--force", "--ignore-daemonsets", "--timeout=30s")
    assert "pod/alone evicted" in drained
    assert "SchedulingDisabled" in kubectl("get", "nodes")
    kubectl("uncordon", "local")
    kubectl("taint", "node", "local", "a=b:NoSchedule")
    kubectl("taint", "node", "local", "a-")
    assert "Taints:             <none>" in kubectl("describe", "node", "local")


def test_a_custom_resource_is_explained_listed_and_held_to_its_schema(kubectl: Kubectl) -> None:
    """As soon as its definition is established."""
    kubectl("create", "-f", "-", content=definition())
    kubectl("wait", "--for=condition=Established", "crd/shelves.example.com")
    shelf = {
        "apiVersion": "example.com/v1",
        "kind": "Shelf",
        "metadata": {"name": "s"},
        "spec": {"size": 4},
    }
    kubectl("apply", "-f", "-", content=shelf)
    assert "SIZE" in kubectl("get", "sh")
    assert "size" in kubectl("explain", "shelf.spec")
    wrong = {**shelf, "spec": {"size": "many"}}
    assert "spec.size" in kubectl.run("apply", "-f", "-", content=wrong).stderr
    kubectl("delete", "crd", "shelves.example.com")
    assert kubectl.run("get", "sh").returncode == 1


def test_kubectl_learns_what_there_is(kubectl: Kubectl) -> None:
    """Resources, versions, explanations and the state of the server."""
    shown = kubectl("api-resources")
    assert "deploy" in shown
    assert "authorization.k8s.io/v1" in kubectl("api-versions")
    assert "containerPort" in kubectl("explain", "pod.spec.containers.ports")
    assert "The image to run." in kubectl("explain", "pod.spec.containers.image")
    assert "Entries of configuration" in kubectl("explain", "configmap")
    assert "strategy" in kubectl("explain", "deployment.spec", "--recursive")
    assert "is running at" in kubectl("cluster-info")
    assert "what this server lacks" in kubectl("get", "--raw", "/readyz?verbose")
    assert "Metrics API not available" in kubectl.run("top", "nodes").stderr


def test_kubectl_asks_who_may_do_what(kubectl: Kubectl) -> None:
    """For oneself and for a service account, and by a token of that account."""
    kubectl("create", "serviceaccount", "robot", "-n", "shop")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods", "-n", "shop")
    kubectl("create", "rolebinding", "r", "--role=reader", "--serviceaccount=shop:robot", "-n=shop")
    kubectl("delete", "clusterrolebinding", "local-service-accounts-may-everything")
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "*.*" in kubectl("auth", "can-i", "--list")
    assert "ruleengine:local-admin" in kubectl("auth", "whoami")
    robot = "--as=system:serviceaccount:shop:robot"
    assert kubectl("auth", "can-i", "get", "pods", "-n", "shop", robot) == "yes\n"
    refused = kubectl.run("auth", "can-i", "delete", "pods", "-n", "shop", robot)
    assert (refused.returncode, refused.stdout) == (1, "no\n")
    token = kubectl("create", "token", "robot", "-n", "shop", "--duration=1h").strip()
    listed = kubectl.run("get", "pods", "-n", "shop", "--user=", f"--token={token}")
    assert listed.returncode == 0, listed.stderr
    refused = kubectl.run("delete", "pod", "x", "-n", "shop", "--user=", f"--token={token}")
    assert "is forbidden" in refused.stderr


def test_deleting_a_namespace_takes_everything_in_it(kubectl: Kubectl) -> None:
    """And kubectl waits until it is gone."""
    kubectl("create", "namespace", "gone")
    kubectl("create", "-n", "gone", "-f", "-", content=deployment())
    kubectl("delete", "namespace", "gone", "--timeout=30s")
    assert "No resources found" in kubectl("get", "pods", "-n", "gone")
