"""Taking and giving back locks (reference, Workflows 18).

Nothing but the statuses of workflows says who holds a lock, so it survives whatever happens to
us, and it is given back by the status that says its holder has ended. A lock is taken in two
decisions. The first writes the claim into the status; the second, which sees that it stands
there, begins what the lock is for, unless others turn out to have claimed it as well: then it
gives way. Of two that begin, the later one would have seen the claim of the earlier one.

Those that wait form a queue: by priority, then by age. Each names in its status those right
before it, and looks at nobody else while these stand there: a release wakes one, not all.

Locks that lie in a database (:mod:`.database_locks`) are taken last, once the others are ours,
and are written down in the status as well before what they are for begins.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import early_ends
from ruleengine.pipelines.admitting import POSTPONED, is_limit
from ruleengine.pipelines.database_locks import Claim, InLine, row_of
from ruleengine.pipelines.locks import (
    Lock,
    Rank,
    holders_in,
    kinds_in,
    limit_of,
    locks_of,
    rank_of,
    slots_before,
    waits_in,
    workflow_of,
    written,
)
from ruleengine.pipelines.phases import WITH_POD, Phase, is_fulfilled
from ruleengine.pipelines.problems import NodeError

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

_INDEX: Final = "lock"


@dataclass(slots=True)
class _Queue:
    """What is known of the others at a lock: how many slots go to them before us, and to whom.

    Where it is not ``whole`` there may be more.
    """

    slots: int
    blockers: list[str]
    whole: bool


class Locks:
    """The locks of one workflow during one decision."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._value = machine.value
        self._observed = holders_in(machine.value)
        self._named = waits_in(machine.value)
        self._holders = {one for holders in self._observed.values() for one in holders}
        self._holding = {name: list(holders) for name, holders in self._observed.items()}
        self._waiting: dict[str, list[str]] = {}
        self._kinds = kinds_in(machine.value)
        self._limits: dict[str, int] = {}
        self._queues: dict[str, _Queue] = {}
        self._queued: Counter[str] = Counter()
        self._asks = False

    @cached_property
    def _rank(self) -> Rank:
        return rank_of(self._value)

    @property
    def waits(self) -> bool:
        """Whether anything of the workflow waits for a lock."""
        return bool(self._waiting) or self._asks

    def holder(self, node: Object | None = None) -> str:
        """Return the name under which the workflow, or one of its nodes, holds locks."""
        whole = f"{self._machine.namespace}/{self._machine.name}"
        return whole if node is None else f"{whole}/{node['id']}"

    def has(self, holder: str) -> bool:
        """Tell whether locks of a holder are written down."""
        return holder in self._holders

    def take(self, holder: str, locks: Sequence[Lock]) -> tuple[str, str] | None:
        """Take every lock or none of them; ``None``: what they are for may begin.

        Otherwise returns the lock that is waited for, and the message that says so. Raises
        ``NodeError`` for semaphores whose limit nobody says.
        """
        self._note(locks)
        own = [one for one in locks if not one.row]
        shared = [one for one in locks if one.row]
        ours = self._is_observed(holder, own) and not any(self._is_overdrawn(one) for one in own)
        line = self._in_line(holder, [one.row for one in shared], take=ours) if shared else None
        held = not shared or (line is not None and line.held)
        if ours and held and self._is_observed(holder, shared):
            return None
        self.give_back(holder)  # some may be new: nobody waits for what they hold themselves
        blocked = next((one for one in own if not self._has_room(one)), None)
        if blocked is None and (held or (line is None and ours) or (line and line.ready)):
            for one in locks if held else own:
                self._holding.setdefault(one.name, []).append(holder)
            return locks[0].name, ""
        for one in locks:
            self._queued[one.name] += 1
            self._waiting[one.name] = self._before(one, line)
        if blocked is None:
            row = line.blocked if line else ""
            blocked = next((one for one in shared if one.row == row), shared[0])
        return blocked.name, self._message(blocked, line)

    def keep(self) -> None:
        """Go on holding the locks of the database that the workflow and its nodes hold."""
        rows: dict[str, list[str]] = {}
        for name in self._observed:
            row = row_of(self._kinds[name], name)
            for one in self._held(name) if row else ():
                rows.setdefault(one, []).append(row)
        for holder, names in rows.items():
            with suppress(NodeError):  # what is held stays so, also without a limit
                self._in_line(holder, names, take=True)

    def _note(self, locks: Sequence[Lock]) -> None:
        """Note of what kind locks are, and how many may hold them. Raises ``NodeError``."""
        for one in locks:
            if self._kinds.setdefault(one.name, one.kind) != one.kind:
                raise NodeError(
                    f"{one.name} is a mutex and a semaphore of the database at once; "
                    "rename one of them"
                )
            if not one.row:
                self._limits[one.name] = limit_of(one, self._machine.world)

    def _is_observed(self, holder: str, locks: Sequence[Lock]) -> bool:
        return all(holder in self._observed.get(one.name, ()) for one in locks)

    def _in_line(self, holder: str, rows: Sequence[str], *, take: bool) -> InLine | None:
        """Stand in line for locks of the database; ``None`` while nothing is known of it."""
        priority, created, *_ = self._rank
        claim = Claim(
            holder=holder,
            rows=tuple(sorted(rows)),
            priority=-priority,
            created=created,
            take=take,
        )
        request = claim.request()
        answer = self._machine.world.answer(request)
        if answer is None:
            self._machine.requests.append(request)
            self._asks = True
            return None
        return InLine.of(answer)

    def give_back(self, holder: str) -> None:
        """Give back every lock of a holder."""
        for holders in self._holding.values():
            if holder in holders:
                holders.remove(holder)

    def status(self) -> Object:
        """Return ``status.synchronization``: what nodes hold that have ended is given back."""
        if not (self._holding or self._waiting):
            return {}
        return written(
            self._kinds, {name: self._held(name) for name in self._holding}, self._waiting
        )

    def _held(self, lock: str) -> list[str]:
        """Return who of the workflow holds a lock, those left out that have ended."""
        whole = self.holder()
        kept = []
        for one in self._holding.get(lock, ()):
            node = self._machine.tree.get(one.removeprefix(f"{whole}/"))
            if one == whole or (node is not None and not is_fulfilled(node)):
                kept.append(one)
        return kept

    def _is_overdrawn(self, lock: Lock) -> bool:
        """Tell whether more hold a lock than may."""
        others = self._others(f"holding {lock.name}")
        held = sum(len(holders_in(one)[lock.name]) for one in others)
        return held + len(self._held(lock.name)) > self._limits[lock.name]

    def _has_room(self, lock: Lock) -> bool:
        left = self._left(lock)
        return left > 0 and self._queue(lock, left).slots < left

    def _left(self, lock: Lock) -> int:
        """Return how many slots of a lock are left beside those of the workflow itself."""
        own = len(self._held(lock.name)) + self._queued[lock.name]
        return self._limits[lock.name] - own

    def _queue(self, lock: Lock, enough: int) -> _Queue:
        """Return who stands at a lock before us; no more than ``enough`` has to be known."""
        known = self._queues.get(lock.name)
        if known is None:
            known = self._queues[lock.name] = self._known_before(lock.name)
        if known.slots < enough and not known.whole:
            known = self._queues[lock.name] = self._all_before(lock.name)
        return known

    def _known_before(self, lock: str) -> _Queue:
        """Return what the status names as standing before us, as far as it still does."""
        own = workflow_of(self.holder())
        named = {workflow_of(one): one for one in self._named.get(lock, ())}
        named.pop(own, None)
        slots = {
            holder: slots_before(self._machine.world.get(target), lock, self._rank)
            for target, holder in named.items()
        }
        return _Queue(sum(slots.values()), [one for one, count in slots.items() if count], False)

    def _all_before(self, lock: str) -> _Queue:
        """Return everybody who stands before us, those right before us first."""
        holding = self._others(f"holding {lock}")
        waiting = sorted(self._others(f"waiting {lock}"), key=rank_of, reverse=True)
        found: dict[str, int] = {}
        for one in (*waiting, *holding):
            slots = slots_before(one, lock, self._rank)
            if slots:
                found[_name(one, lock)] = slots
        return _Queue(sum(found.values()), list(found), True)

    def _others(self, place: str) -> list[Object]:
        found = self._machine.world.list(ARGO_API_VERSION, "Workflow", index=(_INDEX, place))
        own = lookup(self._value, "metadata", "uid")
        return [one for one in found if lookup(one, "metadata", "uid") != own]

    def _before(self, lock: Lock, line: InLine | None) -> list[str]:
        """Return whom it takes to keep us waiting: others, or nodes of the workflow itself."""
        if lock.row:
            return list(line.before) if line and line.blocked == lock.row else []
        before = self._queues.get(lock.name)
        others = before.blockers if before else []
        return others[: self._limits[lock.name]] or self._held(lock.name)

    def _message(self, lock: Lock, line: InLine | None) -> str:
        if lock.row:
            return _message_of(lock, line)
        limit = self._limits[lock.name]
        queue = self._queues.get(lock.name)
        taken = len(self._held(lock.name)) + (queue.slots if queue else 0)
        return _waiting_for(lock, taken, limit)


