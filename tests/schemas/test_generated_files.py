"""What is generated is up to date, complete and described."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import yaml

from ruleengine.validation.schema_catalog import Catalog
from tools import generate
from tools.schemas.coverage import missing_fields
from tools.schemas.facts import Facts

PROJECT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = PROJECT / "schemas"
ARGO_KINDS = {
    "AnalysisRun",
    "AnalysisTemplate",
    "AppProject",
    "Application",
    "ApplicationSet",
    "ClusterAnalysisTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "EventBus",
    "EventSource",
    "Experiment",
    "Rollout",
    "Sensor",
    "Workflow",
    "WorkflowEventBinding",
    "WorkflowTaskResult",
    "WorkflowTaskSet",
    "WorkflowTemplate",
}


def test_generated_files_are_up_to_date() -> None:
    """Making them again changes nothing."""
    assert not generate.differing(PROJECT)


def test_a_changed_generated_file_is_noticed(tmp_path: Path) -> None:
    """What differs, and what is left over, is named."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    for folder in ("docs/support", "rules"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    assert not generate.differing(tmp_path)
    changed = tmp_path / "schemas" / "index.json"
    changed.write_text(changed.read_text().replace("Workflow", "Workflw", 1))
    left = tmp_path / "schemas" / "crds" / "gone.yaml"
    left.write_text("{}\n")
    assert generate.differing(tmp_path) == [changed, left]
    assert generate.write(tmp_path) == 2
    assert not generate.differing(tmp_path)


def test_the_schemas_lack_no_field_of_the_facts() -> None:
    """Every field of every kind, however deep."""
    missing, count = missing_fields(SCHEMAS)
    print(f"facts: {count} fields looked at, {len(missing)} missing")
    assert count > 6000
    assert not missing


def test_a_field_that_a_schema_lacks_is_noticed(tmp_path: Path) -> None:
    """The list of missing fields is not empty by accident."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    file = tmp_path / "schemas" / "kubernetes" / "definitions.json"
    content = json.loads(file.read_text())
    del content["$defs"]["core.v1.PodSpec"]["properties"]["containers"]
    file.write_text(json.dumps(content))
    missing, _ = missing_fields(tmp_path / "schemas")
    assert any(one.endswith(".containers") for one in missing)


def test_every_kind_has_a_schema() -> None:
    """All of Argo's, and the built-in ones of Kubernetes."""
    kinds = Catalog().kinds
    assert {kind for version, kind in kinds if version == "argoproj.io/v1alpha1"} >= ARGO_KINDS
    assert {("v1", "Pod"), ("apps/v1", "Deployment"), ("batch/v1", "CronJob")} <= set(kinds)


def test_every_schema_is_valid_and_can_be_built() -> None:
    """With no reference left open."""
    catalog = Catalog()
    entries = {entry for section in catalog.index.values() for entry in section.values()}
    for entry in sorted(entries):
        schema = catalog.schema(entry)
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.Draft202012Validator(schema, offline=True)


def test_every_kind_and_short_form_field_is_described() -> None:
    """Editors show what people need to know."""
    catalog = Catalog()
    for kind in sorted(ARGO_KINDS):
        schema = catalog.named(kind)
        assert schema is not None
        assert len(schema["description"]) > 20, kind
    for name, entry in catalog.index["short"].items():
        schema = catalog.schema(entry)
        assert schema["description"], name
        for field, one in schema["properties"].items():
            assert one.get("description"), f"{name}: {field}"


def test_hundreds_of_fields_are_described() -> None:
    """The ones that people write most, at the least."""
    count = sum(
        _descriptions(json.loads(file.read_text())) for file in SCHEMAS.glob("*/definitions.json")
    )
    print(f"descriptions: {count}")
    assert count > 400


def _descriptions(node: Any) -> int:
    if isinstance(node, dict):
        own = isinstance(node.get("description"), str)
        return own + sum(_descriptions(one) for one in node.values())
    return sum(_descriptions(one) for one in node) if isinstance(node, list) else 0


def test_crds_are_structural_and_as_upstream_has_them() -> None:
    """Scope, names, columns and subresources are those of the facts; unknown fields are kept."""
    facts = Facts(SCHEMAS)
    for kind, about in facts.kinds.items():
        crd = yaml.safe_load((SCHEMAS / "crds" / f"{about['plural']}.yaml").read_text())
        spec = crd["spec"]
        assert crd["metadata"]["name"] == f"{about['plural']}.argoproj.io"
        assert (spec["scope"], spec["names"]["kind"]) == (about["scope"], kind)
        assert spec["names"].get("shortNames", []) == about["shortNames"]
        (version,) = spec["versions"]
        assert version.get("additionalPrinterColumns", []) == about["columns"]
        assert version.get("subresources", {}) == about["subresources"]
        root = version["schema"]["openAPIV3Schema"]
        assert root["x-kubernetes-preserve-unknown-fields"] is True


def test_exported_schemas_stand_alone(tmp_path: Path) -> None:
    """An editor needs no other file, and no network."""
    written = Catalog().export(tmp_path)
    assert len(written) > 100
    names = {"Application.json", "apps.v1.Deployment.json", "environments.json", "ruleengine.json"}
    assert names <= {file.name for file in written}
    for file in written:
        assert '"$ref": "../' not in file.read_text()
    workflow = json.loads((tmp_path / "Workflow.json").read_text())
    jsonschema.Draft202012Validator(workflow).is_valid({})
