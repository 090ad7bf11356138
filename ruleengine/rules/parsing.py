"""From one document of kind ``Rule`` to a rule, with a located finding for every mistake."""

from collections.abc import Mapping
from typing import Final

from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Finding
from ruleengine.model.values import Path
from ruleengine.rules.paths import Selection
from ruleengine.rules.reading import BrokenPart, Reader
from ruleengine.rules.ruleset import (
    Declaration,
    Match,
    Offer,
    Pointer,
    Rank,
    Requirement,
    Rule,
)
from ruleengine.rules.templates import (
    Choice,
    Constant,
    Loop,
    Part,
    Variables,
    check,
    compile_template,
    is_loop,
)

_RESERVED: Final = frozenset(
    {"document", "path", "defaults", "configuration", "form", "references", "omit", "range"}
)

_PART: Final = ("value", "key")
"""The names under which the templates of an entry with ``each`` see the selected part."""


def parse_rule(document: Document, rank: Rank, *, eager: bool) -> tuple[Rule | None, list[Finding]]:
    """Return the rule that a document declares (``None`` where it is wrong), and findings.

    ``eager`` compiles every expression now, so that mistakes come to light in rules that
    match nothing yet; built-in rules are compiled on first use instead.
    """
    reader = _RuleReader(document)
    try:
        rule = _read(reader, rank)
        if eager:
            reader.check(rule)
    except BrokenPart:
        rule = None
    return (rule if not reader.findings else None), reader.findings


def _read(reader: "_RuleReader", rank: Rank) -> Rule:
    value = reader.document.value
    reader.keys((), value, "rule")
    name = reader.name()
    actions = reader.templates(("actions",)) if "actions" in value else None
    listed = value.get("actions")
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, dict) and not is_loop(entry):
            reader.keys(("actions", index), entry, "actions")
    rule = Rule(
        name=name,
        rank=rank,
        document=reader.document,
        match=reader.match(),
        engines=reader.choices(("engines",), Engine),
        replaces=reader.text(("replaces",)),
        description=reader.text(("description",)),
        when=reader.condition(("when",)),
        variables=Variables(reader.variables(), measured=rank is Rank.TEAM),
        sets=reader.template(("set",)) if "set" in value else None,
        emits=reader.templates(("emit",)),
        declarations=reader.each_entry("definitions", reader.declaration),
        pointers=reader.each_entry("references", reader.pointer),
        requirements=reader.each_entry("require", reader.requirement),
        namespaces=reader.templates(("namespaces",)),
        actions=actions,
    )
    if "set" in value and not isinstance(value["set"], Mapping):
        reader.wrong(("set",), "`set` is a map of defaults", "write the fields to set")
    return rule


