"""The address of a pod of processes: one of its own on the loopback of this machine.

Pods share the machine's network. A process that listens on its pod's address, or on all of
them, is reached there; two that listen on all addresses cannot have the same port.
"""

import contextlib
import errno
import socket
from typing import Final

from ruleengine.model.digests import content_digest
from ruleengine.model.values import Object, lookup

HOST: Final = "127.0.0.1"


def address_of(pod: Object) -> str:
    """Return the address of a pod, derived from its uid: one of 127.64.0.0/10."""
    if lookup(pod, "spec", "hostNetwork"):
        return HOST
    number = int(content_digest(pod["metadata"]["uid"])[:8], 16)
    return f"127.{64 + number // 64516 % 64}.{number // 254 % 254}.{number % 254 + 1}"


def check_ports(address: str, ports: tuple[int, ...]) -> None:
    """Raise ``OSError`` for a port on which somebody listens already, on all addresses or there."""
    for port in ports:
        with socket.socket() as one, contextlib.suppress(PermissionError, OverflowError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise OSError(_taken(address, port)) from None


def _taken(address: str, port: int) -> str:
    return (
        f"port {port} is taken: pods share this machine's network, and another pod or program "
        "listens on it at all addresses; have that one listen on its own address only (fieldRef "
        f"status.podIP, here {address}), or give one of them another port"
    )
