"""What flags that are meant for kubectl say of one request: those of ``resource`` templates.

Argo hands them to kubectl (reference, Workflows 3.1). Here those are read that an API server
can be told, with kubectl's meanings and defaults; each other one is refused by its name, with
what to write in its place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ruleengine.formats.go_durations import DurationError, parse_duration, to_timedelta

_BY_MANIFEST: Final = ("create", "apply", "replace")
_OF_ONE: Final = ("get", "patch")
_ALL: Final = (*_BY_MANIFEST, *_OF_ONE, "delete")
_WRITES: Final = (*_BY_MANIFEST, "patch")
_DELETES: Final = ("delete",)

_TRUTHS: Final = {"true": "true", "false": ""}
_PROPAGATIONS: Final = {one.lower(): one for one in ("Background", "Foreground", "Orphan")}
_VALIDATIONS: Final = {
    **dict.fromkeys(("true", "strict"), "Strict"),
    **dict.fromkeys(("false", "ignore"), "Ignore"),
    "warn": "Warn",
}
_STRATEGIES: Final = {one: one for one in ("strategic", "merge", "json")}
_DRY_RUNS: Final = {"none": "", "server": "All"}


class FlagError(ValueError):
    """A flag that is not honoured, or flags that say nothing to be done.

    ``index`` is the place of the flag, ``None`` where the flags as a whole are meant.
    """

    def __init__(self, problem: str, remedy: str, index: int | None = None) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.index = index


@dataclass(frozen=True, slots=True)
class Flags:
    """What flags say of a request, by kubectl's defaults where they say nothing.

    ``objects`` are kinds as they are written, each with a name, which is empty for those that
    are selected: by labels, by fields, or all. ``timeout`` is in seconds, 0 for no bound;
    ``grace`` is ``None`` where the object says it.
    """

    objects: tuple[tuple[str, str], ...] = ()
    namespace: str = ""
    everywhere: bool = False
    selector: str = ""
    fields: str = ""
    ignores_absent: bool = False
    propagation: str = "Background"
    grace: int | None = None
    waits: bool = True
    timeout: float = 0.0
    dry_run: str = ""
    manager: str = ""
    validation: str = "Strict"
    forces: bool = True
    subresource: str = ""
    strategy: str = "strategic"


@dataclass(frozen=True, slots=True)
class _Option:
    """A flag that is honoured: of which actions, what it is without a value, and which it has."""

    actions: tuple[str, ...]
    alone: str | None = None
    values: Mapping[str, str] | None = None


def _switch(*actions: str) -> _Option:
    return _Option(actions, "true", _TRUTHS)


_OPTIONS: Final = {
    "all": _switch("delete"),
    "all-namespaces": _switch("delete"),
    "cascade": _Option(_DELETES, "background", _PROPAGATIONS),
    "dry-run": _Option((*_WRITES, "delete"), "client", _DRY_RUNS),
    "field-manager": _Option(_WRITES),
    "field-selector": _Option(_DELETES),
    "force": _switch("delete"),
    "force-conflicts": _switch("apply"),
    "grace-period": _Option(_DELETES),
    "ignore-not-found": _switch("get", "delete"),
    "namespace": _Option(_ALL),
    "now": _switch("delete"),
    "output": _Option(_ALL),
    "selector": _Option(_DELETES),
    "server-side": _switch("apply"),
    "show-managed-fields": _switch(*_WRITES, "get"),
    "subresource": _Option(("get", "patch", "replace", "apply")),
    "timeout": _Option(_DELETES),
    "type": _Option(("patch",), None, _STRATEGIES),
    "validate": _Option(_BY_MANIFEST, "strict", _VALIDATIONS),
    "wait": _switch("delete"),
}
_SHORT: Final = {
    "A": "all-namespaces",
    "f": "filename",
    "k": "kustomize",
    "l": "selector",
    "n": "namespace",
    "o": "output",
    "p": "patch",
    "R": "recursive",
    "w": "watch",
}
_ACCOUNT: Final = "a step speaks as the service account of its pod: state `serviceAccountName`"
_INSTEAD: Final = {
    **dict.fromkeys(("filename", "kustomize", "recursive"), "state the object in `manifest`"),
    **dict.fromkeys(("patch", "patch-file"), "write the patch as the `manifest`"),
    **dict.fromkeys(("as", "as-group", "context", "kubeconfig", "server", "token"), _ACCOUNT),
    **dict.fromkeys(("watch", "watch-only"), "state a `successCondition`"),
    "force": "delete the object in a step of its own before, and create it again",
    "prune": "delete what is to go in a step of its own",
    "save-config": "use the action apply, which remembers what it stated",
    "selector": "name one object; only delete takes all that a selector finds",
}


def read_flags(
    action: str, flags: Sequence[str], *, manifest: bool = True, strategy: str = ""
) -> Flags:
    """Return what the flags of an action say; raises ``FlagError``.

    ``manifest`` says that there is one, ``strategy`` which merge strategy the template states.
    """
    words: list[str] = []
    stated: dict[str, str] = {}
    rest = iter(enumerate(flags))
    for index, flag in rest:
        if flag.startswith("-"):
            name, value = _option(action, flag, index, rest)
            stated[name] = value
        else:
            words.append(flag)
    found = _said(action, stated, _objects(words), strategy)
    _check_objects(action, found, manifest, every=bool(stated.get("all")))
    return found


def _option(action: str, flag: str, index: int, rest: Iterator[tuple[int, str]]) -> tuple[str, str]:
    """Return the name of a flag and its value, taken from the next one where it stands there."""
    name, value = _taken_apart(flag)
    option = _OPTIONS.get(name)
    if option is None or action not in option.actions:
        known = sorted(f"--{one}" for one, option in _OPTIONS.items() if action in option.actions)
        remedy = _INSTEAD.get(name) or f"those of {action} are: {', '.join(known)}"
        raise FlagError(f"the flag {flag!r} is not honoured for {action}", remedy, index)
    if value is None:
        value = next(rest, (0, None))[1] if option.alone is None else option.alone
    if value is None:
        raise FlagError(f"the flag {flag!r} has no value", f"write {flag}=VALUE", index)
    if option.values is None:
        return name, value.strip()
    if value not in option.values:
        remedy = f"write one of {', '.join(option.values)}"
        raise FlagError(f"--{name} is not {value!r}", remedy, index)
    return name, option.values[value]


def _taken_apart(flag: str) -> tuple[str, str | None]:
    if flag.startswith("--"):
        name, sign, value = flag.removeprefix("--").partition("=")
        return name, value if sign else None
    value = flag[2:].removeprefix("=")
    return _SHORT.get(flag[1:2], flag), value if flag[2:] else None


def _objects(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the kinds and names that words are: ``pod a b``, ``pod/a secret/b``, ``pods,jobs``."""
    if any("/" in one for one in words):
        pairs = [one.partition("/")[::2] for one in words]
    else:
        kinds = words[0].split(",") if words else ()
        pairs = [(kind, name) for kind in kinds for name in words[1:] or ("",)]
    slashes = any("/" in name for _, name in pairs)
    named = {bool(name) for _, name in pairs}
    if slashes or len(named) > 1 or not all(kind for kind, _ in pairs) or "" in words:
        told = f"the flags {' '.join(words)!r} name no objects"
        raise FlagError(told, "write a kind and names, or KIND/NAME for each")
    return tuple(pairs)