class _RuleReader(Reader):
    """Reads the parts of one rule."""

    def name(self) -> str:
        metadata = self.document.value.get("metadata")
        self.keys(("metadata",), metadata, "metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(name, str) or not name:
            self.wrong(("metadata",), "a rule needs a name", "set metadata.name")
            raise BrokenPart
        return name

    def match(self) -> Match:
        value = self.at(("match",))
        if value is None:
            self.wrong((), "a rule needs `match`", "say which documents it is about")
            raise BrokenPart
        self.keys(("match",), value, "match")
        forms = self.choices(("match", "form"), Form)
        selector = None
        if labels := self.text(("match", "labels")):
            try:
                selector = parse_label_selector(labels)
            except SelectorError as error:
                self.wrong(("match", "labels"), str(error), "write a label selector: `a=b,c!=d`")
        return Match(
            folders=self.texts(("match", "folder")),
            kinds=self.texts(("match", "kind")),
            api_versions=self.texts(("match", "apiVersion")),
            form=forms[0] if forms else None,
            paths=self.texts(("match", "path")),
            selector=selector,
        )

    def variables(self) -> tuple[tuple[str, Part], ...]:
        value = self.at(("variables",))
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.wrong(("variables",), "`variables` is a map", "write names with their values")
            return ()
        for name in value:
            if not str(name).isidentifier() or name in _RESERVED:
                remedy = "use letters, digits and underscores, and no name that rules have already"
                self.wrong(("variables", name), f"{name!r} cannot name a variable", remedy)
        return tuple((name, self.template(("variables", name))) for name in value)

    def requirement(self, path: Path) -> Requirement:
        that = self.condition((*path, "that"))
        message = self.optional((*path, "message"))
        if that is None or message is None:
            self.wrong(path, "a check needs `that` and `message`", "say what must hold, and why")
            raise BrokenPart
        remedy = self.optional((*path, "remedy")) or Constant("change what the policy asks for")
        when, each = self.condition((*path, "when")), self.selection((*path, "each"))
        words = _PART if each.patterns else ()
        return Requirement(
            path=path,
            each=each,
            at=self.field((*path, "at")),
            asked=None if when is None else Choice(when, (), words),
            that=Choice(None, (that,), words),
            words=Choice(None, (message, remedy), words),
            severity=self.severity((*path, "severity")),
        )

    def pointer(self, path: Path) -> Pointer:
        kind, name = self.optional((*path, "kind")), self.optional((*path, "name"))
        if kind is None or name is None:
            self.wrong(path, "a reference needs `kind` and `name`", "say what is pointed at")
            raise BrokenPart
        others = (self.optional((*path, key)) for key in ("namespace", "message", "remedy"))
        each = self.selection((*path, "each"))
        when = self.condition((*path, "when"))
        return Pointer(
            path=path,
            each=each,
            at=self.field((*path, "at")),
            words=Choice(when, (kind, name, *others), _PART if each.patterns else ()),
            passes=self.passes(path),
            partial=self.at((*path, "partial")) is True,
            severity=self.severity((*path, "severity")),
        )

    def passes(self, path: Path) -> tuple[tuple[str, Selection], ...]:
        """Return what a pointer hands over: a map of aspects, or the names of one aspect."""
        inner, aspect = (*path, "passes"), self.text((*path, "aspect"))
        value = self.at(inner)
        if not isinstance(value, dict):
            names = self.selection(inner)
            return ((aspect, names),) if aspect else ()
        if aspect:
            remedy = "write `aspect`, or a map below `passes`"
            self.wrong(inner, "aspects are named twice", remedy)
        return tuple((one, self.selection((*inner, one))) for one in value)

    def declaration(self, path: Path) -> Declaration:
        parts = tuple(self.optional((*path, key)) for key in ("kind", "name", "namespace"))
        each = self.selection((*path, "each"))
        when = self.condition((*path, "when"))
        return Declaration(
            path=path,
            each=each,
            at=self.field((*path, "at")),
            words=Choice(when, parts, _PART if each.patterns else ()),
            offers=self.offers((*path, "offers")),
        )

    def offers(self, path: Path) -> tuple[Offer, ...]:
        value = self.at(path)
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.wrong(path, "`offers` is a map of aspects", "write for example `parameters:`")
            raise BrokenPart
        for aspect in value:
            self.keys((*path, aspect), value[aspect], "offers")
        return tuple(self._offer((*path, aspect), aspect) for aspect in value)

    def _offer(self, path: Path, aspect: str) -> Offer:
        name = self.optional((*path, "name")) or compile_template("${{ value }}", ())
        required = self.condition((*path, "required"))
        return Offer(
            aspect=aspect,
            each=self.selection((*path, "each")),
            words=Choice(None, (name, required), _PART),
        )

    def check(self, rule: Rule) -> None:
        """Compile every expression of the rule and note the faults."""
        for part in parts_of(rule):
            for fault in check(part):
                self.broken(fault)


def parts_of(rule: Rule) -> list[Part | Loop | Choice]:
    """Return every template of a rule."""
    parts: list[Part | Loop | Choice | None] = [rule.when, rule.sets]
    parts += [part for _, part in rule.variables.parts]
    parts += [*rule.emits, *rule.namespaces, *(rule.actions or ())]
    for requirement in rule.requirements:
        parts += [requirement.asked, requirement.that, requirement.words]
    parts += [pointer.words for pointer in rule.pointers]
    for declaration in rule.declarations:
        parts += [declaration.words, *(offer.words for offer in declaration.offers)]
    return [part for part in parts if part is not None]
