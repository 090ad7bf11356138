"""What becomes of PersistentVolumeClaims, in virtual time."""

from typing import Any

import pytest

from ruleengine.model.names import PROVISIONER
from tests.local.planes import MERGE, Caller, cells_of

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
PODS = "/api/v1/namespaces/default/pods"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


def claim(call: Caller, size: str = "1Gi", **spec: Any) -> Any:
    """Make a claim and return what became of it."""
    body = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **spec,
        },
    }
    status, made = call("POST", CLAIMS, body)
    assert status == 201, made
    call.plane.settle()
    return call("GET", f"{CLAIMS}/data")[1]


def volume(call: Caller, name: str, size: str, **spec: Any) -> None:
    """Make a volume by hand."""
    body = {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/data"},
            "storageClassName": "manual",
            **spec,
        },
    }
    status, made = call("POST", VOLUMES, body)
    assert status == 201, made
    call.plane.settle()


def events(call: Caller) -> list[tuple[str, str]]:
    """Return reason and message of the events about claims."""
    found = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    return [(one["reason"], one["message"]) for one in found]


def phase(call: Caller, name: str) -> str:
    """Return the phase of a volume."""
    return str(call("GET", f"{VOLUMES}/{name}")[1]["status"]["phase"])


def test_a_claim_gets_a_directory(call: Caller) -> None:
    """By the default class; the volume goes with its claim."""
    found = claim(call)
    assert found["spec"]["storageClassName"] == "standard"
    assert (found["status"]["phase"], found["status"]["capacity"]) == ("Bound", {"storage": "1Gi"})
    name = found["spec"]["volumeName"]
    bound = call("GET", f"{VOLUMES}/{name}")[1]
    assert bound["spec"]["csi"]["volumeHandle"] == found["metadata"]["uid"]
    assert bound["spec"]["claimRef"]["uid"] == found["metadata"]["uid"]
    assert phase(call, name) == "Bound"
    call("DELETE", f"{CLAIMS}/data")
    call.plane.settle()
    assert call("GET", f"{VOLUMES}/{name}")[0] == 404


def test_tables_show_what_is_bound_to_what(call: Caller) -> None:
    """Volumes name their claim, classes who serves them."""
    claim(call)
    (row,) = cells_of(call, VOLUMES)
    assert (row["Capacity"], row["Claim"], row["Status"]) == ("1Gi", "default/data", "Bound")
    (kind,) = cells_of(call, CLASSES)
    assert (kind["Name"], kind["Provisioner"]) == ("standard", PROVISIONER)


def test_the_smallest_volume_that_fits_is_taken(call: Caller) -> None:
    """And kept when the claim has gone, since somebody made it by hand."""
    for name, size in (("big", "9Gi"), ("small", "1Gi"), ("fitting", "3Gi")):
        volume(call, name, size)
    assert phase(call, "fitting") == "Available"
    found = claim(call, "2Gi", storageClassName="manual")
    assert found["spec"]["volumeName"] == "fitting"
    assert found["status"]["capacity"] == {"storage": "3Gi"}
    call("DELETE", f"{CLAIMS}/data")
    call.plane.settle()
    assert phase(call, "fitting") == "Released"


def test_a_claim_waits_for_its_volume(call: Caller) -> None:
    """One that appears later is taken."""
    found = claim(call, storageClassName="")
    assert found["status"]["phase"] == "Pending"
    assert [reason for reason, _ in events(call)] == ["FailedBinding"]
    volume(call, "late", "1Gi", storageClassName="")
    assert call("GET", f"{CLAIMS}/data")[1]["status"]["phase"] == "Bound"


def test_a_claim_takes_the_volume_that_it_names(call: Caller) -> None:
    """And no other claim's."""
    reference = {"namespace": "default", "name": "other"}
    volume(call, "kept", "1Gi", claimRef=reference)
    found = claim(call, storageClassName="manual", volumeName="kept")
    assert found["status"]["phase"] == "Pending"
    call("DELETE", f"{CLAIMS}/data")
    volume(call, "free", "1Gi")
    found = claim(call, storageClassName="manual", volumeName="free")
    assert found["status"]["phase"] == "Bound"


