"""How objects are shown: whole, as metadata, or as the rows that kubectl prints."""

import pytest

from tests.local.planes import Caller, cells_of, configmap, deployment

META = "g=meta.k8s.io"
MAPS = "/api/v1/namespaces/default/configmaps"
HEADINGS = {
    "/api/v1/pods": "Name Ready Status Restarts Age IP Node Nominated-Node Readiness-Gates",
    "/api/v1/services": "Name Type Cluster-IP External-IP Port(s) Age Selector",
    "/api/v1/endpoints": "Name Endpoints Age",
    "/api/v1/configmaps": "Name Data Age",
    "/api/v1/secrets": "Name Type Data Age",
    "/api/v1/namespaces": "Name Status Age",
    "/api/v1/nodes": (
        "Name Status Roles Age Version Internal-IP External-IP OS-Image Kernel-Version "
        "Container-Runtime"
    ),
    "/api/v1/serviceaccounts": "Name Secrets Age",
    "/api/v1/events": (
        "Last-Seen Type Reason Object Subobject Source Message First-Seen Count Name"
    ),
    "/api/v1/resourcequotas": "Name Request Limit Age",
    "/api/v1/replicationcontrollers": ("Name Desired Current Ready Age Containers Images Selector"),
    "/api/v1/persistentvolumeclaims": (
        "Name Status Volume Capacity Access-Modes StorageClass VolumeAttributesClass Age VolumeMode"
    ),
    "/apis/apps/v1/deployments": ("Name Ready Up-to-date Available Age Containers Images Selector"),
    "/apis/apps/v1/statefulsets": "Name Ready Age Containers Images",
    "/apis/apps/v1/daemonsets": (
        "Name Desired Current Ready Up-to-date Available Node-Selector Age Containers Images "
        "Selector"
    ),
    "/apis/batch/v1/jobs": "Name Status Completions Duration Age Containers Images Selector",
    "/apis/batch/v1/cronjobs": (
        "Name Schedule Timezone Suspend Active Last-Schedule Age Containers Images Selector"
    ),
    "/apis/networking.k8s.io/v1/ingresses": "Name Class Hosts Address Ports Age",
    "/apis/networking.k8s.io/v1/ingressclasses": "Name Controller Parameters Age",
    "/apis/networking.k8s.io/v1/networkpolicies": "Name Pod-Selector Age",
    "/apis/policy/v1/poddisruptionbudgets": (
        "Name Min-Available Max-Unavailable Allowed-Disruptions Age"
    ),
    "/apis/autoscaling/v2/horizontalpodautoscalers": (
        "Name Reference Targets MinPods MaxPods Replicas Age"
    ),
    "/apis/coordination.k8s.io/v1/leases": "Name Holder Age",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": "Name Created-At",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings": "Name Role Age Users Groups ServiceAccounts",
    "/apis/scheduling.k8s.io/v1/priorityclasses": (
        "Name Value Global-Default Age PreemptionPolicy"
    ),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": "Name Created-At",
    "/apis/storage.k8s.io/v1/csidrivers": "Name Age",
}


def table(version: str = "v1") -> dict[str, str]:
    """Return the headers of who wants a Table."""
    return {"accept": f"application/json;as=Table;v={version};{META}, application/json"}


@pytest.mark.parametrize("path", HEADINGS)
def test_a_kind_has_the_columns_that_people_know(call: Caller, path: str) -> None:
    """Also where there is nothing to show."""
    call.headers = table()
    _, found = call("GET", path)
    names = [one["name"].replace(" ", "-") for one in found["columnDefinitions"]]
    assert " ".join(names) == HEADINGS[path]


def test_cells_say_what_an_object_is_about(call: Caller) -> None:
    """Of what people look at most."""
    call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment())
    target = {"type": "Utilization", "averageUtilization": 80}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "maxReplicas": 5, "metrics": [metric]}
    scalers = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    call("POST", scalers, {"metadata": {"name": "h"}, "spec": spec})
    call.plane.advance(60)
    (row,) = cells_of(call, "/apis/apps/v1/deployments")
    assert (row["Ready"], row["Up-to-date"], row["Images"]) == ("3/3", 3, "shop:1")
    assert {one["Status"] for one in cells_of(call, "/api/v1/pods")} == {"Running"}
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "5", "limits.cpu": "2"}}}
    call("POST", "/api/v1/namespaces/default/resourcequotas", quota)
    call.plane.settle()
    (row,) = cells_of(call, "/api/v1/resourcequotas")
    assert (row["Request"], row["Limit"]) == ("pods: 3/5", "limits.cpu: 0/2")
    (row,) = cells_of(call, scalers)
    assert (row["Reference"], row["Targets"]) == ("Deployment/web", "cpu: <unknown>/80%")


