"""Folders that nobody reads because of a slip of the pen."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.model.findings import Finding, Severity
from tests.app.kit import DEPLOYMENT, SHOP
from tests.validation.config_repos import make_repo

RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: databases}
match: {folder: databases, form: short}
emit:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: x}}
"""


def findings(folder: Path, files: dict[str, str], problem: str) -> list[Finding]:
    """Return what of one code is found in a repo with files beside a good application."""
    repo = make_repo(folder / "config", {**SHOP, **files})
    options = ValidationOptions(today=datetime.now(UTC).date(), directory=repo.root)
    found = validate(options).report.findings
    return [one for one in found if one.code == f"repository-folder-{problem}"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("enviroments", "environments"), ("Pipelines", "pipelines"), ("trigger", "triggers")],
)
def test_a_folder_that_is_nearly_one_of_the_four_is_a_warning(
    tmp_path: Path, name: str, meant: str
) -> None:
    """Its files look like documents, and nothing would ever read them."""
    files = {f"{name}/staging/x.yaml": "a: 1\n", f"{name}/y.yaml": "a: 1\n"}
    (found,) = findings(tmp_path, files, "misspelt")
    assert found.place.path == f"{name}/staging/x.yaml"
    assert f"did you mean {meant}/?" in found.remedy


def test_folders_of_other_names_or_without_documents_are_not_taken_for_misspelt(
    tmp_path: Path,
) -> None:
    """A name has to be near, and a document has to be there."""
    files = {"databases/d.yaml": "a: 1\n", "docs/x.md": "x\n", "enviroment/readme.md": "x\n"}
    assert findings(tmp_path, files, "misspelt") == []


def test_a_folder_of_documents_that_nothing_claims_is_told(tmp_path: Path) -> None:
    """Somebody may wait for a rule that is not there."""
    (found,) = findings(tmp_path, {"databases/orders.yaml": "size: 10Gi\n"}, "unclaimed")
    assert found.place.path == "databases/orders.yaml"
    assert found.severity is Severity.INFO


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"docs/package.json": "{}\n", "docs/x.md": "x\n"}, id="no YAML"),
        pytest.param({".github/workflows/x.yaml": "a: 1\n"}, id="hidden"),
        pytest.param({"tests/x.yaml": "a: 1\n"}, id="of the convention"),
        pytest.param(
            {"databases/x.yaml": "a: 1\n", "rules/databases.yaml": RULE}, id="matched by a rule"
        ),
        pytest.param(
            {
                "charts/web/x.yaml": DEPLOYMENT,
                "environments/staging/y.yaml": "source: {path: ./charts/web}\n",
            },
            id="pointed at",
        ),
    ],
)
def test_a_folder_that_something_claims_is_left_alone(
    tmp_path: Path, files: dict[str, str]
) -> None:
    """So is one without YAML files, and whatever is hidden."""
    assert findings(tmp_path, files, "unclaimed") == []