@pytest.mark.parametrize(
    ("provisioner", "reason"),
    [(None, "ProvisioningFailed"), ("ebs.example.com", "ExternalProvisioning")],
)
def test_a_class_that_nobody_serves_is_told(
    call: Caller, provisioner: str | None, reason: str
) -> None:
    """Once the class is ours, the claim is bound."""
    if provisioner:
        call("POST", CLASSES, {"metadata": {"name": "gp3"}, "provisioner": provisioner})
    assert claim(call, storageClassName="gp3")["status"]["phase"] == "Pending"
    assert [one for one, _ in events(call)] == [reason]
    if provisioner:
        call("DELETE", f"{CLASSES}/gp3")
    call("POST", CLASSES, {"metadata": {"name": "gp3"}, "provisioner": PROVISIONER})
    call.plane.settle()
    assert call("GET", f"{CLAIMS}/data")[1]["status"]["phase"] == "Bound"


def test_a_claim_whose_volume_is_gone_is_lost(call: Caller) -> None:
    """It says so and is not bound anew; only who takes the finalizer away can do that."""
    name = claim(call)["spec"]["volumeName"]
    call("DELETE", f"{VOLUMES}/{name}")
    call.plane.settle()
    assert call("GET", f"{CLAIMS}/data")[1]["status"]["phase"] == "Bound"
    call("PATCH", f"{VOLUMES}/{name}", {"metadata": {"finalizers": None}}, MERGE)
    call.plane.settle()
    assert call("GET", f"{CLAIMS}/data")[1]["status"]["phase"] == "Lost"
    assert [reason for reason, _ in events(call)] == ["ClaimLost"]


def test_a_bound_claim_writes_nothing_more(call: Caller) -> None:
    """Looking again changes nothing."""
    claim(call)
    before = call.plane.store.revision
    call("PATCH", f"{CLAIMS}/data", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    call.plane.settle()
    assert call.plane.store.revision == before + 1


def user(name: str = "p", claim_name: str = "data") -> Any:
    """Return a pod that mounts a claim."""
    source = {"persistentVolumeClaim": {"claimName": claim_name}}
    container = {"name": "c", "image": "shop:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    spec = {"containers": [container], "volumes": [{"name": "v", **source}]}
    return {"metadata": {"name": name}, "spec": spec}


def test_a_claim_that_is_used_stays_until_its_last_pod_is_gone(call: Caller) -> None:
    """And so does its volume."""
    name = claim(call)["spec"]["volumeName"]
    for one in ("p", "q"):
        call("POST", PODS, user(one))
    call.plane.advance(3)
    call("DELETE", f"{CLAIMS}/data")
    call("DELETE", f"{PODS}/p")
    call.plane.advance(60)
    held = call("GET", f"{CLAIMS}/data")[1]["metadata"]
    assert held["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert "deletionTimestamp" in held
    assert phase(call, name) == "Bound"
    (row,) = cells_of(call, CLAIMS)
    assert row["Status"] == "Terminating"
    call("DELETE", f"{PODS}/q")
    call.plane.advance(60)
    assert call("GET", f"{CLAIMS}/data")[0] == 404
    assert call("GET", f"{VOLUMES}/{name}")[0] == 404


def test_a_claim_that_no_pod_uses_any_more_goes_at_once(call: Caller) -> None:
    """A pod that waits for its place, or is over, uses nothing."""
    claim(call)
    waiting = user()
    waiting["spec"]["nodeSelector"] = {"a": "b"}
    call("POST", PODS, waiting)
    call.plane.advance(3)
    call("DELETE", f"{CLAIMS}/data")
    call.plane.settle()
    assert call("GET", f"{CLAIMS}/data")[0] == 404


def test_a_volume_made_by_hand_is_kept_until_its_claim_is_gone(call: Caller) -> None:
    """It is let go, and then it goes."""
    volume(call, "disk", "2Gi")
    claim(call, storageClassName="manual")
    call("DELETE", f"{VOLUMES}/disk")
    call.plane.settle()
    assert phase(call, "disk") == "Bound"
    call("DELETE", f"{CLAIMS}/data")
    call.plane.settle()
    assert call("GET", f"{VOLUMES}/disk")[0] == 404
