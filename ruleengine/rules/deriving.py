"""The phases ``set`` and ``emit``: from one document to the objects it stands for.

``set`` lays defaults under an object: the document's word goes over a team's, a team's
over a built-in one's. ``emit`` makes objects, which pass through the same phases, until
nothing new appears.
"""

from collections.abc import Iterator

from ruleengine.model.documents import Document, Origin
from ruleengine.model.findings import Related
from ruleengine.model.values import Object, Value, format_path
from ruleengine.rules.merging import conflicts, fill, over, without_nulls
from ruleengine.rules.ruleset import Rank, Rule
from ruleengine.rules.sandbox import OMIT
from ruleengine.rules.subjects import Subject, Surroundings
from ruleengine.rules.templates import Constant, Loop, Part, TemplateFault, measure

DEPTH_LIMIT = 12
"""How many rules may follow one another from a document to an object."""

OBJECT_LIMIT = 2_000
"""How many objects one document may stand for."""


def derive(around: Surroundings) -> tuple[Subject, list[Subject]]:
    """Return the document as a subject, and every object that it stands for.

    A full document is the first of its objects; parents come before children. What is
    wrong is noted in ``around.findings``.
    """
    source = around.source
    root = _settled(source.value, _origin(source, around.commit), around)
    found: list[Subject] = []
    waiting: list[tuple[Subject, tuple[Rule, ...]]] = [(root, ())]
    while waiting and len(found) <= OBJECT_LIMIT:
        subject, chain = waiting.pop()
        if subject.kind:
            found.append(subject)
        children = list(_children(subject, chain))
        waiting.extend(reversed(children))
    if waiting:
        remedy = "let the rules emit fewer objects"
        around.note("rule-emit-unbounded", f"more than {OBJECT_LIMIT} objects", remedy)
    if not root.kind and not root.group.rules:
        _note_unmatched(around)
    return root, found


def _origin(source: Document, commit: str) -> Origin:
    return Origin(path=source.path, line=source.line, blob=source.blob, commit=commit)


def _settled(value: Object, origin: Origin, around: Surroundings) -> Subject:
    """Return the subject with the defaults of all ``set`` rules laid under it."""
    subject = Subject(value, origin, around)
    for rank in (Rank.TEAM, Rank.BUILT_IN):
        speaking = subject.group.setting[rank]
        if not speaking:
            continue
        filled = fill(subject.object, _defaults(subject, rank))
        if filled is not subject.object:
            subject.become(filled)
            if rank is Rank.TEAM:
                subject.origin = _origin_of_set(origin, speaking)
    if origin.rule:
        pruned = without_nulls(subject.object)
        if pruned is not subject.object:
            subject.become(pruned)
    return subject


def _origin_of_set(origin: Origin, rules: list[Rule]) -> Origin:
    """Return the origin of an object that a team's rules have changed, for ``why``."""
    return Origin(
        path=origin.path,
        line=origin.line,
        blob=origin.blob,
        commit=origin.commit,
        rule=", ".join(rule.name for rule in rules),
        rule_place=", ".join(rule.line("set") for rule in rules),
        parent=origin if origin.rule else None,
    )


def _defaults(subject: Subject, rank: Rank) -> Value:
    """Return what rules of one rank set; noted where two of a team's disagree.

    That the built-in ones agree is a matter of our own tests.
    """
    if rank is Rank.BUILT_IN and subject.group.defaults is not None:
        return subject.group.defaults
    merged: Value = {}
    stated: list[tuple[Rule, Value]] = []
    for rule in subject.group.setting[rank]:
        try:
            value = _stated(subject, rule)
        except TemplateFault as fault:
            subject.around.fault(rule, fault)
            continue
        if rule.rank is Rank.TEAM:
            for earlier, said in stated:
                _note_conflicts(subject, (earlier, said), (rule, value))
            stated.append((rule, value))
        merged = over(merged, value)
    return merged


def _stated(subject: Subject, rule: Rule) -> Value:
    """Return the defaults that one rule states. Raises ``TemplateFault``."""
    if rule.sets is None or isinstance(rule.sets, Constant):
        return rule.sets.value if rule.sets else {}
    value = rule.sets.render(subject.scope(rule))
    if rule.rank is Rank.TEAM:
        measure(value, ("set",))
    return value


def _note_conflicts(subject: Subject, one: tuple[Rule, Value], other: tuple[Rule, Value]) -> None:
    for path in conflicts(one[1], other[1]):
        subject.around.note(
            "rule-set-conflict",
            f"rules {one[0].name} and {other[0].name} set {format_path(path)} differently"
            f" for {subject.kind} {subject.name}",
            "let one of them set it, or write the field in the document",
            *(Related(rule.place("set", *path), f"rule {rule.name}") for rule, _ in (one, other)),
        )


def _children(
    subject: Subject, chain: tuple[Rule, ...]
) -> Iterator[tuple[Subject, tuple[Rule, ...]]]:
    for rule in subject.group.emitting:
        if rule in chain:
            _note_cycle(subject.around, (*chain[chain.index(rule) :], rule))
            continue
        if len(chain) >= DEPTH_LIMIT:
            _note_cycle(subject.around, (*chain, rule))
            continue
        for value, place in _emitted(subject, rule):
            parent = subject.origin
            origin = Origin(
                path=parent.path,
                line=parent.line,
                blob=parent.blob,
                commit=parent.commit,
                rule=rule.name,
                rule_place=place,
                parent=parent if parent.rule else None,
            )
            yield _settled(value, origin, subject.around), (*chain, rule)


def _emitted(subject: Subject, rule: Rule) -> Iterator[tuple[Object, str]]:
    """Yield the objects that one rule emits, each with the rule's place for it."""
    for index, entry in enumerate(rule.emits):
        try:
            values = _items(entry, subject, rule)
            if rule.rank is Rank.TEAM:
                measure(values, ("emit", index))
        except TemplateFault as fault:
            subject.around.fault(rule, fault)
            continue
        place = rule.line("emit", index)
        for value in values:
            if _is_object(value):
                yield value, place
            else:
                text = "an emitted object needs apiVersion, kind, metadata.name"
                subject.around.fault(rule, TemplateFault(text, ("emit", index), ""))


def _items(entry: Part | Loop, subject: Subject, rule: Rule) -> list[Value]:
    scope = subject.scope(rule)
    rendered = entry.render(scope) if isinstance(entry, Loop) else [entry.render(scope)]
    # An expression may yield several objects at once.
    flat: list[Value] = []
    for value in rendered:
        if isinstance(value, list):
            flat.extend(value)
        elif value is not OMIT:
            flat.append(value)
    return flat


def _is_object(value: Value) -> bool:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return (
        isinstance(metadata, dict)
        and isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("kind"), str)
        and bool(metadata.get("name") or metadata.get("generateName"))
    )


def _note_cycle(around: Surroundings, rules: tuple[Rule, ...]) -> None:
    names = " → ".join(rule.name for rule in rules)
    around.note(
        "rule-emit-cycle",
        f"these rules emit for one another without end: {names}",
        "narrow `match` of one of them, so that it leaves out what the others emit",
        *(Related(rule.place("emit"), f"rule {rule.name}") for rule in rules[:-1]),
    )


def _note_unmatched(around: Surroundings) -> None:
    around.note(
        "rule-document-unmatched",
        "no rule says what this short form stands for",
        "write apiVersion and kind, or add a rule with `match: {folder: "
        f"{around.variables['path']['folder'] or '...'}, form: short}}` that emits objects",
    )
