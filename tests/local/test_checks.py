"""Probes and hooks as values: what a container states is what is tried. Pure."""

from typing import Any

import pytest

from ruleengine.local.runtime.checks import (
    Action,
    Check,
    ExecAction,
    GrpcAction,
    HttpAction,
    Purpose,
    SleepAction,
    TcpAction,
    checks_of,
)
from ruleengine.local.runtime.surroundings import NotReadyError
from ruleengine.model.values import Object
from tests.local.pretending import container

HERE = "127.64.0.9"
NUMBERS = {
    "initialDelaySeconds": 1,
    "periodSeconds": 2,
    "timeoutSeconds": 3,
    "successThreshold": 4,
    "failureThreshold": 5,
    "terminationGracePeriodSeconds": 6,
}


def checks(**more: Any) -> dict[Purpose, Check]:
    """Return the checks of a container with a port named ``web``."""
    ports = [{"name": "web", "containerPort": 8080}]
    return checks_of(container(ports=ports, **more), HERE)


ACTIONS: list[tuple[Object, Action]] = [
    ({"exec": {"command": ["a", "b"]}}, ExecAction(("a", "b"))),
    ({"httpGet": {"port": 80}}, HttpAction(HERE, 80, "/")),
    (
        {
            "httpGet": {
                "host": "h",
                "port": "web",
                "path": "up?x=1",
                "scheme": "HTTPS",
                "httpHeaders": [{"name": "N", "value": "v"}, {"name": "E"}],
            }
        },
        HttpAction("h", 8080, "/up?x=1", (("N", "v"), ("E", "")), tls=True),
    ),
    ({"tcpSocket": {"port": "9"}}, TcpAction(HERE, 9)),
    ({"tcpSocket": {"host": "h", "port": "web"}}, TcpAction("h", 8080)),
    ({"grpc": {"port": 9000}}, GrpcAction(HERE, 9000)),
    (
        {"grpc": {"port": 9000, "service": "cart", "mode": "Plaintext"}},
        GrpcAction(HERE, 9000, "cart"),
    ),
    ({"sleep": {"seconds": 5}}, SleepAction(5)),
]


@pytest.mark.parametrize(("stated", "action"), ACTIONS)
def test_an_action_is_what_a_hook_states(stated: Object, action: Action) -> None:
    """At the address of the pod where no other host is named; ports may be named."""
    found = checks(lifecycle={"postStart": stated, "preStop": stated})
    assert {one: check.action for one, check in found.items()} == {
        Purpose.POST_START: action,
        Purpose.PRE_STOP: action,
    }


@pytest.mark.parametrize("purpose", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_a_probe_has_its_numbers_or_the_usual_ones(purpose: str) -> None:
    """All of them, for each of the three."""
    stated = {"tcpSocket": {"port": 1}}
    (usual,) = checks(**{purpose: stated}).values()
    action = TcpAction(HERE, 1)
    assert usual == Check(
        container="c",
        purpose=Purpose(purpose),
        action=action,
        delay=0,
        period=10,
        timeout=1,
        successes=1,
        failures=3,
        grace=None,
    )
    (own,) = checks(**{purpose: {**stated, **NUMBERS}}).values()
    numbers = (own.delay, own.period, own.timeout, own.successes, own.failures, own.grace)
    assert numbers == (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"tcpSocket": {"port": "other"}}, "no port named 'other'"),
        ({"grpc": {"port": 1, "mode": "TLS"}}, "asks by gRPC in TLS"),
        ({"other": {}}, "does not say what is to be done"),
    ],
)
def test_what_cannot_be_tried_is_named(stated: Object, message: str) -> None:
    """The pod fails rather than to run unwatched."""
    with pytest.raises(NotReadyError, match=message) as found:
        checks(lifecycle={"preStop": stated})
    assert found.value.final
