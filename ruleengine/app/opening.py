"""``local open``: a Service of the local control plane under a port of this machine.

Addresses of Services lead nowhere here: there is no network of pods. What stands behind one,
if it really runs, listens on an address of loopback, and that is what a port is opened for.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import RUN
from ruleengine.model.suggestions import some_of
from ruleengine.model.values import Object, lookup

_SERVICE_OF = "kubernetes.io/service-name"
_LOOPBACK = "127."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A Service that was opened. ``serve`` forwards until its event is set."""

    service: Target
    port: int
    address: str
    serve: Callable[[threading.Event], None] = field(repr=False)


@contextmanager
def opened(
    state: Path, namespace: str, name: str, *, service_port: str = "", port: int = 0
) -> Iterator[Opened]:
    """Open a Service under ``port``, 0 for its own where that is free, else for any.

    ``service_port`` is the name or number of the Service's port; without it the first is meant.
    Raises ``UsageError`` where there is no such Service or port, and ``FailedError`` where
    nobody behind it listens or the port is taken.
    """
    from ruleengine.cluster.connection import connect
    from ruleengine.local import forwarding, process

    with process.ensure(state) as running:
        client = Client(connect(str(running.kubeconfig)))
        target = Target("v1", "Service", namespace, name)
        service = _service(client, target)
        wanted = chosen_port(service, service_port)

        def find() -> tuple[str, int] | None:
            return place_of(_slices(client, target), wanted)

        first = find()
        if first is None:
            raise _nobody(target, _slices(client, target))
        listener = _listen(port, int(wanted["port"]))
        yield Opened(
            service=target,
            port=listener.getsockname()[1],
            address=f"{first[0]}:{first[1]}",
            serve=lambda stop: forwarding.forward(listener, find, stop),
        )


def chosen_port(service: Object, text: str) -> Object:
    """Return the port of a Service that a name or number names; without one the first.

    Raises ``UsageError``.
    """
    ports: list[Object] = lookup(service, "spec", "ports", default=[])
    named = [one for one in ports if text in ("", one.get("name"), str(one["port"]))]
    if named:
        return named[0]
    known = ", ".join(str(one.get("name") or one["port"]) for one in ports) or "none"
    name = service["metadata"]["name"]
    message = f"the Service {name} has no port {text}" if text else f"{name} has no ports"
    raise UsageError(message, f"its ports: {known}")


def place_of(slices: Sequence[Object], port: Object) -> tuple[str, int] | None:
    """Return where a process listens that is ready behind a port of a Service, if any."""
    for one in slices:
        numbers = {found.get("name", ""): found["port"] for found in one.get("ports") or ()}
        number = numbers.get(port.get("name") or "")
        for address in _ready(one):
            if number and address.startswith(_LOOPBACK):
                return address, int(number)
    return None


def _ready(found: Object) -> Iterator[str]:
    for one in found.get("endpoints") or ():
        if lookup(one, "conditions", "ready"):
            yield from one["addresses"]


def _service(client: Client, target: Target) -> Object:
    found = client.get(target)
    if found is not None:
        return found
    others = client.list("v1", "Service", namespace=target.namespace).items
    names = some_of([str(one["metadata"]["name"]) for one in others])
    raise UsageError(
        f"there is no Service {target.name} in the namespace {target.namespace}",
        f"name another, or another namespace with -n; Services there: {names}",
    )


def _slices(client: Client, target: Target) -> Sequence[Object]:
    return client.list(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        namespace=target.namespace,
        label_selector=f"{_SERVICE_OF}={target.name}",
    ).items


def _nobody(target: Target, slices: Sequence[Object]) -> FailedError:
    """Say why nobody behind a Service can be reached."""
    if any(True for one in slices for _ in _ready(one)):
        return FailedError(
            f"the pods behind the Service {target.name} are simulated: nothing listens",
            f"annotate their template with {RUN}: process to have them run on this machine",
        )
    return FailedError(
        f"no pod behind the Service {target.name} is ready",
        f"see what they wait for: kubectl get pods -n {target.namespace}",
    )


def _listen(port: int, wanted: int) -> socket.socket:
    """Listen on a stated port; else on the Service's own where that is free, else on any."""
    from ruleengine.local import forwarding

    try:
        return forwarding.listen(port or wanted)
    except OSError as error:
        if not port:
            return forwarding.listen(0)
        message = f"port {port} of this machine cannot be opened: {error.strerror}"
        raise FailedError(message, "choose another with --port") from error
