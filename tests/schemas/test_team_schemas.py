"""A team's own schemas make new kinds of documents."""

import pytest

from ruleengine.validation.schema_catalog import Catalog
from ruleengine.validation.schema_team import read_team_schemas
from ruleengine.validation.schemas import SchemaChecker
from tests.schemas.reading import check, documents

DATABASES = """\
x-ruleengine: {folder: databases}
type: object
additionalProperties: false
required: [engine]
properties:
  engine: {enum: [postgres, mysql]}
  template:
    $ref: "https://ruleengine.dev/schemas/kubernetes/definitions.json#/$defs/core.v1.PodTemplateSpec"
"""


def checker(text: str) -> SchemaChecker:
    """Return a checker that knows one schema of the team's."""
    team = read_team_schemas(documents(text, "schemas/database.yaml"), Catalog())
    assert not team.findings
    return SchemaChecker(team=team)


def test_a_new_folder_has_a_short_form() -> None:
    """Its files are checked against the team's schema, with our explanations."""
    known = checker(DATABASES)
    assert known.knows_folder("databases")
    assert not check("engine: postgres\n", "databases/orders.yaml", known)
    (finding,) = check("engine: postgrs\n", "databases/orders.yaml", known)
    assert finding.remedy == "did you mean 'postgres'?"


def test_a_schema_may_refer_to_ours() -> None:
    """Types of Kubernetes need not be written again."""
    text = "engine: mysql\ntemplate: {spec: {containrs: []}}\n"
    (finding,) = check(text, "databases/orders.yaml", checker(DATABASES))
    assert finding.remedy == "did you mean 'containers'?"


def test_a_new_kind_is_told_by_its_name() -> None:
    """A foreign kind that the team has a schema for is checked."""
    schema = "type: object\nproperties:\n  apiVersion: {const: example.com/v1}\n"
    schema += "  kind: {const: Database}\n  spec: {type: object, additionalProperties: false}\n"
    text = "apiVersion: example.com/v1\nkind: Database\nspec: {a: 1}\n"
    (finding,) = check(text, "apps/a.yaml", checker(schema))
    assert finding.code == "schema-field-unknown"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x-ruleengine: {folder: databases}\ntype: objct\n", 2),
        ("x-ruleengine: {folder: databases}\nproperties:\n  a: {pattern: '('}\n", 3),
        ("x-ruleengine: {folder: databases}\n$ref: https://example.com/a.json\n", 1),
        ("x-ruleengine: {folder: pipelines}\ntype: object\n", 1),
        ("x-ruleengine: {apiVersion: v1, kind: Pod}\ntype: object\n", 1),
        ("type: object\n", 1),
    ],
)
def test_a_broken_schema_is_a_finding_at_its_line(text: str, line: int) -> None:
    """It is left out and nothing else suffers."""
    team = read_team_schemas(documents(text, "schemas/a.yaml"), Catalog())
    (finding,) = team.findings
    assert (finding.code, finding.place.line) == ("schema-definition-broken", line)
    assert not team.kinds
    assert not team.folders


def test_two_schemas_for_one_folder_are_a_finding() -> None:
    """The first one counts."""
    found = [
        *documents(DATABASES, "schemas/a.yaml"),
        *documents(DATABASES, "schemas/b.yaml"),
    ]
    team = read_team_schemas(found, Catalog())
    assert [one.place.path for one in team.findings] == ["schemas/b.yaml"]
