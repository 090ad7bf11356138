"""Checks documents against their schemas.

The verdict is jsonschema-rs's, in microseconds; only a document that fails is explained, in
our own words and at its line. One validator is built per kind, when the first document of
that kind comes along.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Finding, Severity, order_findings
from ruleengine.model.values import Object, Value, format_path, lookup
from ruleengine.validation import schema_embedded, schema_kinds
from ruleengine.validation.schema_catalog import FILES, SHORT_FORMS, Catalog
from ruleengine.validation.schema_kinds import KindName
from ruleengine.validation.schema_team import TeamSchemas, is_team_schema

if TYPE_CHECKING:
    from ruleengine.validation.schema_wording import Problem

DEFAULTS_FILE: Final = "_defaults.yaml"
_INSTEAD: Final = "x-ruleengine-instead"
_KINDS_OF_FORMS: Final = {
    "environments": ("Application",),
    "pipelines": ("WorkflowTemplate", "CronWorkflow"),
    "rollouts": ("Rollout",),
}
_FOREIGN_FILES: Final = ("Kustomization", "Component")


class SchemaChecker:
    """Checks documents of kinds, of short forms by folder, and of the repo's own files.

    ``team`` are the team's schemas (see :mod:`ruleengine.validation.schema_team`) and
    ``extra`` schemas of more kinds, for instance from CRDs of the same repo.
    """

    def __init__(
        self,
        extra: Mapping[KindName, Object] | None = None,
        team: TeamSchemas | None = None,
        catalog: Catalog | None = None,
    ) -> None:
        self.catalog = catalog or Catalog()
        self._team = team or TeamSchemas()
        self._extra = {**(extra or {}), **self._team.kinds}
        self._checks: dict[str, _Check] = {}

    def check(
        self,
        document: Document,
        kind: KindName | None = None,
        defaults: Mapping[str, Object] | None = None,
    ) -> tuple[Finding, ...]:
        """Return what is wrong with a document; ``kind`` overrides what it says it is.

        ``defaults`` are those of the document's folder, keyed by kind: what they give a short
        form is not missing in it. Documents that are nobody's (a values file below ``apps/``)
        have no findings.
        """
        name = kind or _kind_of(document)
        if name is not None:
            return order_findings(self._check_kind(document, name))
        if is_team_schema(document):
            return ()  # they are schemas; `read_team_schemas` checks them
        if document.folder and ("apiVersion" in document.value or "kind" in document.value):
            return self._ill_named(document)
        check = self._check_of_form(document)
        if check is None:
            return ()
        given = _given_to(document.folder, defaults or {})
        return order_findings(check.findings(document, given))

    def ill_shaped(self, value: Object) -> "tuple[Problem, ...]":
        """Return which values of an object are of another type than they must be, or missing.

        For objects of a cluster, whose fields may be those of a version that we do not know.
        """
        from ruleengine.validation.schema_wording import MISSING, WRONG_TYPE

        check = self._check_of_kind((str(value.get("apiVersion")), str(value.get("kind"))))
        problems = check.problems(value) if check else ()
        return tuple(one for one in problems if one.code in (MISSING, WRONG_TYPE))

    def schema_for(self, name: str) -> Object | None:
        """Return the whole schema of a kind, short form, file or team's folder by its name."""
        if name in self._team.folders:
            return self._team.folders[name]
        for (_, kind), schema in self._extra.items():
            if kind.lower() == name.lower():
                return schema
        return self.catalog.named(name)

    def knows_folder(self, folder: str) -> bool:
        """Tell whether a folder has a short form, ours or the team's."""
        return folder in self.catalog.index[SHORT_FORMS] or folder in self._team.folders

    def _ill_named(self, document: Document) -> tuple[Finding, ...]:
        if not self.knows_folder(document.folder):
            return ()
        whole = document.form is Form.FULL
        return (schema_kinds.not_a_text(document) if whole else schema_kinds.incomplete(document),)

    def _check_of_form(self, document: Document) -> "_Check | None":
        name = document.path.rpartition("/")[2]
        files = self.catalog.index[FILES]
        if name == DEFAULTS_FILE and self.knows_folder(document.folder):
            return self._check_at(files[DEFAULTS_FILE])
        if document.path in files:
            return self._check_at(files[document.path])
        if document.folder in self._team.folders:
            return self._check_with(document.folder, self._team.folders[document.folder], None)
        entry = self.catalog.index[SHORT_FORMS].get(document.folder)
        return self._check_at(entry) if entry else None

    def _check_kind(self, document: Document, name: KindName) -> Iterator[Finding]:
        check = self._check_of_kind(name)
        if check is None:
            if name[1] not in _FOREIGN_FILES:
                known = [*self.catalog.kinds, *self._extra]
                yield schema_kinds.unknown_kind(document, name, known)
            return
        yield from check.findings(document)
        inside = list(check.embedded(document))
        if name == ("v1", "List"):
            inside += schema_embedded.items_of_list(document)
        for one in inside:
            yield from self._check_embedded(one)

    def _check_embedded(self, one: schema_embedded.Embedded) -> Iterator[Finding]:
        name = _kind_of(one.document)
        check = self._check_of_kind(name) if name else None
        if check is None:
            return
        for problem in check.problems(one.document.value):
            finding = _finding(one.document, problem)
            if one.keeps(finding, lookup(one.document.value, *problem.path)):
                yield finding
        for inner in check.embedded(one.document):
            yield from self._check_embedded(inner)

    def _check_of_kind(self, name: KindName) -> "_Check | None":
        if name in self._extra:
            return self._check_with("/".join(name), self._extra[name], None)
        entry = self.catalog.kinds.get(name)
        return self._check_at(entry) if entry else None

    def _check_at(self, entry: str) -> "_Check":
        found = self._checks.get(entry)
        if found is None:
            found = _Check(self.catalog.text(entry), self.catalog.marks(entry))
            self._checks[entry] = found
        return found

    def _check_with(self, key: str, schema: Object, marks: Object | None) -> "_Check":
        if key not in self._checks:
            self._checks[key] = _Check(schema, marks)
        return self._checks[key]


