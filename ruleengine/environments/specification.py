"""The spec of an Application, read once into values that the rest can rely on.

Wrong types and fields that are not honoured become problems here; everything behind this
module may trust what it gets (the reference, Argo CD sections 1 and 4).
"""

from dataclasses import dataclass, field

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.environments.problems import IGNORED_OPTION, INVALID_SPEC, Problem
from ruleengine.model.names import ARGO_CLUSTER, ARGO_CLUSTER_SERVER
from ruleengine.model.values import Object, Value, lookup

_UNSUPPORTED_FIELDS = ("sources", "sourceHydrator")
_UNSUPPORTED_IGNORES = ("jqPathExpressions", "managedFieldsManagers")
_IGNORED_OPTIONS = {
    "Validate=false": "objects are always checked by the API server",
    "ClientSideApplyMigration=false": "ownership of other field managers is never moved",
}
_KNOWN_OPTIONS = frozenset(
    {
        "ApplyOutOfSyncOnly=true",
        "CreateNamespace=true",
        "Delete=confirm",
        "Delete=false",
        "FailOnSharedResource=true",
        "Prune=confirm",
        "Prune=false",
        "PruneLast=true",
        "PrunePropagationPolicy=background",
        "PrunePropagationPolicy=foreground",
        "PrunePropagationPolicy=orphan",
        "Replace=true",
        "RespectIgnoreDifferences=true",
        "ServerSideApply=true",
        "SkipDryRunOnMissingResource=true",
    }
)
"""What is honoured as it stands; with another value an option of these names changes nothing."""

_KNOWN_NAMES = frozenset(option.partition("=")[0] for option in (*_KNOWN_OPTIONS, "Validate="))
_DEFAULT_HISTORY = 10
_AUTOMATED_RETRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Automated:
    """The automated policy, present only where automation is on."""

    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how late a failed sync is tried again; times in seconds.

    ``limit`` 0 means never, a negative one for ever; ``maximum`` 0 means no cap. What is not
    ``stated`` is what Argo CD takes where nothing is written.
    """

    limit: int
    duration: float = 5.0
    factor: int = 2
    maximum: float = 180.0
    refresh: bool = False
    stated: bool = True

    def wait(self, attempt: int) -> float:
        """Return how many seconds to wait before the retry ``attempt``, counted from 1."""
        exponent = min(max(attempt - 1, 0), 64)
        seconds = self.duration * float(self.factor) ** exponent
        return min(seconds, self.maximum) if self.maximum > 0 else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What an Application asks for."""

    name: str
    namespace: str
    project: str
    source: Object
    destination: Object
    automated: Automated | None
    retry: Retry | None
    options: frozenset[str]
    ignore_differences: tuple[Object, ...] = ()
    managed_namespace_metadata: Object | None = None
    history_limit: int = _DEFAULT_HISTORY
    problems: tuple[Problem, ...] = field(default=())

    @property
    def destination_namespace(self) -> str:
        """The namespace for objects that name none; may be empty."""
        return str(self.destination.get("namespace") or "")


def read_specification(value: Object) -> Specification:
    """Return what an Application asks for, with every problem found on the way."""
    problems: list[Problem] = []
    spec = _mapping(value, "spec", problems)
    policy = _mapping(spec, "syncPolicy", problems)
    destination = _mapping(spec, "destination", problems)
    options = _texts(policy, "syncOptions", problems)
    metadata = _mapping(policy, "managedNamespaceMetadata", problems)
    problems.extend(_unsupported(spec, destination, options))
    return Specification(
        name=str(lookup(value, "metadata", "name", default="")),
        namespace=str(lookup(value, "metadata", "namespace", default="")),
        project=str(spec.get("project") or "default"),
        source=_mapping(spec, "source", problems),
        destination=destination,
        automated=_automated(policy, problems),
        retry=_retry(policy, problems),
        options=frozenset(options),
        ignore_differences=tuple(_ignores(spec, problems)),
        managed_namespace_metadata=metadata or None,
        history_limit=_whole(spec, "revisionHistoryLimit", _DEFAULT_HISTORY, problems),
        problems=tuple(problems),
    )


def operation_retry(operation: Object, specification: Specification) -> Retry:
    """Return the retry of an operation: its own, else 5 for automated ones and none by hand."""
    if isinstance(operation.get("retry"), dict):
        found = _retry(operation, [])
        if found:
            return found
    automated = bool(lookup(operation, "initiatedBy", "automated", default=False))
    if automated:
        return specification.retry or Retry(limit=_AUTOMATED_RETRIES, stated=False)
    return Retry(limit=0)


