"""From one document of kind ``Rule`` to a rule, with a located finding for every mistake."""

from collections.abc import Mapping
from typing import Final

from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Finding
from ruleengine.model.values import Path
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
    Constant,
    Loop,
    Part,
    check,
    compile_template,
    is_loop,
)

_RESERVED: Final = frozenset(
    {"document", "path", "defaults", "configuration", "form", "references", "omit", "range"}
)


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
        variables=reader.variables(),
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
        return Requirement(
            path=path,
            that=that,
            when=self.condition((*path, "when")),
            each=self.selection((*path, "each")),
            at=self.pattern((*path, "at")) or (),
            severity=self.severity((*path, "severity")),
            message=message,
            remedy=self.optional((*path, "remedy")) or Constant("change what the policy asks for"),
        )

    def pointer(self, path: Path) -> Pointer:
        kind, name = self.optional((*path, "kind")), self.optional((*path, "name"))
        if kind is None or name is None:
            self.wrong(path, "a reference needs `kind` and `name`", "say what is pointed at")
            raise BrokenPart
        return Pointer(
            path=path,
            when=self.condition((*path, "when")),
            each=self.selection((*path, "each")),
            at=self.pattern((*path, "at")) or (),
            kind=kind,
            name=name,
            namespace=self.optional((*path, "namespace")),
            aspect=self.text((*path, "aspect")),
            passes=self.selection((*path, "passes")),
            partial=self.at((*path, "partial")) is True,
            severity=self.severity((*path, "severity")),
            message=self.optional((*path, "message")) or Constant(""),
            remedy=self.optional((*path, "remedy")) or Constant(""),
        )

    def declaration(self, path: Path) -> Declaration:
        return Declaration(
            path=path,
            when=self.condition((*path, "when")),
            each=self.selection((*path, "each")),
            at=self.pattern((*path, "at")) or (),
            kind=self.optional((*path, "kind")),
            name=self.optional((*path, "name")),
            namespace=self.optional((*path, "namespace")),
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
        return tuple(
            Offer(
                aspect=aspect,
                each=self.selection((*path, aspect, "each")),
                name=self.optional((*path, aspect, "name")) or compile_template("${{ value }}", ()),
                required=self.condition((*path, aspect, "required")),
            )
            for aspect in value
        )

    def check(self, rule: Rule) -> None:
        """Compile every expression of the rule and note the faults."""
        for part in _parts(rule):
            for fault in check(part):
                self.broken(fault)


def _parts(rule: Rule) -> list[Part | Loop]:
    parts: list[Part | Loop | None] = [rule.when, rule.sets]
    parts += [part for _, part in rule.variables]
    parts += [*rule.emits, *rule.namespaces, *(rule.actions or ())]
    for requirement in rule.requirements:
        parts += [requirement.that, requirement.when, requirement.message, requirement.remedy]
    for pointer in rule.pointers:
        parts += [pointer.when, pointer.kind, pointer.name, pointer.namespace]
        parts += [pointer.message, pointer.remedy]
    for declaration in rule.declarations:
        parts += [declaration.when, declaration.kind, declaration.name, declaration.namespace]
        parts += [part for offer in declaration.offers for part in (offer.name, offer.required)]
    return [part for part in parts if part is not None]
