"""The subject of evaluation: one short form or object on its way through the phases.

It knows what expressions may see of it: the document, its path, the defaults of its
folder and the settings of the repo. Never the cluster, the time or other documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import Document, Form, Origin
from ruleengine.model.findings import Finding, Related, Severity
from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.rules.paths import Pattern, select
from ruleengine.rules.ruleset import Key, Rank, Rule, RuleSet
from ruleengine.rules.templates import Expression, Scope, TemplateFault, measure


@lru_cache(maxsize=4096)
def describe_path(path: str) -> Object:
    """Return what rules see as ``path`` for a file of the repo.

    >>> describe_path("environments/staging/web.yaml")["environment"]
    'staging'
    """
    pure = PurePosixPath(path)
    inside = pure.parts[1:-1]
    return {
        "full": path,
        "name": pure.name,
        "stem": pure.stem,
        "folder": pure.parts[0] if len(pure.parts) > 1 else "",
        "parent": pure.parts[-2] if len(pure.parts) > 1 else "",
        "environment": "-".join(inside),
        "slug": "-".join((*inside, pure.stem)),
        "inside": list(inside),
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


class Subject:
    """One short form or object, with the rules that match it."""

    __slots__ = ("_scopes", "around", "object", "origin", "rules")

    def __init__(
        self,
        value: Object,
        origin: Origin,
        around: Surroundings,
        rules: tuple[Rule, ...] | None = None,
    ) -> None:
        self.object = value
        self.origin = origin
        self.around = around
        self._scopes: dict[str, Scope] = {}
        self.rules = self._matching() if rules is None else rules

    def with_object(self, value: Object) -> "Subject":
        """Return the subject after ``set``: matched anew where rules look at its fields."""
        dynamic = self.around.rules.look_inside(self._key())
        return Subject(value, self.origin, self.around, None if dynamic else self.rules)

    @property
    def kind(self) -> str:
        """The kind, empty for a short form that is not expanded yet."""
        return str(self.object.get("kind") or "") if "apiVersion" in self.object else ""

    @property
    def namespace(self) -> str:
        """The namespace that the object states."""
        return str(lookup(self.object, "metadata", "namespace", default=""))

    @property
    def name(self) -> str:
        """The name that the object states."""
        return str(lookup(self.object, "metadata", "name", default=""))

    def scope(self, rule: Rule) -> Scope:
        """Return the names that the expressions of a rule see. Raises ``TemplateFault``."""
        found = self._scopes.get(rule.name if rule.variables else "")
        if found is None:
            found = Scope({**self.object, **self.around.variables, "document": self.object})
            for name, part in rule.variables:
                found.variables[name] = part.render(found)
                if rule.rank is Rank.TEAM:
                    measure(found.variables[name], ("variables", name))
            self._scopes[rule.name if rule.variables else ""] = found
        return found

    def holds(self, condition: Expression | None, scope: Scope) -> bool:
        """Tell whether a condition holds; a missing one does."""
        return condition is None or bool(condition.render(scope))

    def selected(self, each: tuple[Pattern, ...], scope: Scope) -> Iterator[tuple[Path, Value]]:
        """Yield the parts that ``each`` selects, bound as ``value`` and ``key``.

        Without ``each`` that is the object itself.
        """
        if not each:
            yield (), self.object
            return
        names = ("value", "key")
        kept = {name: scope.variables[name] for name in names if name in scope.variables}
        for pattern in each:
            for path, value in select(self.object, pattern):
                scope.variables["value"], scope.variables["key"] = value, path[-1] if path else ""
                yield path, value
        for name in names:
            scope.variables.pop(name, None)
        scope.variables |= kept

    def _key(self) -> Key:
        folder = self.around.variables["path"]["folder"]
        version = str(self.object.get("apiVersion", ""))
        return Key(folder, version, self.kind, self.around.form)

    def _matching(self) -> tuple[Rule, ...]:
        candidates = self.around.rules.candidates(self._key())
        return tuple(rule for rule in candidates if self._fits(rule))

    def _fits(self, rule: Rule) -> bool:
        if not rule.match.fits_document(self.around.source.path, self.object):
            return False
        if rule.when is None:
            return True
        try:
            return self.holds(rule.when, self.scope(rule))
        except TemplateFault as fault:
            self.around.fault(rule, fault)
            return False
