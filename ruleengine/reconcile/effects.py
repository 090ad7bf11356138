"""Effects: requests that do something outside, each remembered before and after.

An effect is recorded as *intended*, then performed, then recorded as *done* with its
answer. A process that dies in between leaves an intention behind; the next one performs the
effect again with the same key, which the performer passes on as idempotency key. So an
effect happens at least once, and one that is done is never asked for again.

The ledger of an object is a record of purpose ``effects``. It is written under the
resourceVersion it was read at, so that of two processes only one performs.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, ConflictError
from ruleengine.cluster.fencing import FencedError
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.digests import content_digest
from ruleengine.model.errors import UnreachableError
from ruleengine.model.records import from_secret, record_target, to_secret
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.asking import perform_effect
from ruleengine.reconcile.surroundings import Surroundings

PURPOSE: Final = "effects"
ATTEMPTS: Final = 5
"""How often one run tries an effect for which the outside does not answer."""

_LARGEST_ANSWER: Final = 32 * 1024


class Performed(Enum):
    """What became of an effect: done now, done before, or not yet done."""

    NOW = auto()
    BEFORE = auto()
    NOT_YET = auto()


@dataclass(slots=True)
class _Ledger:
    """What is remembered of one object's effects, and the Secret it was read from."""

    place: Target
    uid: str
    entries: dict[str, Object] = field(default_factory=dict)
    secret: Object | None = None
    saved: bool = True


class Effects:
    """Performs the effects that decisions ask for. ``answers`` are those of the world."""

    def __init__(
        self, client: Client, surroundings: Surroundings, answers: dict[str, Answer]
    ) -> None:
        self._client = client
        self._surroundings = surroundings
        self._answers = answers
        self._ledgers: dict[Target, _Ledger] = {}
        self._attempts: dict[str, int] = {}

    def perform(
        self, owner: Object, request: Request, manager: str, alive: frozenset[str]
    ) -> Performed:
        """Perform one effect of an object, or recall that it is done.

        ``alive`` are the keys that the decision read: what is done and was not read by it
        is forgotten with the next write, for then the object itself shows it.
        Raises ``ApiError`` where the ledger cannot be kept; nothing is performed then.
        Raises ``StoreError`` where it cannot be read.
        """
        target = Target.of(owner)
        ledger = self._ledger(target, owner)
        entry = ledger.entries.get(request.key)
        if entry is not None and entry["state"] == "done":
            if not ledger.saved:
                self._save(target, ledger, manager)
            self._answers[request.key] = _answer_of(entry)
            return Performed.BEFORE
        if entry is None:
            self._forget_done(ledger, alive)
            ledger.entries[request.key] = {"kind": request.kind, "state": "intended"}
            self._save(target, ledger, manager)
        try:
            answer = perform_effect(request, self._surroundings.performers)
        except UnreachableError as error:
            self._attempts[request.key] = self._attempts.get(request.key, 0) + 1
            if self._attempts[request.key] < ATTEMPTS:
                return Performed.NOT_YET
            # It stays intended: whether it happened is not known, so a later run tries again.
            self._answers[request.key] = Answer(error=error.message, remedy=error.remedy)
            return Performed.NOW
        ledger.entries[request.key] = _entry(request, answer)
        ledger.saved = False
        self._save(target, ledger, manager)
        self._answers[request.key] = answer
        return Performed.NOW

    def look_anew(self) -> None:
        """Read every ledger again when it is needed: others may have written it.

        One whose last entry could not be stored is kept, lest what is done be done again.
        """
        self._ledgers = {target: one for target, one in self._ledgers.items() if not one.saved}

    def forget(self, target: Target) -> None:
        """Delete the ledger of an object that is gone; a later run does where that fails."""
        ledger = self._ledgers.pop(target, None)
        if ledger is None or ledger.secret is None:
            return
        try:
            self._client.delete(ledger.place)
        except (ApiError, FencedError):
            return

    def _ledger(self, target: Target, owner: Object) -> _Ledger:
        uid = str(lookup(owner, "metadata", "uid", default=""))
        known = self._ledgers.get(target)
        if known is not None and known.uid == uid:
            return known
        place = record_target(target, PURPOSE, self._surroundings.control_namespace)
        secret = self._client.get(place)
        content = {} if secret is None else from_secret(secret)
        entries = content.get("effects", {}) if content.get("uid") == uid else {}
        self._ledgers[target] = ledger = _Ledger(place, uid, dict(entries), secret)
        return ledger

    def _forget_done(self, ledger: _Ledger, alive: frozenset[str]) -> None:
        ledger.entries = {
            key: entry
            for key, entry in ledger.entries.items()
            if entry["state"] != "done" or key in alive
        }

    def _save(self, target: Target, ledger: _Ledger, manager: str) -> None:
        client = self._client
        whose = [target.api_version, target.kind, target.namespace, target.name]
        content: Object = {"owner": whose, "uid": ledger.uid, "effects": ledger.entries}
        value = to_secret(ledger.place, target, PURPOSE, content)
        try:
            if ledger.secret is None:
                ledger.secret = client.create(value, manager).object
            else:
                version = lookup(ledger.secret, "metadata", "resourceVersion", default="")
                value["metadata"]["resourceVersion"] = version
                ledger.secret = client.replace(value, manager).object
        except ConflictError:
            del self._ledgers[target]
            raise
        except ApiError:
            if ledger.saved:
                del self._ledgers[target]
            raise
        ledger.saved = True


def _entry(request: Request, answer: Answer) -> Object:
    kept: Object = {"value": answer.value, "error": answer.error, "remedy": answer.remedy}
    if len(str(answer.value)) > _LARGEST_ANSWER:
        what = f"done, but its answer is too large to be kept ({content_digest(answer.value)[:8]})"
        kept = {"value": None, "error": what, "remedy": "ask for less"}
    return {"kind": request.kind, "state": "done", "answer": kept}


def _answer_of(entry: Object) -> Answer:
    return Answer(**entry["answer"])
