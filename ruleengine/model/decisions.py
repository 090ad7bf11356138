"""The contract of every reconciler: a pure function from observations to a decision.

``decide(object, world, now, memo) -> Decision`` reads the world only through
:class:`World`, asks for the outside through :class:`Request` values, and says in
``next`` why it stops. No clock, network, randomness or environment is inside, so the
same code is planned, simulated, replayed and crashed at any point (design, section 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ruleengine.model.actions import Action, Target
from ruleengine.model.digests import content_digest
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, Value


@immutable(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that only the outside can tell or do.

    ``kind`` names the service that performs it (``render``, ``fetch``, ...), ``payload``
    is plain data. A *read* may be repeated and cached; an ``effect`` is performed at
    least once, with ``key`` as its idempotency key. A ``standing`` read has no answer until
    there is one (events that have not happened yet), its answer may change (a port that is
    taken), and it lasts for as long as a decision reads it.
    """

    kind: str
    payload: Object
    effect: bool = False
    standing: bool = False
    _key: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """The identity of the request, derived from its content; made once."""
        if not self._key:
            self._key.append(content_digest([self.kind, self.payload]))
        return self._key[0]


@immutable(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request: ``value`` on success, else ``error`` with a ``remedy``."""

    value: Value = None
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the server refused a write; ``final`` says that it would refuse it again."""

    message: str
    final: bool


class World(Protocol):
    """What a reconciler may read: observed objects and answers, nothing else."""

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None`` if it does not exist."""

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind by name; an empty namespace means all of them.

        ``index`` is a pair of an index's name and a value: ``("owner", uid)`` (has that owner
        reference), ``("application", "shop-staging")`` (tracked by that application),
        ``("label:app", "web")`` (has that value of the label ``app``) or
        ``("lock", "holding jobs/Mutex/one")`` (its status says that). It costs what it finds.
        """

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request, or ``None`` while there is none."""

    def refusal(self, target: Target) -> Refusal | None:
        """Return why the last write that this object's decisions asked for was refused.

        ``None`` where it was not, and where that is not known any more: another process may
        have asked for it. So a refusal explains what the world shows, and is never needed.
        """


class Stop(StrEnum):
    """Why a decision stops."""

    DONE = "done"
    AT = "at"
    ON = "on"
    FOR = "for"


@immutable(frozen=True, slots=True, kw_only=True)
class Next:
    """Why a reconciler stops, and what wakes it.

    ``AT`` carries ``time``; ``ON`` the ``targets`` it waits on, and the ``time`` at which it
    gives up where there is one; ``FOR`` says in
    ``message`` which human, event or schedule it waits for (that counts as settled), and in
    ``time`` when it is decided again if somebody still drives then.
    """

    stop: Stop
    time: datetime | None = None
    targets: tuple[Target, ...] = ()
    message: str = ""


DONE = Next(stop=Stop.DONE)


@immutable(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reconciler wants for one object, given one observation.

    ``actions`` are performed in order, those that are ``late`` after the status. ``status`` is the
    whole desired status of the object (``None`` leaves it alone); only the difference is written,
    with the actions and at each change of phase. One that ``may_wait`` (seconds) says nothing that
    the world does not show as well for as long as it is not written. ``events`` are Kubernetes
    Events to publish.
    ``memo`` makes the next decision cheap, never different.
    """

    actions: tuple[Action, ...] = ()
    requests: tuple[Request, ...] = ()
    status: Object | None = None
    may_wait: float = 0.0
    events: tuple[Object, ...] = ()
    next: Next = DONE
    memo: object = field(default=None, compare=False, repr=False)


class Reconciler(Protocol):
    """One area's pure decider for one kind."""

    @property
    def area(self) -> str:
        """The name of the area."""

    @property
    def api_version(self) -> str:
        """The API version of the kind that it decides about."""

    @property
    def kind(self) -> str:
        """The kind that it decides about."""

    @property
    def manager(self) -> str:
        """The field manager in whose name its actions are performed."""

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one object. Pure; must not raise for wrong user data."""
