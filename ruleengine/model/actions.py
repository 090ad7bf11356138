"""Actions, plans and outcomes: what we intend to write, and what became of it.

The verbs, changes and results are closed sets (design, section 2). A plan is an
immutable, ordered, printable value; nothing but the executor of
:mod:`ruleengine.reconcile` turns an action into a write.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ruleengine.model.documents import Origin
from ruleengine.model.findings import Finding
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, Path, Value


class Verb(StrEnum):
    """What an action does at the API."""

    APPLY = "apply"
    CREATE = "create"
    PATCH = "patch"
    REPLACE = "replace"
    DELETE = "delete"
    STATUS = "status"
    EVENT = "event"


class Change(StrEnum):
    """What an action would change, compared with the live state."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    WAITING = "waiting"


class Result(StrEnum):
    """What became of an action."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"
    WAITING = "waiting"
    CONFLICT = "conflict"
    FAILED = "failed"


class Target(NamedTuple):
    """The identity of one object on one cluster. ``namespace`` is empty if it has none.

    ``cluster`` is empty for the cluster that the command works on. A tuple, because there is
    hardly a step that does not look something up by it.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    cluster: str = ""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        """Return ``Kind/namespace/name`` without an empty namespace."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @classmethod
    def of(cls, value: Object, cluster: str = "") -> "Target":
        """Return the identity that an object states of itself."""
        metadata = value.get("metadata")
        stated: Object = metadata if isinstance(metadata, dict) else {}
        api_version, kind = value.get("apiVersion", ""), value.get("kind", "")
        namespace, name = stated.get("namespace") or "", stated.get("name") or ""
        if type(api_version) is type(kind) is type(namespace) is type(name) is str:
            return cls(api_version, kind, namespace, name, cluster)
        return cls(str(api_version), str(kind), str(namespace), str(name), cluster)


@immutable(frozen=True, slots=True, kw_only=True)
class Action:
    """One intended write.

    ``object`` is the desired object for ``apply``, ``create`` and ``replace``, a merge patch
    for ``patch`` and ``status``, the Event for ``event``, and absent for ``delete``.
    ``manager`` is the field manager; ``wave`` orders actions of equal kind rank;
    ``resource_version`` and ``uid`` are preconditions where given. ``force`` takes fields
    over from other managers. ``refusal`` says why the action must not be performed.
    ``foreseen`` says that the decision counts on what the action creates: only where it comes
    otherwise is that a reason to decide again at once. ``late`` says that it is performed only
    once the status is stored that the decision wants: it takes away what that status follows from.
    """

    verb: Verb
    target: Target
    manager: str
    object: Object | None = field(default=None, repr=False)
    origin: Origin | None = None
    wave: int = 0
    force: bool = True
    resource_version: str = ""
    uid: str = ""
    propagation: str = "Background"
    reason: str = ""
    refusal: str = ""
    foreseen: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: absent values are :data:`ABSENT`."""

    path: Path
    old: Value
    new: Value


class _Absent:
    """The type of :data:`ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""Stands for a field that is not there, which is not the same as ``null``."""


@immutable(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """An action with what it would change. ``area`` names who asked: ``rules`` or an area."""

    action: Action
    change: Change
    differences: tuple[Difference, ...] = ()
    message: str = ""
    area: str = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ordered planned actions, and what can only be known once they are performed.

    ``then`` lists in words what follows when an answer from outside has come.
    ``recorded`` are documents that are stored and that no reconciler of ours acts on yet.
    """

    actions: tuple[PlannedAction, ...]
    findings: tuple[Finding, ...] = ()
    then: tuple[str, ...] = ()
    recorded: tuple[Target, ...] = ()
    revision: str = ""

    @property
    def changes(self) -> tuple[PlannedAction, ...]:
        """The actions that would change something."""
        quiet = (Change.UNCHANGED, Change.WAITING)
        return tuple(one for one in self.actions if one.change not in quiet)


@immutable(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one planned action. ``writes`` counts the requests that wrote."""

    planned: PlannedAction
    result: Result
    message: str = ""
    writes: int = 0
