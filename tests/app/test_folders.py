"""Folders that nobody reads because of a slip of the pen."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.model.findings import Finding
from tests.app.kit import SHOP
from tests.validation.config_repos import make_repo


def findings(folder: Path, files: dict[str, str]) -> list[Finding]:
    """Return what is found in a repo with the given files beside a good application."""
    repo = make_repo(folder / "config", {**SHOP, **files})
    options = ValidationOptions(today=datetime.now(UTC).date(), directory=repo.root)
    found = validate(options).report.findings
    return [one for one in found if one.code == "repository-folder-misspelt"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("enviroments", "environments"), ("Pipelines", "pipelines"), ("trigger", "triggers")],
)
def test_a_folder_that_is_nearly_one_of_the_four_is_a_warning(
    tmp_path: Path, name: str, meant: str
) -> None:
    """Its files look like documents, and nothing would ever read them."""
    (found,) = findings(tmp_path, {f"{name}/staging/x.yaml": "a: 1\n", f"{name}/y.yaml": "a: 1\n"})
    assert found.place.path == f"{name}/staging/x.yaml"
    assert f"did you mean {meant}/?" in found.remedy


def test_folders_of_other_names_or_without_documents_are_left_alone(tmp_path: Path) -> None:
    """Whatever a team keeps beside the four is its own affair."""
    files = {"databases/d.yaml": "a: 1\n", "docs/x.md": "x\n", "enviroment/readme.md": "x\n"}
    assert findings(tmp_path, files) == []
