"""What annotations say about one resource: waves, hooks, sync and compare options.

The reference, Argo CD sections 3.3, 3.4 and 4.
"""

from dataclasses import dataclass
from enum import StrEnum

from ruleengine.model.names import ARGO_HOOK, HELM_HOOK
from ruleengine.model.values import Object, Value, lookup

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
HOOK_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
IGNORE_HEALTH = "argocd.argoproj.io/ignore-healthcheck"
DELETION_APPROVED = "argocd.argoproj.io/deletion-approved"

_HELM_WEIGHT = "helm.sh/hook-weight"
_HELM_DELETE_POLICY = "helm.sh/hook-delete-policy"
_HELM_RESOURCE_POLICY = "helm.sh/resource-policy"
_SKIP = "Skip"


class SyncPhase(StrEnum):
    """The phases of a sync, in their order."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"


PHASE_RANK = {phase: rank for rank, phase in enumerate(SyncPhase)}

_DELETE_PHASES = frozenset({"PreDelete", "PostDelete"})
_HELM_PHASES = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "pre-delete": "PreDelete",
    "post-delete": "PostDelete",
}
_POLICIES = {
    "before-hook-creation": "BeforeHookCreation",
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What the hook annotations of an object ask for.

    ``phases`` are those of a sync; ``deletes`` the phases of a deletion; ``skip`` leaves the
    object alone; ``unknown`` means a value that nobody understands: never applied.
    """

    phases: tuple[SyncPhase, ...] = ()
    deletes: tuple[str, ...] = ()
    skip: bool = False
    unknown: bool = False
    policies: frozenset[str] = frozenset({"BeforeHookCreation"})


def annotations(value: Object | None) -> Object:
    """Return the annotations of an object, empty where it has none."""
    found = lookup(value, "metadata", "annotations", default={})
    return found if isinstance(found, dict) else {}


def sync_wave(value: Object) -> int:
    """Return the wave of an object: its annotation, else Helm's weight, else 0."""
    written = annotations(value)
    for name in (SYNC_WAVE, _HELM_WEIGHT):
        wave = _whole(written.get(name))
        if wave is not None:
            return wave
    return 0


def hook_of(value: Object) -> Hook | None:
    """Return what makes an object a hook, or ``None`` for an ordinary resource."""
    written = annotations(value)
    names = _words(written.get(ARGO_HOOK))
    if not names:
        names = [one for one in _words(written.get(HELM_HOOK)) if one != "crd-install"]
        if not names:
            return None
        names = list(dict.fromkeys(_HELM_PHASES.get(one, one) for one in names))
    if names == [_SKIP]:
        return Hook(skip=True)
    phases = tuple(phase for phase in SyncPhase if phase in names)
    deletes = tuple(name for name in names if name in _DELETE_PHASES)
    return Hook(
        phases=phases,
        deletes=deletes,
        unknown=not (phases or deletes),
        policies=_policies(written),
    )


def sync_options(value: Object | None) -> frozenset[str]:
    """Return the sync options that an object's own annotation lists."""
    return frozenset(_words(annotations(value).get(SYNC_OPTIONS)))


def compare_options(value: Object | None) -> frozenset[str]:
    """Return the compare options that an object's own annotation lists."""
    return frozenset(_words(annotations(value).get(COMPARE_OPTIONS)))


def keeps_on_deletion(value: Object, application_options: frozenset[str]) -> bool:
    """Tell whether an object stays when its application is deleted."""
    own = sync_options(value)
    if annotations(value).get(_HELM_RESOURCE_POLICY) == "keep" or "Delete=false" in own:
        return True
    return "Delete=false" in application_options and "Delete=confirm" not in own


def _policies(written: Object) -> frozenset[str]:
    argo = [one for one in _words(written.get(HOOK_DELETE_POLICY)) if one in _POLICIES.values()]
    helm = [_POLICIES[one] for one in _words(written.get(_HELM_DELETE_POLICY)) if one in _POLICIES]
    return frozenset(argo + helm) or frozenset({"BeforeHookCreation"})


def _words(text: Value) -> list[str]:
    """Return the words of a comma list, trimmed, each once."""
    if not isinstance(text, str):
        return []
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _whole(text: Value) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None
