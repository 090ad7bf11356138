"""Tokens of service accounts: whom they speak for, and when they are worth nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.service_accounts import Account, ServiceAccountTokens
from ruleengine.model.secrets import Secret
from tests.local.planes import Caller

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = Account(namespace="n", name="builder", uid="u1", pod="p", pod_uid="u2")
TOKENS = ServiceAccountTokens(Secret("of the server"))


def test_a_token_says_whom_it_speaks_for() -> None:
    """What was put in comes out."""
    token = TOKENS.mint(ACCOUNT, NOW, HOUR).reveal()
    assert TOKENS.read(token, NOW) == ACCOUNT
    bound_to_none = replace(ACCOUNT, pod="", pod_uid="")
    assert TOKENS.read(TOKENS.mint(bound_to_none, NOW, HOUR).reveal(), NOW) == bound_to_none


@pytest.mark.parametrize("seconds", [-1, 3600])
def test_a_token_is_worth_nothing_outside_its_time(seconds: int) -> None:
    """Not before it was made, not after it has expired."""
    token = TOKENS.mint(ACCOUNT, NOW, HOUR).reveal()
    assert TOKENS.read(token, NOW + timedelta(seconds=seconds)) is None


def test_a_token_for_somebody_else_is_refused() -> None:
    """The audience has to agree."""
    token = TOKENS.mint(ACCOUNT, NOW, HOUR, "vault").reveal()
    assert TOKENS.read(token, NOW) is None
    assert TOKENS.read(token, NOW, "vault") == ACCOUNT


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "\N{SNOWMAN}.b.c"])
def test_other_texts_are_no_tokens(token: str) -> None:
    """They are refused, whatever they are."""
    assert TOKENS.read(token, NOW) is None


def test_the_token_of_another_server_is_refused() -> None:
    """Also where a claim was changed."""
    token = ServiceAccountTokens(Secret("other")).mint(ACCOUNT, NOW, HOUR).reveal()
    assert TOKENS.read(token, NOW) is None
    head, claims, signature = TOKENS.mint(ACCOUNT, NOW, HOUR).reveal().split(".")
    assert TOKENS.read(f"{head}.{claims[:-1]}A.{signature}", NOW) is None


def test_the_server_accepts_an_account_while_it_and_its_pod_exist() -> None:
    """A token outlives neither."""
    clock = VirtualClock()
    server = Secret("of the server")
    plane = ControlPlane(MemoryStore(), clock, token=server, patience=0, strict=True)
    plane.settle()
    call = Caller(plane)

    def get(token: Secret) -> int:
        call.headers = {"authorization": f"Bearer {token.reveal()}"}
        return call("GET", "/api/v1/namespaces")[0]

    def make(resource: str, value: object) -> str:
        call.headers = {"authorization": f"Bearer {server.reveal()}"}
        found = call("POST", f"/api/v1/namespaces/default/{resource}", value)[1]
        return str(found["metadata"]["uid"])

    uid = make("serviceaccounts", {"metadata": {"name": "builder"}})
    spec = {"containers": [{"name": "c", "image": "i"}], "serviceAccountName": "builder"}
    pod = make("pods", {"metadata": {"name": "p"}, "spec": spec})
    account = Account(namespace="default", name="builder", uid=uid, pod="p", pod_uid=pod)
    token = TOKENS.mint(account, clock.now(), HOUR)
    assert get(token) == 200
    assert get(TOKENS.mint(replace(account, uid="x"), clock.now(), HOUR)) == 401
    assert get(TOKENS.mint(replace(account, pod_uid="x"), clock.now(), HOUR)) == 401
    clock.move_by(3600)
    assert get(token) == 401
