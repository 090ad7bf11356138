"""The channels that a websocket to a process has: numbered, in the first byte of each message.

The protocols are ``v4.channel.k8s.io`` and, with the message that closes a channel,
``v5.channel.k8s.io`` (reference, Kubernetes API section 3).
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Channel(IntEnum):
    """What a message is about; CLOSE names the channel that is closed in its second byte."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4
    CLOSE = 255


def chosen_protocol(offered: Iterable[str], ours: Sequence[str] = PROTOCOLS) -> str:
    """Return the first of our protocols that a client offers; empty where it offers none."""
    known = set(offered)
    return next((one for one in ours if one in known), "")


def framed(channel: int, data: bytes) -> bytes:
    """Return the message that carries data on a channel."""
    return bytes((channel,)) + data


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in a RESIZE message, ``None`` where it holds none."""
    try:
        found = json_text.loads(data)
        return int(found["Width"]), int(found["Height"])
    except (ValueError, KeyError, TypeError):
        return None


def outcome(code: int) -> bytes:
    """Return the ERROR message about a process that ended with an exit code."""
    status: Object = {"metadata": {}, "status": "Success"}
    if code:
        status |= {
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }
    return framed(Channel.ERROR, json_text.dump_bytes(status))
