"""Locks that lie in a database, which the controllers of several clusters share.

Who holds such a lock, and who waits for it in what order, the tables of that database say
(reference, Workflows 18). To stand in line is a standing request: it lasts for as long as a
decision reads it, and whoever performs it takes the lock when it is our turn, and gives it back
when nobody reads the request any more.
"""

from dataclasses import dataclass
from typing import Final

from ruleengine.model.decisions import Answer, Request
from ruleengine.model.values import Object
from ruleengine.pipelines.problems import NodeError

DATABASE_LOCKS: Final = "database-locks"
"""The kind of request that stands in line for locks of a database."""

_PREFIXES: Final = {"mutex": "mtx", "semaphore": "sem"}
_MIDDLE: Final = "/Database/"


def lock_name(namespace: str, name: str) -> str:
    """Return the name of a lock of the database in a status.

    >>> lock_name("jobs", "licences")
    'jobs/Database/licences'
    """
    return f"{namespace}{_MIDDLE}{name}"


def row_of(kind: str, lock: str) -> str:
    """Return the name of a lock in the tables; empty where it does not lie in the database.

    >>> row_of("semaphore", "jobs/Database/licences")
    'sem/jobs/licences'
    """
    namespace, _, name = lock.partition(_MIDDLE)
    return "" if "/" in namespace else f"{_PREFIXES[kind]}/{namespace}/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A holder that stands in line for ``rows``, all at once.

    ``created`` orders those of equal ``priority``. Without ``take`` it only waits until it is
    its turn, and takes nothing.
    """

    holder: str
    rows: tuple[str, ...]
    priority: int
    created: str
    take: bool

    def request(self) -> Request:
        """Return the request that stands in line."""
        payload: Object = {
            "holder": self.holder,
            "rows": list(self.rows),
            "priority": self.priority,
            "created": self.created,
            "take": self.take,
        }
        return Request(kind=DATABASE_LOCKS, payload=payload, standing=True)

    @classmethod
    def of(cls, request: Request) -> "Claim":
        """Return the claim that a request is of."""
        payload = request.payload
        return cls(
            holder=str(payload["holder"]),
            rows=tuple(map(str, payload["rows"])),
            priority=int(payload["priority"]),
            created=str(payload["created"]),
            take=bool(payload["take"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InLine:
    """How it stands with a claim: it holds its locks, it could, or it waits.

    ``blocked`` is the row that is waited for, of which ``taken`` of ``limit`` are held, and
    ``before`` whom it is waited for. ``unlimited`` is a row whose limit nobody says, ``problem``
    why nothing is known at all.
    """

    held: bool = False
    ready: bool = False
    blocked: str = ""
    limit: int = 0
    taken: int = 0
    before: tuple[str, ...] = ()
    unlimited: str = ""
    problem: str = ""

    def answer(self) -> Answer:
        """Return the answer that says so."""
        value: Object = {
            "held": self.held,
            "ready": self.ready,
            "blocked": self.blocked,
            "limit": self.limit,
            "taken": self.taken,
            "before": list(self.before),
            "unlimited": self.unlimited,
        }
        return Answer(value=value)

    @classmethod
    def of(cls, answer: Answer) -> "InLine":
        """Return what an answer says. Raises ``NodeError`` for a lock without a limit."""
        if answer.error:
            return cls(problem=f"{answer.error}; {answer.remedy}")
        value = answer.value
        if not isinstance(value, dict):
            raise TypeError(f"no answer about locks: {value!r}")
        found = cls(**{**value, "before": tuple(map(str, value["before"]))})
        if found.unlimited:
            name = found.unlimited.partition("/")[2]
            raise NodeError(
                f"the limit of the semaphore {name} is missing: there is no row '{name}' in the "
                f"table sync_limit; add it: ruleengine pipeline sync set {name} --limit 1"
            )
        return found
