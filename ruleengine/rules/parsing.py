"""From one document of kind ``Rule`` to a rule, with a located finding for every mistake."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.values import Path, Value
from ruleengine.rules.paths import Pattern, parse_path
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
    Expression,
    ListTemplate,
    Loop,
    Part,
    TemplateFault,
    bare,
    check,
    compile_template,
)

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "rule": (
        "apiVersion",
        "kind",
        "metadata",
        "description",
        "engines",
        "replaces",
        "match",
        "when",
        "variables",
        "set",
        "emit",
        "definitions",
        "references",
        "require",
        "namespaces",
        "actions",
    ),
    "metadata": ("name", "labels", "annotations"),
    "match": ("folder", "kind", "apiVersion", "form", "path", "labels"),
    "require": ("that", "when", "each", "at", "severity", "message", "remedy"),
    "references": (
        "when",
        "each",
        "at",
        "kind",
        "name",
        "namespace",
        "aspect",
        "passes",
        "partial",
        "severity",
        "message",
        "remedy",
    ),
    "definitions": ("when", "each", "at", "kind", "name", "namespace", "offers"),
    "offers": ("each", "name", "required"),
    "actions": (
        "verb",
        "object",
        "cluster",
        "wave",
        "force",
        "reason",
        "refusal",
        "propagation",
    ),
}
"""The keys of a rule and of its parts: what ``docs/rules.md`` and the schema list."""

_RESERVED: Final = frozenset(
    {"document", "path", "defaults", "configuration", "form", "references", "omit", "range"}
)
_Made = TypeVar("_Made")


class _Broken(Exception):  # noqa: N818 - stops the reading of one part; the finding is kept
    """A part of a rule is wrong and its finding is noted."""


def parse_rule(document: Document, rank: Rank, *, eager: bool) -> tuple[Rule | None, list[Finding]]:
    """Return the rule that a document declares (``None`` where it is wrong), and findings.

    ``eager`` compiles every expression now, so that mistakes come to light in rules that
    match nothing yet; built-in rules are compiled on first use instead.
    """
    reader = _Reader(document)
    try:
        rule = _read(reader, rank)
        if eager:
            reader.check(rule)
    except _Broken:
        rule = None
    return (rule if not reader.findings else None), reader.findings


def _read(reader: "_Reader", rank: Rank) -> Rule:
    value = reader.document.value
    reader.keys((), value, "rule")
    name = reader.name()
    actions = reader.templates(("actions",)) if "actions" in value else None
    for index, entry in enumerate(value.get("actions") or []):
        if isinstance(entry, dict) and "forEach" not in entry:
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


class _Reader:
    """Reads the parts of one rule and notes what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def note(self, code: str, path: Path, message: str, remedy: str) -> None:
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=message,
                remedy=remedy,
                place=self.document.place(*path),
            )
        )

    def wrong(self, path: Path, message: str, remedy: str) -> None:
        self.note("rule-value-invalid", path, message, remedy)

    def broken(self, fault: TemplateFault) -> None:
        what = f" in {fault.text.strip()!r}" if fault.text else ""
        self.note(
            "rule-template-broken",
            fault.path,
            f"{fault.message}{what}",
            "mend the expression; docs/rules.md lists what expressions may use",
        )

    def keys(self, path: Path, value: Value, what: str) -> None:
        """Note the keys that a part of a rule does not have. Raises where it is no map."""
        if not isinstance(value, dict):
            self.wrong(path, f"{what!r} takes maps", "write a map of keys")
            raise _Broken
        known = KEYS[what]
        for key in value:
            if key not in known:
                nearest = get_close_matches(str(key), known, n=1)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known)}"
                self.note("rule-key-unknown", (*path, key), f"{key!r} is no key of {what}", hint)

    def at(self, path: Path) -> Value:
        value: Value = self.document.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else value[step]
        return value

    def name(self) -> str:
        metadata = self.document.value.get("metadata")
        self.keys(("metadata",), metadata, "metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(name, str) or not name:
            self.wrong(("metadata",), "a rule needs a name", "set metadata.name")
            raise _Broken
        return name

    def text(self, path: Path) -> str:
        value = self.at(path)
        if value is None or isinstance(value, str):
            return value or ""
        self.wrong(path, f"{path[-1]!r} is a text", "write a text")
        return ""

    def texts(self, path: Path) -> tuple[str, ...]:
        value = self.at(path)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if all(isinstance(one, str) for one in values):
            return tuple(values)
        self.wrong(path, f"{path[-1]!r} is a text or a list of texts", "write texts")
        return ()

    def choices(self, path: Path, kind: Callable[[str], _Made]) -> tuple[_Made, ...]:
        made = []
        for text in self.texts(path):
            try:
                made.append(kind(text))
            except ValueError:
                known = ", ".join(str(one) for one in kind)  # type: ignore[attr-defined]
                self.wrong(path, f"{text!r} is not known here", f"use one of {known}")
        return tuple(made)

    def match(self) -> Match:
        value = self.at(("match",))
        if value is None:
            self.wrong((), "a rule needs `match`", "say which documents it is about")
            raise _Broken
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

    def condition(self, path: Path) -> Expression | None:
        text = self.at(path)
        if text is None:
            return None
        try:
            return bare(text, path)
        except TemplateFault as fault:
            self.broken(fault)
            return None

    def template(self, path: Path) -> Part:
        return self.compiled(self.at(path), path)

    def compiled(self, value: Value, path: Path) -> Part:
        try:
            return compile_template(value, path)
        except TemplateFault as fault:
            self.broken(fault)
            raise _Broken from fault

    def optional(self, path: Path) -> Part | None:
        return None if self.at(path) is None else self.template(path)

    def templates(self, path: Path) -> tuple[Part | Loop, ...]:
        """Return the items of a list of templates."""
        value = self.at(path)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong(path, f"{path[-1]!r} is a list", "write a list, each item after a dash")
            return ()
        part = self.compiled(value, path)
        if isinstance(part, ListTemplate):
            return part.items
        return tuple(Constant(item) for item in value)

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

    def each_entry(self, key: str, read: Callable[[Path], _Made]) -> tuple[_Made, ...]:
        entries = self.at((key,))
        if entries is None:
            return ()
        if not isinstance(entries, list):
            self.wrong((key,), f"{key!r} is a list", "write a list, each entry after a dash")
            return ()
        made = []
        for index, entry in enumerate(entries):
            try:
                self.keys((key, index), entry, key)
                made.append(read((key, index)))
            except _Broken:
                continue
        return tuple(made)

    def patterns(self, path: Path) -> tuple[Pattern, ...]:
        found = []
        for text in self.texts(path):
            try:
                found.append(parse_path(text))
            except ValueError as error:
                self.wrong(path, str(error), "write a path such as spec.templates[*].name")
        return tuple(found)

    def pattern(self, path: Path) -> Pattern | None:
        found = self.patterns(path)
        return found[0] if found else None

    def severity(self, path: Path) -> Severity:
        found = self.choices(path, Severity)
        return found[0] if found else Severity.ERROR

    def requirement(self, path: Path) -> Requirement:
        that = self.condition((*path, "that"))
        message = self.optional((*path, "message"))
        if that is None or message is None:
            self.wrong(path, "a check needs `that` and `message`", "say what must hold, and why")
            raise _Broken
        return Requirement(
            path=path,
            that=that,
            when=self.condition((*path, "when")),
            each=self.patterns((*path, "each")),
            at=self.pattern((*path, "at")) or (),
            severity=self.severity((*path, "severity")),
            message=message,
            remedy=self.optional((*path, "remedy")) or Constant("change what the policy asks for"),
        )

    def pointer(self, path: Path) -> Pointer:
        kind, name = self.optional((*path, "kind")), self.optional((*path, "name"))
        if kind is None or name is None:
            self.wrong(path, "a reference needs `kind` and `name`", "say what is pointed at")
            raise _Broken
        return Pointer(
            path=path,
            when=self.condition((*path, "when")),
            each=self.patterns((*path, "each")),
            at=self.pattern((*path, "at")) or (),
            kind=kind,
            name=name,
            namespace=self.optional((*path, "namespace")),
            aspect=self.text((*path, "aspect")),
            passes=self.pattern((*path, "passes")),
            partial=self.at((*path, "partial")) is True,
            severity=self.severity((*path, "severity")),
            message=self.optional((*path, "message")) or Constant(""),
            remedy=self.optional((*path, "remedy")) or Constant(""),
        )

    def declaration(self, path: Path) -> Declaration:
        return Declaration(
            path=path,
            when=self.condition((*path, "when")),
            each=self.patterns((*path, "each")),
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
            raise _Broken
        for aspect in value:
            self.keys((*path, aspect), value[aspect], "offers")
        return tuple(
            Offer(
                aspect=aspect,
                each=self.patterns((*path, aspect, "each")),
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
