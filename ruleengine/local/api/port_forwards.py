"""``pods/portforward``: a client talks to ports of a pod."""

from dataclasses import dataclass
from typing import Final

from ruleengine.local.api.failures import bad_request
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import RUN, SIMULATED
from ruleengine.model.values import Object, lookup

_LARGEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Forwarding:
    """An address of a pod, and the ports that a client has named from the start."""

    host: str
    ports: tuple[int, ...]


def start(pod: Object, request: HttpRequest) -> Forwarding:
    """Return where the ports of a pod are. Raises ``ApiFailure`` 400."""
    name = pod["metadata"]["name"]
    if lookup(pod, "metadata", "annotations", SIMULATED):
        raise bad_request(
            f"pod {name} is simulated by the local node: nothing listens there; annotate it with "
            f"{RUN}: process to have it run"
        )
    phase = lookup(pod, "status", "phase")
    host = lookup(pod, "status", "podIP")
    if phase != "Running" or not host:
        raise bad_request(f"unable to forward port because pod is not running (status: {phase})")
    stated = ",".join(text for name, text in request.query if name == "ports")
    ports = tuple(_port(one) for one in stated.split(",") if one)
    return Forwarding(str(host), ports)


def _port(text: str) -> int:
    """Return the number of a port. Raises ``ApiFailure`` 400."""
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST_PORT:
        raise bad_request(f"{text!r} is no port: a number from 1 to {_LARGEST_PORT}")
    return int(text)