class _Check:
    """One schema, which may be JSON, with its validator, and the one that finds its marks."""

    def __init__(self, given: Object | str, marks: Object | None) -> None:
        import jsonschema_rs

        self._given = given
        self._marks = marks
        self._validator = jsonschema_rs.Draft202012Validator(given, offline=True)
        self._marker = jsonschema_rs.Draft202012Validator(marks) if marks else None

    def findings(self, document: Document, given: Object | None = None) -> Iterator[Finding]:
        """Yield what is wrong, deprecated or doubtful; ``given`` is what defaults add to it."""
        problems = self.problems(document.value)
        if given and problems:
            from ruleengine.validation.schema_wording import MISSING

            left = self.problems({**given, **document.value})
            problems = tuple(one for one in problems if one.code != MISSING or one in left)
        for problem in problems:
            yield _finding(document, problem)
        for path, node, error in self._marked(document.value):
            if _INSTEAD in node:
                yield _deprecated(document, path, node[_INSTEAD])
            elif isinstance(error.instance, dict) and error.kind.name.startswith("oneOf"):
                yield _doubtful(document, path, [one["required"][0] for one in node["oneOf"][:-1]])

    def problems(self, value: Value) -> "tuple[Problem, ...]":
        """Return what is wrong with a value. A field that is empty counts as left out."""
        if self._validator.is_valid(value):
            return ()
        value = without_nulls(value)
        errors = list(self._validator.iter_errors(value))
        if not errors:
            return ()
        # Late, because most documents are right.
        from ruleengine.validation.schema_explaining import Explainer

        return Explainer(self._schema).problems(errors, value)

    @cached_property
    def _schema(self) -> Object:
        if not isinstance(self._given, str):
            return self._given
        schema: Object = json.loads(self._given)
        return schema

    def embedded(self, document: Document) -> Iterator[schema_embedded.Embedded]:
        """Yield the objects inside a document."""
        for path, node, _ in self._marked(document.value):
            if schema_embedded.MARK in node:
                how = node[schema_embedded.MARK]
                yield from schema_embedded.embedded(document, path, how)

    def _marked(self, value: Value) -> Iterator[tuple[tuple[str | int, ...], Object, Any]]:
        if self._marker is None or self._marker.is_valid(value):
            return
        for error in self._marker.iter_errors(value):
            node: Any = self._marks
            for step in list(error.schema_path)[:-1]:
                node = node[step]
            yield tuple(error.instance_path), node, error


def without_nulls(value: Value) -> Value:
    """Return a value without the fields that are null: Kubernetes takes those as left out."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value


def _given_to(folder: str, defaults: Mapping[str, Object]) -> Object:
    """Return the fields that defaults give to short forms of a folder."""
    given: Object = {}
    for kind in _KINDS_OF_FORMS.get(folder, ()):
        spec = lookup(defaults, kind, "spec", default={})
        given.update(spec if isinstance(spec, dict) else {})
    return given


def _kind_of(document: Document) -> KindName | None:
    api_version, kind = document.value.get("apiVersion"), document.value.get("kind")
    if document.form is Form.SHORT or not isinstance(api_version, str) or not isinstance(kind, str):
        return None
    return api_version, kind


def _finding(document: Document, problem: "Problem") -> Finding:
    place = document.place if problem.key else document.place_of_value
    return Finding(
        severity=Severity.ERROR,
        code=problem.code,
        message=problem.message,
        remedy=problem.remedy,
        place=place(*problem.path),
    )


def _deprecated(document: Document, path: tuple[str | int, ...], instead: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="schema-field-deprecated",
        message=f"'{format_path(path)}' is deprecated",
        remedy=f"write {instead}" if " " in instead else f"write '{instead}' in its place",
        place=document.place(*path),
    )


def _doubtful(document: Document, path: tuple[str | int, ...], names: list[str]) -> Finding:
    given = [name for name in lookup(document.value, *path, default={}) if name in names]
    quoted = " and ".join(f"'{name}'" for name in given)
    return Finding(
        severity=Severity.WARNING,
        code="schema-fields-doubtful",
        message=f"{quoted} are given together in '{format_path(path)}'; only one takes effect",
        remedy=f"keep one of {quoted}",
        place=document.place(*path, given[1]),
    )
