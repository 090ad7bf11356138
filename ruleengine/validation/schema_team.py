"""A team's own schemas: ``schemas/<name>.json`` or ``.yaml`` of the config repo.

Each is a JSON Schema (draft 2020-12) that says in ``x-ruleengine`` what it is for::

    x-ruleengine: {folder: databases}                         # short forms in databases/
    x-ruleengine: {apiVersion: example.com/v1, kind: Database}  # documents of a kind

Without ``x-ruleengine`` the kind is taken from ``properties.apiVersion.const`` and
``properties.kind.const``. ``$ref`` may point inside the schema, or at one of ours by its
``$id`` (``https://ruleengine.dev/schemas/kubernetes/definitions.json#/$defs/core.v1.PodSpec``);
nothing is ever fetched. A schema for a kind of ours is refused: rules are the way to be stricter.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.documents import FOLDERS, Document
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.values import Object, Path, lookup
from ruleengine.validation.schema_catalog import Catalog

FOLDER: Final = "schemas"
_ABOUT: Final = "x-ruleengine"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSchemas:
    """What a team's schemas are for: kinds by ``(apiVersion, kind)``, short forms by folder."""

    kinds: dict[tuple[str, str], Object] = field(default_factory=dict)
    folders: dict[str, Object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def is_team_schema(document: Document) -> bool:
    """Tell whether a document of the config repo is a schema of the team's."""
    return document.folder == FOLDER


def read_team_schemas(documents: Iterable[Document], catalog: Catalog) -> TeamSchemas:
    """Take the usable schemas among ``documents``; what is wrong with others is a finding."""
    kinds: dict[tuple[str, str], Object] = {}
    folders: dict[str, Object] = {}
    findings: list[Finding] = []
    for document in documents:
        if not is_team_schema(document):
            continue
        folder, kind = _about(document)
        problem = _problem(document, folder, kind, catalog.kinds)
        if problem is None and (folder in folders or kind in kinds):
            problem = _broken(document, (_ABOUT,), "another schema is for the same documents")
        if problem is None:
            whole = catalog.whole(document.value)
            problem = _unusable(document, whole)
        if problem is not None:
            findings.append(problem)
        elif folder:
            folders[folder] = whole
        else:
            kinds[kind] = whole
    return TeamSchemas(kinds=kinds, folders=folders, findings=tuple(findings))


def _about(document: Document) -> tuple[str, tuple[str, str]]:
    about = document.value.get(_ABOUT)
    if isinstance(about, dict):
        kind = (str(about.get("apiVersion", "")), str(about.get("kind", "")))
        return str(about.get("folder", "")), kind
    consts = [
        str(lookup(document.value, "properties", name, "const", default=""))
        for name in ("apiVersion", "kind")
    ]
    return "", (consts[0], consts[1])


def _problem(
    document: Document, folder: str, kind: tuple[str, str], known: Collection[tuple[str, str]]
) -> Finding | None:
    if folder:
        if folder in FOLDERS:
            return _broken(document, (_ABOUT, "folder"), f"'{folder}' has a form of its own")
        return None
    if not all(kind):
        return _broken(document, (_ABOUT,), "the schema does not say what it is for")
    if kind in known:
        return _broken(document, (_ABOUT,), f"{kind[0]} {kind[1]} has a schema already")
    return None


def _unusable(document: Document, schema: Object) -> Finding | None:
    import jsonschema_rs

    dialect = {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    try:
        jsonschema_rs.meta.validate(dialect)
        jsonschema_rs.Draft202012Validator(dialect, offline=True)
    except jsonschema_rs.ValidationError as error:
        return _broken(document, tuple(error.instance_path), "this is not a valid JSON Schema")
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        return _broken(document, (), f"the schema cannot be used ({type(error).__name__})")
    return None


def _broken(document: Document, path: Path, message: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="schema-definition-broken",
        message=message,
        remedy=f"correct the schema; `{_ABOUT}` names a folder, or apiVersion and kind",
        place=document.place(*path),
    )