def _unsupported(spec: Object, destination: Object, options: list[str]) -> list[Problem]:
    """Return a problem for everything that is asked for and not honoured."""
    found = [
        _invalid("environment-field-unsupported", f"spec.{name} comes with a later release")
        for name in _UNSUPPORTED_FIELDS
        if spec.get(name)
    ]
    server = str(destination.get("server") or ARGO_CLUSTER_SERVER).rstrip("/")
    name = str(destination.get("name") or ARGO_CLUSTER)
    if destination.get("server") and destination.get("name"):
        text = "spec.destination has both server and name: exactly one names the cluster"
        found.append(_invalid("environment-field-invalid", text))
    elif server != ARGO_CLUSTER_SERVER or name != ARGO_CLUSTER:
        other = destination.get("server") or destination.get("name")
        text = f"the destination {other!r} is not the cluster the command works on"
        found.append(_invalid("environment-cluster-unknown", text))
    found.extend(
        Problem(
            type=IGNORED_OPTION,
            code="environment-option-ignored",
            message=f"the sync option {option} does nothing here: {why}",
        )
        for option in options
        if (why := _why_ignored(option))
    )
    return found


def _why_ignored(option: str) -> str:
    """Return why a sync option does nothing, or an empty text where it is honoured."""
    if option in _KNOWN_OPTIONS:
        return ""
    if option in _IGNORED_OPTIONS:
        return _IGNORED_OPTIONS[option]
    name, _, value = option.partition("=")
    known = name in _KNOWN_NAMES or f"{name}=false" in _IGNORED_OPTIONS
    if known and value in ("true", "false"):
        return ""
    return "there is no such option, the spelling counts"


def _automated(policy: Object, problems: list[Problem]) -> Automated | None:
    """Return the automated policy, or ``None`` where automation is off."""
    if policy.get("automated") is None:
        return None
    block = _mapping(policy, "automated", problems)
    if block.get("enabled") is False:
        return None
    return Automated(
        prune=block.get("prune") is True,
        self_heal=block.get("selfHeal") is True,
        allow_empty=block.get("allowEmpty") is True,
    )


def _retry(holder: Object, problems: list[Problem]) -> Retry | None:
    """Return the retry policy that ``holder.retry`` declares, or ``None``."""
    if holder.get("retry") is None:
        return None
    block = _mapping(holder, "retry", problems)
    backoff = _mapping(block, "backoff", problems)
    return Retry(
        limit=_whole(block, "limit", 0, problems),
        duration=_seconds(backoff, "duration", 5.0, problems),
        factor=max(1, _whole(backoff, "factor", 2, problems)),
        maximum=_seconds(backoff, "maxDuration", 180.0, problems),
        refresh=block.get("refresh") is True,
    )


def _ignores(spec: Object, problems: list[Problem]) -> list[Object]:
    """Return the entries of ``ignoreDifferences`` that can be honoured."""
    entries = spec.get("ignoreDifferences") or []
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        problems.append(_wrong("ignoreDifferences", "a list of mappings"))
        return []
    for entry in entries:
        for name in _UNSUPPORTED_IGNORES:
            if entry.get(name):
                text = f"spec.ignoreDifferences[].{name} comes with a later release"
                problems.append(_invalid("environment-field-unsupported", text))
        _texts(entry, "jsonPointers", problems)
    return entries


def _mapping(holder: Object, name: str, problems: list[Problem]) -> Object:
    found = holder.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        problems.append(_wrong(name, "a mapping"))
        return {}
    return found


def _texts(holder: Object, name: str, problems: list[Problem]) -> list[str]:
    found = holder.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        problems.append(_wrong(name, "a list of texts"))
        return []
    return found


def _whole(holder: Object, name: str, default: int, problems: list[Problem]) -> int:
    found: Value = holder.get(name)
    if found is None:
        return default
    if isinstance(found, bool) or not isinstance(found, int):
        problems.append(_wrong(name, "a whole number"))
        return default
    return found


def _seconds(holder: Object, name: str, default: float, problems: list[Problem]) -> float:
    found = holder.get(name)
    if found in (None, ""):
        return default
    try:
        return parse_argo_duration(str(found), days=False).total_seconds()
    except ValueError:
        problems.append(_wrong(name, "a duration such as 5s or 3m"))
        return default


def _wrong(name: str, wanted: str) -> Problem:
    return _invalid("environment-field-invalid", f"the field {name} of the spec is not {wanted}")


def _invalid(code: str, message: str) -> Problem:
    return Problem(type=INVALID_SPEC, code=code, message=message)
