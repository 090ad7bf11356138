"""Memoization: what was made under a key is not made again (reference, Workflows 19).

A node that succeeded ends once its entry stands in the ConfigMap that is the cache: so an entry
is written once, and none gets lost.
"""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ruleengine.formats.json_text import dumps, loads
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.labels import CONFIG_MAP_TYPE
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.timing import duration_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

_KEY: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_TYPE: Final = {CONFIG_MAP_TYPE: "Cache"}


def recall(machine: "Machine", node: Object, template: Object) -> Object | None:
    """End a node that need not run, as what it would make is known; else note that it runs.

    Raises ``NodeError`` for keys, ages and entries that are none.
    """
    if not template.get("memoize") or "memoizationStatus" in node:
        return None
    key, name, longest = _stated(template["memoize"])
    entry = _entry(machine, name, key) if machine.pod_of(node) is None else None
    status = {"hit": True, "key": key, "cacheName": name}
    if entry is None or (longest is not None and _age(machine, entry) > longest):
        machine.tree.update(node, memoizationStatus={**status, "hit": False})
        return None
    machine.actions.append(_write(machine, status, {**entry, "lastHitTimestamp": _now(machine)}))
    remembered = machine.tree.update(node, memoizationStatus=status)
    return machine.end(remembered, Phase.SUCCEEDED, outputs=entry.get("outputs") or None)


def note(machine: "Machine", attempt: Object, template: Object) -> None:
    """Note under what is kept what an attempt makes; what it is one of was looked for already.

    Raises ``NodeError`` for keys that are none.
    """
    if template.get("memoize") and "memoizationStatus" not in attempt:
        key, name, _ = _stated(template["memoize"])
        status = {"hit": False, "key": key, "cacheName": name}
        machine.tree.update(attempt, memoizationStatus=status)


def is_kept(machine: "Machine", node: Object, outputs: Any) -> bool:
    """Tell whether what a node made is kept where it is to be; ask for that where it is not.

    What another made under the key since the node began is as good. What the node itself made is
    kept whatever the clock showed then: it may have been set back. A cache that does not take
    it, because it is full, holds nobody up. Raises ``NodeError`` for one that can never be made.
    """
    status = node.get("memoizationStatus")
    if not status or status["hit"]:
        return True
    entry = _entry(machine, status["cacheName"], status["key"])
    if entry is not None:
        ours = (entry.get("nodeID"), entry.get("outputs")) == (node["id"], outputs)
        if ours or _age(machine, entry) <= machine.now - parse_time(node["startedAt"]):
            return True
    refusal = machine.world.refusal(_cache(machine, status["cacheName"]))
    if refusal is not None and refusal.final:
        if _exists(machine, status):
            return True
        raise NodeError(f"the cache '{status['cacheName']}' cannot be made: {refusal.message}")
    made = {"nodeID": node["id"], "outputs": outputs, "creationTimestamp": _now(machine)}
    write = _write(machine, status, {**made, "lastHitTimestamp": _now(machine)})
    machine.awaited.append(write.target)
    if not any(one.target == write.target for one in machine.actions):
        machine.actions.append(write)
    return False


def _stated(memoize: Object) -> tuple[str, str, timedelta | None]:
    """Return the key, the name of the ConfigMap, and how old an entry may be."""
    key, name = str(memoize.get("key") or ""), lookup(memoize, "cache", "configMap", "name")
    if not _KEY.fullmatch(key):
        raise NodeError(
            f"the key {key!r} of memoize is none: it consists of letters, digits and '-', and "
            "begins with a letter or digit"
        )
    if not name:
        raise NodeError("memoize names no ConfigMap: set cache.configMap.name")
    stated = memoize.get("maxAge")
    return key, str(name), duration_of(stated, "memoize.maxAge") if stated else None


def _cache(machine: "Machine", name: str) -> Target:
    return Target("v1", "ConfigMap", machine.namespace, name)


def _exists(machine: "Machine", status: Object) -> bool:
    return machine.world.get(_cache(machine, status["cacheName"])) is not None


def _entry(machine: "Machine", name: str, key: str) -> Object | None:
    text = lookup(machine.world.get(_cache(machine, name)), "data", key)
    if not text:
        return None
    try:
        entry = loads(str(text))
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise NodeError(
            f"the entry '{key}' of the cache '{name}' is no JSON object; delete it from the "
            "ConfigMap"
        )
    return entry


def _age(machine: "Machine", entry: Object) -> timedelta:
    try:
        return machine.now - parse_time(str(entry.get("creationTimestamp")))
    except ValueError:
        return timedelta.max


def _now(machine: "Machine") -> str:
    return machine.moment


def _write(machine: "Machine", status: Object, entry: Object) -> Action:
    """Return the action that writes an entry, and makes its ConfigMap where there is none."""
    target = _cache(machine, status["cacheName"])
    data = {status["key"]: dumps(entry, ordered=True)}
    change: Object = {"metadata": {"labels": _TYPE}, "data": data}
    exists = machine.world.get(target) is not None
    metadata = {"name": target.name, "namespace": target.namespace, "labels": _TYPE}
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return Action(
        verb=Verb.PATCH if exists else Verb.CREATE,
        target=target,
        manager=PIPELINES_MANAGER,
        object=change if exists else made,
        reason=f"memoize {status['key']}",
    )
