"""Secrets that ask for the token of a service account: filled, and gone with their account."""

import base64
from typing import Any

import pytest

from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.secrets import Secret
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


def test_a_secret_of_an_imported_state_is_filled_anew(call: Caller, secret: Any) -> None:
    """A server with other keys takes no token of the one before; then it stays as it is."""
    plane = call.plane
    other = ControlPlane(
        plane.store, plane.clock, token=Secret("other"), authority="other's", strict=True
    )
    other.settle()
    caller = Caller(other)

    def ask(method: str, path: str, body: Any = None) -> Any:
        caller.headers = {"authorization": "Bearer other"}
        return caller(method, path, body)[1]

    filled = ask("GET", SECRET)
    data = {name: base64.b64decode(text).decode() for name, text in filled["data"].items()}
    assert (data["ca.crt"], data["more"]) == ("other's", "x")
    assert filled["data"]["token"] != secret["data"]["token"]
    reviews = "/apis/authentication.k8s.io/v1/tokenreviews"
    answer = ask("POST", reviews, {"spec": {"token": data["token"]}})["status"]
    assert answer["user"]["username"] == "system:serviceaccount:default:robot"
    other.advance(600)
    assert ask("GET", SECRET) == filled