def _waiting_for(lock: Lock, taken: int, limit: int) -> str:
    return f"Waiting for {lock.name} lock. Lock status: {max(limit - taken, 0)}/{limit}"


def _message_of(lock: Lock, line: InLine | None) -> str:
    """Return why a lock of the database is waited for; empty while that is not known."""
    if line is None:
        return ""
    if line.problem:
        return f"Waiting for {lock.name} lock: {line.problem}"
    return _waiting_for(lock, line.taken, line.limit)


def _name(value: Object, lock: str) -> str:
    """Return the name of a workflow at a lock: that of its first holder, or its own."""
    metadata = value["metadata"]
    holders = holders_in(value).get(lock) or [f"{metadata.get('namespace', '')}/{metadata['name']}"]
    return holders[0]


def hold_up(machine: "Machine", node: Object, template: Object, call: "Call") -> Object | None:
    """Return the node of a template that waits for its locks; ``None`` where it has them.

    A pod begins with the lock and is itself the sign of that. Anything else says so first, by
    its phase, and begins with the next decision.
    """
    if call.attempt is not None or node.get("daemoned") or not template.get("synchronization"):
        return None  # a daemon that is ready has given its locks back
    has_them = "synchronizationStatus" not in node and machine.locks.has(machine.locks.holder(node))
    if has_them or machine.only_tells(call):  # what tells why it does not run needs none
        return None
    if early_ends.is_too_late(machine, node, template):
        return machine.end(node, Phase.FAILED, early_ends.TIMED_OUT)
    if machine.pod_of(node) is not None:
        return _has_them(machine, node)
    if machine.spec.get("suspend") and not call.exiting:
        machine.locks.give_back(machine.locks.holder(node))
        return node
    return _take(machine, node, locks_of(template["synchronization"], machine.namespace))


def _take(machine: "Machine", node: Object, locks: Sequence[Lock]) -> Object | None:
    found = machine.locks.take(machine.locks.holder(node), locks)
    if found is None:
        return _has_them(machine, node)
    return machine.tree.update(
        node,
        phase=str(Phase.PENDING),
        message=found[1] or None,
        synchronizationStatus={"waiting": found[0]},
    )


def _has_them(machine: "Machine", node: Object) -> Object | None:
    phase = str(Phase.RUNNING)
    node = machine.tree.update(node, phase=phase, message=None, synchronizationStatus=None)
    return None if node["type"] in WITH_POD else node


def hold_up_workflow(machine: "Machine", locks: Sequence[Lock]) -> str | None:
    """Return why a workflow does not begin yet; ``None`` where it has its locks.

    An empty text says that it has only just claimed them.
    """
    found = machine.locks.take(machine.locks.holder(), locks)
    if found is None or not found[1]:
        return None if found is None else ""
    return POSTPONED if is_limit(found[0]) else found[1]
