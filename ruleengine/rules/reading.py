"""Reading the values of one rule: each of the shape it must have, or a located finding."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.values import Path, Value
from ruleengine.rules.paths import Pattern, Selection, parse_path
from ruleengine.rules.templates import (
    Constant,
    Expression,
    ListTemplate,
    Loop,
    Part,
    TemplateFault,
    bare,
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

_Made = TypeVar("_Made")


class BrokenPart(Exception):  # noqa: N818 - stops the reading of one part; the finding is kept
    """A part of a rule is wrong and its finding is noted."""


class Reader:
    """Reads the values of one document and notes what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def note(self, code: str, path: Path, message: str, remedy: str) -> None:
        """Note an error at a key of the rule."""
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
        """Note a value of the wrong shape."""
        self.note("rule-value-invalid", path, message, remedy)

    def broken(self, fault: TemplateFault) -> None:
        """Note an expression that cannot be read."""
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
            raise BrokenPart
        known = KEYS[what]
        for key in value:
            if key not in known:
                from difflib import get_close_matches

                nearest = get_close_matches(str(key), known, n=1)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known)}"
                self.note("rule-key-unknown", (*path, key), f"{key!r} is no key of {what}", hint)

    def at(self, path: Path) -> Value:
        """Return the value at a path; ``None`` where a key is not there."""
        value: Value = self.document.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else value[step]
        return value

    def text(self, path: Path) -> str:
        """Return a text, empty where there is none."""
        value = self.at(path)
        if value is None or isinstance(value, str):
            return value or ""
        self.wrong(path, f"{path[-1]!r} is a text", "write a text")
        return ""

    def texts(self, path: Path) -> tuple[str, ...]:
        """Return the texts of a list, or the one that stands for it."""
        value = self.at(path)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if all(isinstance(one, str) for one in values):
            return tuple(values)
        self.wrong(path, f"{path[-1]!r} is a text or a list of texts", "write texts")
        return ()

    def choices(self, path: Path, kind: Callable[[str], _Made]) -> tuple[_Made, ...]:
        """Return the members of an enumeration that texts name."""
        made = []
        for text in self.texts(path):
            try:
                made.append(kind(text))
            except ValueError:
                known = ", ".join(str(one) for one in kind)  # type: ignore[attr-defined]
                self.wrong(path, f"{text!r} is not known here", f"use one of {known}")
        return tuple(made)

    def condition(self, path: Path) -> Expression | None:
        """Return an expression without delimiters, or ``None``."""
        text = self.at(path)
        if text is None:
            return None
        try:
            return bare(text, path)
        except TemplateFault as fault:
            self.broken(fault)
            return None

    def template(self, path: Path) -> Part:
        """Return the template at a path. Raises ``BrokenPart``."""
        return self.compiled(self.at(path), path)

    def compiled(self, value: Value, path: Path) -> Part:
        """Return a value as a template. Raises ``BrokenPart``."""
        try:
            return compile_template(value, path)
        except TemplateFault as fault:
            self.broken(fault)
            raise BrokenPart from fault

    def optional(self, path: Path) -> Part | None:
        """Return the template at a path, ``None`` where there is none."""
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

    def each_entry(self, key: str, read: Callable[[Path], _Made]) -> tuple[_Made, ...]:
        """Return what ``read`` makes of each entry of a list, without the wrong ones."""
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
            except BrokenPart:
                continue
        return tuple(made)

    def patterns(self, path: Path) -> tuple[Pattern, ...]:
        """Return the paths into documents that texts spell."""
        found = []
        for text in self.texts(path):
            try:
                found.append(parse_path(text))
            except ValueError as error:
                self.wrong(path, str(error), "write a path such as spec.templates[*].name")
        return tuple(found)

    def selection(self, path: Path) -> Selection:
        """Return what texts select of documents."""
        return Selection.of(self.patterns(path))

    def field(self, path: Path) -> Path:
        """Return the path of one field, empty where there is none; steps to every item go."""
        found = self.patterns(path)
        return tuple(step for step in found[0] if isinstance(step, str | int)) if found else ()

    def severity(self, path: Path) -> Severity:
        """Return the severity, ``error`` where none is stated."""
        found = self.choices(path, Severity)
        return found[0] if found else Severity.ERROR
