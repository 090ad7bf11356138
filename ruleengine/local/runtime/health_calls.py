"""Asks a server how it is by gRPC (``grpc.health.v1.Health/Check``), as a kubelet's probe does.

The library is an extra, ``ruleengine[grpc]``: few pods have such probes. The two messages have a
field each, so nothing is generated for them.
"""

import importlib.util
from functools import cache
from typing import Final

from ruleengine.apimachinery.protobuf_wire import ProtobufError, bytes_field, read_fields
from ruleengine.local.runtime.checks import GrpcAction, Result

_METHOD: Final = "/grpc.health.v1.Health/Check"
_SERVICE: Final = 1
_STATUS: Final = 1
_SERVING: Final = "SERVING"
_STATES: Final = ("UNKNOWN", _SERVING, "NOT_SERVING", "SERVICE_UNKNOWN")
_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.primary_user_agent", "kube-probe/1.34"),
)


@cache
def is_available() -> bool:
    """Tell whether the library is installed."""
    return importlib.util.find_spec("grpc") is not None


def ask(action: GrpcAction, timeout: float) -> Result:
    """Ask a server; only ``SERVING`` is success. ``timeout`` is in seconds."""
    import grpc

    request = bytes_field(_SERVICE, action.service.encode())
    address = f"{action.host}:{action.port}"
    with grpc.insecure_channel(address, options=_OPTIONS) as channel:
        try:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                _METHOD, request_serializer=bytes, response_deserializer=bytes
            )
            reply = call(request, timeout=timeout)
        except grpc.RpcError as error:
            return False, _told(error)
    try:
        state = _state(reply)
    except ProtobufError as error:
        return False, f"the answer is none of the health protocol: {error}"
    return state == _SERVING, "" if state == _SERVING else f"the server says {state}"


def _told(error: Exception) -> str:
    import grpc

    if not isinstance(error, grpc.Call):
        return str(error)
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return "the server does not implement the health protocol (grpc.health.v1.Health)"
    return f"{error.code().name}: {error.details()}"


def _state(reply: bytes) -> str:
    """Return what a reply says; without a field it is the first. Raises ``ProtobufError``."""
    numbers = [one.value for one in read_fields(reply) if one.number == _STATUS]
    number = numbers[-1] if numbers else 0
    if isinstance(number, int) and number < len(_STATES):
        return _STATES[number]
    return f"the unknown state {number!r}"
