"""Secrets that ask for the token of a service account: filled, and gone with their account."""

import base64
from typing import Any

import pytest

from tests.local.planes import Caller

BASE = "/api/v1/namespaces/default"
SECRET = f"{BASE}/secrets/robot.service-account-token"


@pytest.fixture
def secret(call: Caller) -> Any:
    """Return a Secret of an account as it was filled."""
    call("POST", f"{BASE}/serviceaccounts", {"metadata": {"name": "robot"}})
    annotations = {"kubernetes.io/service-account.name": "robot"}
    metadata = {"name": "robot.service-account-token", "annotations": annotations}
    kind = "kubernetes.io/service-account-token"
    body = {"metadata": metadata, "type": kind, "data": {"more": "eA=="}}
    assert call("POST", f"{BASE}/secrets", body)[0] == 201
    call.plane.advance(1)
    return call("GET", SECRET)[1]


def test_a_secret_gets_the_token_of_its_account(call: Caller, secret: Any) -> None:
    """Which speaks for the account, once and for all; what else it holds stays."""
    data = {name: base64.b64decode(text) for name, text in secret["data"].items()}
    assert (data["more"], data["namespace"]) == (b"x", b"default")
    review = {"spec": {"token": data["token"].decode()}}
    answer = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)[1]["status"]
    assert answer["user"]["username"] == "system:serviceaccount:default:robot"
    call.plane.advance(600)
    assert call("GET", SECRET)[1] == secret


def test_a_secret_goes_with_its_account_and_its_token_with_it(call: Caller, secret: Any) -> None:
    """So does one that names an account which does not exist, or another of the same name."""
    token = base64.b64decode(secret["data"]["token"]).decode()
    call("DELETE", f"{BASE}/serviceaccounts/robot")
    call.plane.advance(1)
    assert call("GET", SECRET)[0] == 404
    review = {"spec": {"token": token}}
    answer = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)[1]["status"]
    assert not answer.get("authenticated")
    body = {name: secret[name] for name in ("type", "data")}
    metadata = {name: secret["metadata"][name] for name in ("name", "annotations")}
    call("POST", f"{BASE}/serviceaccounts", {"metadata": {"name": "robot"}})
    call("POST", f"{BASE}/secrets", {**body, "metadata": metadata})
    call.plane.advance(1)
    assert call("GET", SECRET)[0] == 404
