"""The phase ``actions``: what is to be written for an object, and the namespaces it needs.

Unless a rule says otherwise, an object is applied. A team's ``actions`` replace those of
built-in rules; an empty list means that nothing is written.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.documents import Origin
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object, Value
from ruleengine.rules.filters import as_text
from ruleengine.rules.results import NeededNamespace
from ruleengine.rules.ruleset import Rule
from ruleengine.rules.subjects import Subject
from ruleengine.rules.templates import Loop, Part, TemplateFault

NAMESPACE_RULE: Final = "needed-namespaces"
"""The rule named as the origin of namespaces that no document declares."""

_ALWAYS_THERE: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_VERBS: Final = frozenset({Verb.APPLY, Verb.CREATE, Verb.PATCH, Verb.DELETE})


def actions(subject: Subject) -> Iterator[Action]:
    """Yield the actions for one object."""
    speaking = subject.group.acting()
    if not speaking:
        yield apply(subject.object, subject.origin)
    for rule in speaking:
        yield from _of_rule(subject, rule)


def apply(value: Object, origin: Origin, cluster: str = "", reason: str = "") -> Action:
    """Return the default action: apply the object as what the repo declares."""
    return Action(
        verb=Verb.APPLY,
        target=Target.of(value, cluster),
        manager=MANAGER,
        object=value,
        origin=origin,
        reason=reason,
    )


def _of_rule(subject: Subject, rule: Rule) -> Iterator[Action]:
    for index, entry in enumerate(rule.actions or ()):
        try:
            for value in _rendered(entry, subject, rule):
                yield _action(value, subject, ("actions", index))
        except TemplateFault as fault:
            subject.around.fault(rule, fault)


def _rendered(entry: Part | Loop, subject: Subject, rule: Rule) -> list[Value]:
    scope = subject.scope(rule)
    return entry.render(scope) if isinstance(entry, Loop) else [entry.render(scope)]


def _action(value: Value, subject: Subject, path: tuple[str | int, ...]) -> Action:
    if not isinstance(value, dict):
        raise TemplateFault("an action is a map", path, "")
    verb = value.get("verb", Verb.APPLY)
    if verb not in _VERBS:
        known = ", ".join(sorted(_VERBS))
        raise TemplateFault(f"{verb!r} is no verb of a rule: use one of {known}", path, "")
    target = value.get("object", subject.object)
    wave = value.get("wave", 0)
    if not isinstance(target, dict) or not isinstance(wave, int):
        raise TemplateFault("`object` is an object and `wave` a number", path, "")
    return Action(
        verb=Verb(verb),
        target=Target.of(dict(target), as_text(value.get("cluster") or "")),
        manager=MANAGER,
        object=None if verb == Verb.DELETE else dict(target),
        origin=subject.origin,
        wave=wave,
        force=bool(value.get("force", True)),
        propagation=as_text(value.get("propagation", "Background")),
        reason=as_text(value.get("reason", "")),
        refusal=as_text(value.get("refusal", "")),
    )


def namespaces(subject: Subject, cluster: str) -> Iterator[NeededNamespace]:
    """Yield the namespaces that must exist before the object can do its work."""
    names = {subject.namespace: None}
    for rule, entry in subject.group.needing:
        try:
            for value in _rendered(entry, subject, rule):
                names[as_text(value) if isinstance(value, str) else ""] = None
        except TemplateFault as fault:
            subject.around.fault(rule, fault)
    for name in names:
        if name and name not in _ALWAYS_THERE:
            yield NeededNamespace(name, cluster, subject.origin)


def namespace_actions(
    needed: list[NeededNamespace], declared: frozenset[tuple[str, str]]
) -> Iterator[Action]:
    """Yield one action per needed namespace that no document declares."""
    seen = set(declared)
    for one in sorted(needed, key=lambda one: (one.cluster, one.name, one.origin.path)):
        if (one.cluster, one.name) in seen:
            continue
        seen.add((one.cluster, one.name))
        origin = Origin(
            path=one.origin.path,
            line=one.origin.line,
            blob=one.origin.blob,
            commit=one.origin.commit,
            rule=NAMESPACE_RULE,
            parent=one.origin if one.origin.rule else None,
        )
        value = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one.name}}
        yield apply(value, origin, one.cluster, "other documents need this namespace")
