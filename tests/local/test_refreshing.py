"""The files of volumes follow what they stand for, and tokens are replaced in time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.runtime.refreshing import minted_at, next_token, refers_to
from ruleengine.local.runtime.values import VolumeFile
from ruleengine.model.values import Object
from tests.local.pretending import Bench, container, pod

BASE = "/api/v1/namespaces/default"
MERGE = "application/merge-patch+json"
BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def configmap(**data: str) -> Object:
    """Return a ConfigMap."""
    return {"metadata": {"name": "m"}, "data": data}


def test_a_changed_object_reaches_the_files_of_running_containers() -> None:
    """At once, and a container that has ended keeps what it had."""
    bench = Bench()
    bench.call("POST", f"{BASE}/configmaps", configmap(a="1"))
    mounted = container(volumeMounts=[{"name": "v", "mountPath": "/v"}])
    bench.create(containers=[mounted], volumes=[{"name": "v", "configMap": {"name": "m"}}])
    assert bench.runner.files == {"v": {"a": VolumeFile(b"1")}}
    bench.call("PATCH", f"{BASE}/configmaps/m", {"data": {"a": None, "b": "2"}}, MERGE)
    bench.plane.advance(0)
    assert bench.runner.files == {"v": {"b": VolumeFile(b"2")}}
    bench.call("DELETE", f"{BASE}/configmaps/m")
    bench.plane.advance(0)
    assert bench.runner.files == {}
    assert bench.read()["status"]["phase"] == "Running"


def test_only_pods_with_files_of_an_object_are_looked_at() -> None:
    """By name and kind, also in a projection."""
    projected = {
        "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "m"}}]}
    }
    value = pod(volumes=[{"name": "v", **projected}, {"name": "w", "secret": {"secretName": "t"}}])
    assert refers_to(value, "secrets", "s")
    assert refers_to(value, "configmaps", "m")
    assert refers_to(value, "secrets", "t")
    assert not refers_to(value, "secrets", "m")
    assert not refers_to(pod(), "secrets", "s")


@given(life=st.integers(10, 10**8), passed=st.integers(0, 10**8))
def test_a_token_that_is_made_now_is_good_for_a_fifth_of_its_life(life: int, passed: int) -> None:
    """It is the same for four fifths of it, so that its file need not change."""
    now, whole = BEGIN + timedelta(seconds=passed), timedelta(seconds=life)
    made = minted_at(whole, now)
    assert made <= now <= made + whole * 0.8
    assert minted_at(whole, made) == made


def test_a_token_of_its_own_is_replaced_before_it_expires() -> None:
    """The pod is looked at then; others need not be."""
    token = {"serviceAccountToken": {"path": "t", "expirationSeconds": 1000}}
    value = pod(volumes=[{"name": "v", "projected": {"sources": [token]}}])
    at = next_token(value, BEGIN)
    assert at is not None
    assert BEGIN < at <= BEGIN + timedelta(seconds=800)
    assert minted_at(timedelta(seconds=1000), at) > minted_at(timedelta(seconds=1000), BEGIN)
    assert next_token(pod(), BEGIN) is None
