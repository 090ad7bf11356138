"""What every declared object carries: its owner, where it came from, and who acts on it."""

import re
from typing import Final

from ruleengine.model.actions import Action, Verb
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Origin
from ruleengine.model.names import ARGO_API_VERSION, ENGINE, ORIGIN, OWNER
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.inventory import owner_text

_SAID: Final = re.compile(r"(?P<path>.+?):(?P<line>\d{1,9})(?: (?P<rule>.*))?", re.DOTALL)
_ARGO_GROUP = ARGO_API_VERSION.partition("/")[0]


def folder_of(origin: Origin | None) -> str:
    """Return the top-level folder that an object was declared in; empty for the root."""
    folder, slash, _ = (origin.path if origin else "").partition("/")
    return folder if slash else ""


def origin_text(origin: Origin) -> str:
    """Return ``path:line rule``, the value of the annotation ``ruleengine.dev/origin``."""
    return f"{origin.path}:{origin.line} {origin.rule}".strip()


def origin_of(value: Object) -> Origin | None:
    """Return where an object says that it was declared; ``None`` where it does not."""
    said = _SAID.fullmatch(str(lookup(value, "metadata", "annotations", ORIGIN, default="")))
    if said is None:
        return None
    return Origin(path=said["path"], line=int(said["line"]), rule=said["rule"] or "")


def stamped(action: Action, repo: str, engine: Engine) -> Object:
    """Return the object of an action with owner and origin, and the engine where we reconcile."""
    value = action.object or {}
    if action.verb is not Verb.APPLY:
        return value
    metadata = dict(value.get("metadata") or {})
    annotations = {**(metadata.get("annotations") or {})}
    annotations[OWNER] = owner_text(repo, folder_of(action.origin))
    if action.origin is not None:
        annotations[ORIGIN] = origin_text(action.origin)
    metadata["annotations"] = annotations
    if engine is Engine.NATIVE and action.target.group == _ARGO_GROUP:
        metadata["labels"] = {**(metadata.get("labels") or {}), ENGINE: str(Engine.NATIVE)}
    return {**value, "metadata": metadata}
