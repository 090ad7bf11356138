"""The phases ``definitions`` and ``references``: what an object offers and relies on."""

from collections.abc import Iterator

from ruleengine.model.findings import Place
from ruleengine.model.references import Definition, Reference
from ruleengine.model.values import Path, Value
from ruleengine.rules.compiling import ABSENT
from ruleengine.rules.filters import as_text
from ruleengine.rules.paths import EveryItem, Selection
from ruleengine.rules.ruleset import Declaration, Offer, Pointer, Rule
from ruleengine.rules.subjects import Subject
from ruleengine.rules.templates import Scope, TemplateFault


def definitions(subject: Subject) -> Iterator[Definition]:
    """Yield what the object defines: itself, and what rules declare of it."""
    declared: dict[tuple[str, str, str], Definition] = {}
    for rule, declaration in subject.group.declaring:
        try:
            for one in _declared(subject, rule, declaration):
                declared.setdefault((one.kind, one.namespace, one.name), one)
        except TemplateFault as fault:
            subject.around.fault(rule, fault)
    if subject.kind and subject.name:
        own = (subject.kind, subject.namespace, subject.name)
        place = subject.around.places.key(subject.object, ("metadata", "name"))
        declared.setdefault(
            own, Definition(kind=own[0], namespace=own[1], name=own[2], place=place)
        )
    yield from declared.values()


def _declared(subject: Subject, rule: Rule, declaration: Declaration) -> Iterator[Definition]:
    parts = subject.selected(declaration.each)
    if not parts:
        return
    scope, places = subject.scope(rule), subject.around.places
    at = declaration.at or (() if declaration.each.patterns else ("metadata", "name"))
    for path, value, part in parts:
        words = declaration.words.values(scope, *part)
        if words is None:
            continue
        kind, name, namespace = words
        yield Definition(
            _text(kind, subject.kind),
            _text(namespace, subject.namespace),
            _text(name, subject.name),
            places.key(subject.object, path + at),
            {offer.aspect: dict(_offered(offer, value, scope)) for offer in declaration.offers},
        )


def _offered(offer: Offer, value: Value, scope: Scope) -> Iterator[tuple[str, bool]]:
    for path, inner in offer.each.select(value):
        name, required = offer.words.values(scope, inner, path[-1] if path else "") or ("", False)
        yield as_text(name), required is not ABSENT and bool(required)


def references(subject: Subject) -> Iterator[Reference]:
    """Yield what the object points at."""
    for rule, pointer in subject.group.pointing:
        try:
            yield from _pointed(subject, rule, pointer)
        except TemplateFault as fault:
            subject.around.fault(rule, fault)


def _pointed(subject: Subject, rule: Rule, pointer: Pointer) -> Iterator[Reference]:
    parts = subject.selected(pointer.each)
    if not parts:
        return
    scope, places = subject.scope(rule), subject.around.places
    for path, value, part in parts:
        words = pointer.words.values(scope, *part)
        if words is None:
            continue
        kind, name, namespace, message, remedy = words
        if not (target := _text(name)):
            continue
        passes = {
            aspect: tuple(
                (passed, places.key(subject.object, path + inner))
                for passed, inner in _passed(names, value)
            )
            for aspect, names in pointer.passes
        }
        # By position: this is made for every step of every pipeline.
        yield Reference(
            _text(kind),
            _text(namespace, subject.namespace),
            target,
            places.value(subject.object, path + pointer.at),
            passes,
            pointer.partial,
            pointer.severity,
            _text(message),
            _text(remedy),
            rule.name,
        )


def _passed(names: Selection, value: Value) -> Iterator[tuple[str, Path]]:
    """Yield the names that are passed: texts, or the keys of a map that ends in ``[*]``."""
    if not names.patterns:
        return
    keys = isinstance(names.patterns[0][-1], EveryItem)
    for path, found in names.select(value):
        key = path[-1]
        yield key if keys and isinstance(key, str) else as_text(found), path


def _text(value: Value, absent: str = "") -> str:
    if type(value) is str:
        return value
    if value is ABSENT:
        return absent
    return "" if value is None or isinstance(value, dict) else as_text(value)


def sharpest(found: list[Reference], whole: Place) -> tuple[Reference, ...]:
    """Return references without those that another one locates better, or says already.

    A short form points at things with its own words; the object made of it points at the
    same things, from the same place or from fields that the file does not have, so from the
    document as a whole (``whole``).
    """
    located = {(one.kind, one.namespace, one.name) for one in found if one.place != whole}
    first: dict[object, Reference] = {}
    for one in found:
        target = (one.kind, one.namespace, one.name)
        if one.place != whole or target not in located:
            first.setdefault((target, tuple(one.passes), one.place), one)
    return tuple(first.values())