def _said(
    action: str, stated: Mapping[str, str], objects: tuple[tuple[str, str], ...], strategy: str
) -> Flags:
    deletes = action == "delete"
    return Flags(
        objects=objects,
        namespace=stated.get("namespace", ""),
        everywhere=bool(stated.get("all-namespaces")),
        selector=stated.get("selector", ""),
        fields=stated.get("field-selector", ""),
        ignores_absent=bool(stated.get("ignore-not-found", "true" if deletes else "")),
        propagation=stated.get("cascade", "Background"),
        grace=_grace(stated),
        waits=bool(stated.get("wait", "true")),
        timeout=_seconds(stated.get("timeout", "0s")),
        dry_run=stated.get("dry-run", ""),
        manager=stated.get("field-manager", ""),
        validation=stated.get("validate", "Strict"),
        forces=not stated.get("server-side") or bool(stated.get("force-conflicts")),
        subresource=stated.get("subresource", ""),
        strategy=stated.get("type") or strategy or "strategic",
    )


def _grace(stated: Mapping[str, str]) -> int | None:
    """Return the seconds that something has to end; none at all only where it is forced."""
    if "grace-period" in stated and stated.get("now"):
        raise FlagError("--now is a --grace-period, too", "leave one of them out")
    text = stated.get("grace-period", "1" if stated.get("now") else "-1")
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise FlagError(f"--grace-period is not {text!r}", "write a whole number of seconds")
    seconds, forced = int(text), bool(stated.get("force"))
    if forced and seconds > 0:
        raise FlagError("what is forced has no time to end", "leave out --force or the time")
    if seconds < 0:
        return 0 if forced else None
    return seconds if forced else max(seconds, 1)


def _seconds(text: str) -> float:
    try:
        return to_timedelta(parse_duration(text)).total_seconds()
    except DurationError as error:
        raise FlagError(f"--timeout is not {text!r}: {error}", "write 30s or 5m") from error


def _check_objects(action: str, flags: Flags, manifest: bool, every: bool) -> None:
    """Raise ``FlagError`` where it is not said, or said twice, what the action is of."""
    selects = bool(flags.selector or flags.fields or every)
    named = [name for _, name in flags.objects]
    if action in _BY_MANIFEST and flags.objects:
        told = f"{action} takes its object from a manifest, not from flags"
        raise FlagError(told, "write kind and name into the `manifest`")
    if action in ("get", "delete") and manifest and (flags.objects or selects):
        told = f"{action} is told its objects twice, by a manifest and by flags"
        raise FlagError(told, "leave one of them out")
    if not manifest and not flags.objects:
        remedy = "write its kind and name as flags, or a `manifest`"
        raise FlagError(f"nothing says which object to {action}", remedy)
    if action in _OF_ONE and flags.objects and (len(named) > 1 or not named[0]):
        raise FlagError(f"{action} is of one object", "write one kind and one name as flags")
    if action == "patch" and flags.strategy == "json" and not flags.objects:
        told = "a JSON patch does not say which object it is for"
        raise FlagError(told, "write the kind and the name of the object as `flags`")
    if action == "patch" and not manifest:
        raise FlagError("a patch has no manifest", "write the patch as the `manifest`")
    if flags.everywhere and any(named):
        remedy = "write --namespace, or else a selector or --all"
        raise FlagError("delete is told names, and every namespace", remedy)
    if selects is all(named):  # only delete selects, and a manifest names its object
        told = "delete is told both names and a selector" if selects else "delete has no names"
        raise FlagError(told, "write names, or else one of --selector, --field-selector, --all")
