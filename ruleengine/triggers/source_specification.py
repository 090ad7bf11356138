"""What an EventSource asks for, read once (reference, Events 2 and 4).

Every kind of source that is honoured becomes a :class:`Route` or something like it; what is
not honoured, or has no usable value, becomes a problem, and the whole object is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, Value, lookup
from ruleengine.triggers.problems import WrongError, unsupported
from ruleengine.triggers.source_filter import check_filter
from ruleengine.triggers.values import mapping, text

DEFAULT_BUS: Final = "default"

LARGEST_PAYLOAD: Final = 1024 * 1024
"""How many bytes a request may have where its EventSource does not say."""

_RECREATED: Final = frozenset(
    {
        *("amqp", "azureEventsHub", "azureServiceBus", "calendar", "emitter", "file", "generic"),
        *("hdfs", "kafka", "minio", "mqtt", "nats", "nsq", "pubSub", "pulsar", "redis"),
        *("redisStream", "resource", "sftp"),
    }
)
"""Kinds of which one replica runs; they do not share an object with those that serve."""

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_NO_KINDS: Final = frozenset({"eventBusName", "replicas", "service", "template"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A key of a Secret in the namespace of the object that names it."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One event that comes by HTTP: where it is received, and what its requests must be.

    ``filter`` is the expression that an event has to pass; empty where there is none.
    """

    event: str
    type: str
    port: int
    endpoint: str
    method: str
    largest: int = LARGEST_PAYLOAD
    metadata: Object = field(default_factory=dict)
    token: SecretKey | None = None
    filter: str = ""

    def as_value(self) -> Object:
        """Return the route as plain data; :meth:`of` reads it back."""
        token = None if self.token is None else {"name": self.token.name, "key": self.token.key}
        return {
            "event": self.event,
            "type": self.type,
            "port": self.port,
            "endpoint": self.endpoint,
            "method": self.method,
            "largest": self.largest,
            "metadata": self.metadata,
            "token": token,
            "filter": self.filter,
        }

    @classmethod
    def of(cls, value: Object) -> Self:
        """Return the route that plain data holds."""
        token = value["token"]
        return cls(**{**value, "token": None if token is None else SecretKey(**token)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpecification:
    """What an EventSource asks for. ``service`` is as it was written; empty for none."""

    bus: str
    routes: tuple[Route, ...]
    service: Object = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """A specification, or the problems for which there is none."""

    specification: SourceSpecification | None = None
    problems: tuple[Problem, ...] = ()


def read_source(value: Object) -> SourceReading:
    """Return what an EventSource asks for; never raises for wrong data."""
    try:
        spec = mapping(value, "spec", "")
        _check_names(spec)
        problems = tuple(unsupported("EventSource", spec))
        if problems:
            return SourceReading(problems=problems)
        return SourceReading(specification=_specification(spec))
    except WrongError as error:
        return SourceReading(problems=(error.problem,))


def _check_names(spec: Object) -> None:
    """Check what holds between the events of an object, whatever their kinds."""
    seen: set[str] = set()
    kinds = set()
    for kind, events in spec.items():
        if kind in _NO_KINDS or not isinstance(events, dict):
            continue
        for name in events:
            if name in seen:
                raise WrongError(f'more than one "{name}" found in the spec')
            seen.add(name)
            kinds.add(kind in _RECREATED)
    if len(kinds) > 1:
        raise WrongError(
            "event sources with rolling update and recreate update strategy can not be put together"
        )
    if not seen:
        raise WrongError("spec declares no event")


def _specification(spec: Object) -> SourceSpecification:
    service = mapping(spec, "service", "spec")
    return SourceSpecification(
        bus=text(spec, "eventBusName", "spec") or DEFAULT_BUS,
        routes=tuple(_webhooks(spec)),
        service=service if lookup(service, "ports") else {},
    )


def _webhooks(spec: Object) -> Iterator[Route]:
    events = mapping(spec, "webhook", "spec")
    for name in sorted(events):
        yield _route(name, mapping(events, name, "spec.webhook"), f"spec.webhook.{name}")


def _route(name: str, value: Object, where: str) -> Route:
    endpoint = text(value, "endpoint", where)
    metadata = mapping(value, "metadata", where)
    if not all(isinstance(one, str) for one in metadata.values()):
        raise WrongError(f"{where}.metadata must be a map of texts")
    return Route(
        event=name,
        type="webhook",
        port=_port(text(value, "port", where), where),
        endpoint=endpoint if endpoint.startswith("/") else f"/{endpoint}",
        method=_method(text(value, "method", where), where),
        largest=_largest(value.get("maxPayloadSize"), where),
        metadata=metadata,
        token=_secret_key(value.get("authSecret"), f"{where}.authSecret"),
        filter=_filter(value, where),
    )


def _port(port: str, where: str) -> int:
    if not port:
        raise WrongError(f"{where}.port can't be empty")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise WrongError(f"{where}.port must be the number of a port in quotes, not {port!r}")
    return int(port)


def _method(method: str, where: str) -> str:
    if method.upper() not in _METHODS:
        raise WrongError(f"{where}.method must be one of {', '.join(_METHODS)}, not {method!r}")
    return method.upper()


def _largest(value: Value, where: str) -> int:
    if value is None:
        return LARGEST_PAYLOAD
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongError(f"{where}.maxPayloadSize must be a number of bytes, not {value!r}")
    return value or LARGEST_PAYLOAD


def _filter(value: Object, where: str) -> str:
    if value.get("filter") is None:
        return ""
    expression = text(mapping(value, "filter", where), "expression", f"{where}.filter")
    return check_filter(expression, f"{where}.filter.expression")


def _secret_key(value: Value, where: str) -> SecretKey | None:
    if value is None:
        return None
    name, key = lookup(value, "name"), lookup(value, "key")
    if not (isinstance(name, str) and isinstance(key, str) and name and key):
        raise WrongError(f"{where} must have a name and a key")
    return SecretKey(name=name, key=key)
