"""The subject of evaluation: one short form or object on its way through the phases.

It knows what expressions may see of it: the document, its path, the defaults of its
folder and the settings of the repo. Never the cluster, the time or other documents.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import Document, Form, Origin
from ruleengine.model.findings import Finding, Related, Severity
from ruleengine.model.places import Places
from ruleengine.model.values import Object, Path, Value
from ruleengine.rules.paths import Found, Selection
from ruleengine.rules.ruleset import Group, Key, Rank, Rule, RuleSet
from ruleengine.rules.templates import Scope, TemplateFault


@lru_cache(maxsize=4096)
def describe_path(path: str) -> Object:
    """Return what rules see as ``path`` for a file of the repo.

    >>> describe_path("environments/staging/web.yaml")["environment"]
    'staging'
    """
    *folders, name = path.split("/")
    inside = folders[1:]
    # A dot in front makes a hidden file, not an ending.
    begin, dot, _ = name.rpartition(".")
    stem = begin if dot and begin else name
    return {
        "full": path,
        "name": name,
        "stem": stem,
        "folder": folders[0] if folders else "",
        "parent": folders[-1] if folders else "",
        "environment": "-".join(inside),
        "slug": "-".join((*inside, stem)),
        "inside": inside,
    }


def describe_configuration(configuration: Configuration) -> Object:
    """Return what rules see as ``configuration``."""
    return {
        "engine": str(configuration.engine),
        "repo": configuration.repo,
        "namespace": configuration.namespace,
        "control_namespace": configuration.control_namespace,
        "clusters": dict(configuration.clusters),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stays the same while one document is evaluated."""

    source: Document
    commit: str
    form: Form
    variables: dict[str, Value]
    rules: RuleSet
    places: Places
    findings: list[Finding] = field(default_factory=list)

    def fault(self, rule: Rule, fault: TemplateFault) -> None:
        """Note that a rule failed: where the team can mend it."""
        rule_place = rule.place(*fault.path)
        document_place = self.source.place()
        text = f" in {fault.text.strip()[:200]!r}" if fault.text else ""
        built_in = rule.rank is Rank.BUILT_IN
        remedy = (
            "correct the document: the rule cannot read it as it is"
            if built_in
            else "mend the rule, or say with `when` which documents it is about"
        )
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code="rule-expression-failed",
                message=f"rule {rule.name} failed: {fault.message}{text}",
                remedy=remedy,
                place=document_place if built_in else rule_place,
                related=(
                    Related(rule_place, "the expression")
                    if built_in
                    else Related(document_place, "the document that it failed on"),
                ),
            )
        )

    def note(self, code: str, message: str, remedy: str, *related: Related) -> None:
        """Note an error at the document as a whole."""
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=message,
                remedy=remedy,
                place=self.source.place(),
                related=related,
            )
        )


Selected = tuple[Path, Value, tuple[Value, ...]]
"""A part of a document: where it is, what it is, and what templates see it as."""


class Subject:
    """One short form or object, with the rules that match it.

    ``kind`` is empty for a short form that is not expanded yet; ``name`` and ``namespace``
    are those that the object states.
    """

    __slots__ = (
        "_candidates",
        "_found",
        "_scopes",
        "around",
        "group",
        "kind",
        "name",
        "namespace",
        "object",
        "origin",
    )

    def __init__(self, value: Object, origin: Origin, around: Surroundings) -> None:
        self.origin = origin
        self.around = around
        self._read(value)
        folder, version = around.variables["path"]["folder"], str(value.get("apiVersion", ""))
        self._candidates = around.rules.candidates(Key(folder, version, self.kind, around.form))
        self.group = self._matching()

    def become(self, value: Object) -> None:
        """Be another value, as ``set`` makes it: matched anew where rules look at its fields."""
        self._read(value)
        if self._candidates.look_inside:
            self.group = self._matching()

    def _read(self, value: Object) -> None:
        self.object = value
        self.kind = str(value.get("kind") or "") if "apiVersion" in value else ""
        metadata = value.get("metadata")
        stated = metadata if isinstance(metadata, dict) else {}
        self.name = _text(stated.get("name"))
        self.namespace = _text(stated.get("namespace"))
        self._scopes: dict[str, Scope] = {}
        self._found: list[Found] | None = None

    def scope(self, rule: Rule) -> Scope:
        """Return the names that the expressions of a rule see. Raises ``TemplateFault``."""
        key = rule.name if rule.variables.parts else ""
        found = self._scopes.get(key)
        if found is None:
            found = Scope(self.object)
            found.update(self.around.variables)
            found["document"] = self.object
            if rule.variables.parts:
                rule.variables.program(found)
            self._scopes[key] = found
        return found

    def selected(self, each: Selection) -> list[Selected]:
        """Return the parts that ``each`` selects; without one, the object itself."""
        if not each.patterns:
            return [((), self.object, ())]
        if self._found is None:
            self._found = self.group.walk.select(self.object)
        return [
            (path, value, (value, path[-1] if path else ""))
            for number in self.group.numbers[id(each)]
            for path, value in self._found[number]
        ]

    def _matching(self) -> Group:
        bits = 0
        for bit, rule in self._candidates.doubtful:
            if self._fits(rule):
                bits |= bit
        return self._candidates.group(bits)

    def _fits(self, rule: Rule) -> bool:
        if not rule.match.fits_document(self.around.source.path, self.object):
            return False
        if rule.when is None:
            return True
        try:
            return bool(rule.when.program(self.scope(rule)))
        except TemplateFault as fault:
            self.around.fault(rule, fault)
            return False


def _text(value: Value) -> str:
    return "" if value is None else str(value)