def test_addresses_are_shown_with_their_ports_and_three_at_most(call: Caller) -> None:
    """As kubectl shows what is behind a Service; how many more there are is said."""
    base = "/api/v1/namespaces/default/endpoints"
    for name, count, ports in (("web", 5, [{"port": 80}]), ("bare", 2, []), ("none", 0, [])):
        subset = {"addresses": [{"ip": f"10.0.0.{one}"} for one in range(count)], "ports": ports}
        value = {"metadata": {"name": name}, "subsets": [subset] if count else []}
        assert call("POST", base, value)[0] == 201
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    ports = [{"port": 80}, {"name": "any"}]
    endpoints = [{"addresses": [f"10.0.0.{one}"]} for one in range(4)]
    value = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
    assert call("POST", slices, {"metadata": {"name": "web"}, **value})[0] == 201
    empty = {"metadata": {"name": "zero"}, "addressType": "IPv4", "endpoints": []}
    assert call("POST", slices, empty)[0] == 201
    shown = {row["Name"]: row["Endpoints"] for row in cells_of(call, base)}
    assert shown["web"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."
    assert (shown["bare"], shown["none"]) == ("10.0.0.0,10.0.0.1", "<none>")
    full, bare = (row for row in cells_of(call, slices) if row["Name"] in ("web", "zero"))
    assert full["Endpoints"] == "10.0.0.0,10.0.0.1,10.0.0.2 + 1 more..."
    assert (full["Ports"], bare["Endpoints"], bare["Ports"]) == ("80,any", "<unset>", "<unset>")


@pytest.mark.parametrize("include", ["None", "Metadata", "Object"])
def test_a_row_carries_as_much_of_its_object_as_is_asked_for(call: Caller, include: str) -> None:
    """Its metadata unless something else is wanted."""
    call("POST", MAPS, configmap("a"))
    fields = {"None": None, "Metadata": "PartialObjectMetadata", "Object": "ConfigMap"}
    call.headers = table("v1beta1")
    _, found = call("GET", MAPS, includeObject=include, fieldSelector="metadata.name=a")
    (row,) = found["rows"]
    assert found["apiVersion"] == "meta.k8s.io/v1beta1"
    assert (row.get("object") or {}).get("kind") == fields[include]


def test_what_a_row_should_carry_is_a_known_word(call: Caller) -> None:
    """Anything else is a bad request."""
    call.headers = table()
    assert call("GET", MAPS, includeObject="Everything")[0] == 400


def test_a_watch_tells_rows_to_who_wants_rows(call: Caller) -> None:
    """The row of what goes as well."""
    call("POST", MAPS, configmap("a"))
    at = call("GET", MAPS)[1]["metadata"]["resourceVersion"]
    call("DELETE", f"{MAPS}/a")
    call.headers = table()
    _, (event,) = call("GET", MAPS, watch="1", resourceVersion=at)
    assert (event["type"], event["object"]["kind"]) == ("DELETED", "Table")
    assert event["object"]["rows"][0]["cells"][0] == "a"


def test_who_wants_metadata_gets_nothing_else(call: Caller) -> None:
    """Of one object, of a list and of events."""
    call("POST", MAPS, configmap("a"))
    accept = {"accept": f"application/json;as=PartialObjectMetadata;v=v1;{META}"}
    call.headers = accept
    _, one = call("GET", f"{MAPS}/a")
    assert (one["kind"], one.keys()) == (
        "PartialObjectMetadata",
        {"kind", "apiVersion", "metadata"},
    )
    call.headers = {"accept": f"application/json;as=PartialObjectMetadataList;v=v1;{META}"}
    _, listed = call("GET", MAPS)
    assert listed["kind"] == "PartialObjectMetadataList"
    assert one in listed["items"]
    call.headers = accept
    _, events = call("GET", MAPS, watch="1")
    assert {event["object"]["kind"] for event in events} == {"PartialObjectMetadata"}


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("", 200),
        ("*/*", 200),
        ("application/vnd.kubernetes.protobuf, application/json", 200),
        (f"application/json;as=Table;v=v9;{META}, application/json", 200),
        ("application/vnd.kubernetes.protobuf", 406),
        ("text/html", 406),
        (f"application/json;as=Sheet;v=v1;{META}", 406),
    ],
)
def test_the_first_form_that_can_be_given_is_given(call: Caller, accept: str, code: int) -> None:
    """And none of what nobody asked for."""
    call.headers = {"accept": accept}
    status, found = call("GET", MAPS)
    assert status == code
    assert found["kind"] == ("ConfigMapList" if code == 200 else "Status")
