"""Quarantine: one poisonous object is put aside with a reason while all else goes on.

It comes back when it changes. One whose reconciler raised is also tried again by itself,
ever more rarely, for the cause may lie in something else that it reads.
"""

import traceback
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.digests import derive_name
from ruleengine.model.errors import RuleEngineError
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import MANAGER
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, version_of
from ruleengine.reconcile.backoff import pause_after
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.stamping import origin_of

CRASHED: Final = "plan-decision-failed"
ENDLESS: Final = "plan-decision-endless"
REPORT: Final = "report it with the object; this is a fault of ruleengine"
UNDONE: Final = (
    "see who else writes that (`kubectl get KIND NAME -o yaml --show-managed-fields`), another "
    "application for instance; if nobody does, report it: this is a fault of ruleengine"
)

_FIRST_RETRY: Final = 5.0
_LONGEST_RETRY: Final = 300.0


class Quarantine:
    """Keeps what is wrong with single objects. ``seed`` spreads the retries."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._findings: dict[tuple[Target, str, str], Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, each thing once."""
        return tuple(self._findings.values())

    def lets_out(self, key: Key, value: Object, now: datetime) -> bool:
        """Tell whether an object is to be decided: it is not put aside, or its time is here."""
        if not key.problem:
            return True
        if key.bad_version != version_of(value):
            key.crashes = 0
        elif key.retry_at is None or now < key.retry_at:
            return False
        key.problem, key.retry_at, key.repeats, key.restless = "", None, 0, 0
        return True

    def put_aside(self, key: Key, value: Object, what: str, remedy: str = REPORT) -> None:
        """Put an object aside that does not come to rest, until it changes."""
        self._put(key, value, ENDLESS, what, remedy)

    def undone(self, key: Key, value: Object, targets: Iterable[Target]) -> None:
        """Put an object aside whose writes do not last, until it changes."""
        names = ", ".join(sorted(map(str, targets)))
        what = f"its reconciler asks for the same writes again and again, of {names}"
        self._put(key, value, ENDLESS, what, UNDONE)

    def refused(self, key: Key, value: Object, failed: Mapping[Target, str], now: datetime) -> None:
        """Put an object aside whose writes fail again and again, to be tried again later."""
        target, why = min(failed.items())
        what = f"{target} cannot be written: {why}"
        remedy = "correct what the message names; it is tried again now and then"
        self._put(key, value, ENDLESS, what, remedy)
        key.retry_at = key.wake_at = now + timedelta(seconds=_LONGEST_RETRY)

    def crashed(self, key: Key, value: Object, error: Exception, now: datetime) -> None:
        """Put an object aside whose reconciler raised, to be tried again later."""
        what, remedy = words_of(error)
        self._put(key, value, CRASHED, what, remedy)
        key.crashes += 1
        pause = pause_after(
            key.crashes, key.target, self._seed, first=_FIRST_RETRY, longest=_LONGEST_RETRY
        )
        key.retry_at = key.wake_at = now + timedelta(seconds=pause)

    def recovered(self, key: Key) -> None:
        """Note that the reconciler of an object did its work."""
        key.crashes = 0
        self.withdraw(key.target, CRASHED)
        if not key.repeats and not key.restless:
            self.withdraw(key.target, ENDLESS)

    def find(self, value: Object, code: str, what: str, remedy: str, detail: str = "") -> None:
        """Say what is wrong with an object; ``detail`` tells things of one code apart.

        It is said where the object was declared, if the object knows.
        """
        target, origin = Target.of(value), origin_of(value)
        self._findings[(target, code, detail)] = Finding(
            severity=Severity.ERROR,
            code=code,
            message=f"{target}: {what}",
            remedy=remedy,
            place=Place(origin.path, origin.line) if origin else Place(""),
        )

    def unknown(self, value: Object, kind: str) -> None:
        """Say that an object's decision asks for what nobody here performs."""
        what = f"nobody here performs requests of the kind {kind!r}"
        remedy = "run with a version of ruleengine that does"
        self.find(value, "plan-request-unknown", what, remedy, kind)

    def withdraw(self, target: Target, code: str) -> None:
        """Say no longer that something is wrong."""
        self._findings.pop((target, code, ""), None)

    def _put(self, key: Key, value: Object, code: str, what: str, remedy: str) -> None:
        key.problem, key.bad_version = what, version_of(value)
        key.wake_at = key.retry_at = key.rests = None
        self.find(value, code, what, remedy)


def put_aside(value: Object, problem: str, now: datetime) -> Object:
    """Return the Event that says on an object why nobody decides about it for now.

    It is one Event as long as the object and the problem are the same.
    """
    metadata = value["metadata"]
    about = {name: metadata[name] for name in ("namespace", "name", "uid") if name in metadata}
    name = derive_name(metadata["name"], "put-aside", [metadata.get("uid", ""), problem])
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": metadata.get("namespace") or "default"},
        "involvedObject": {"apiVersion": value["apiVersion"], "kind": value["kind"], **about},
        "type": "Warning",
        "reason": "PutAside",
        "message": f"{problem}; it is decided again when it changes",
        "firstTimestamp": format_time(now),
        "lastTimestamp": format_time(now),
        "count": 1,
        "source": {"component": MANAGER},
    }


def words_of(error: Exception) -> tuple[str, str]:
    """Return what to say of a reconciler that raised, and the remedy."""
    if isinstance(error, RuleEngineError):
        return error.message, error.remedy
    return f"its reconciler failed ({type(error).__name__}{_where(error)})", REPORT


def _where(error: Exception) -> str:
    """Return at which line of ours an error was raised; never what was in hand there."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
