"""Whatever happens to a good file, ``validate`` explains it, twice in the same words.

The files are those of the sample repo, a team's own rule, test, schema and defaults, and
public documents where they are at hand. Every answer is also asked of a fresh index: what is
remembered must never change a result.
"""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ruleengine.formats import yaml_reader, yaml_writer
from ruleengine.model.codes import registry
from tests.e2e import bad_setups, mutations
from tests.e2e.command_line import call
from tests.e2e.mutations import Edit
from tests.validation.config_repos import Repo, make_repo
from tests.vectors import vectors_folder

PROJECT = Path(__file__).resolve().parents[2]
BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
BOUNDS = settings(max_examples=18, suppress_health_check=[HealthCheck.function_scoped_fixture])
OTHERS = (("plan", "--from", "HEAD"), ("coverage",), ("rules", "list"), ("rules", "test"))
"""Commands that read the same files and must not break on them either."""
TEAM = {
    "rules/team.yaml": bad_setups.rule(
        "match: {folder: databases, form: short}\n"
        "variables: {labels: {database: '${{ path.stem }}'}}\n"
        "emit:\n- apiVersion: v1\n  kind: ConfigMap\n"
        "  metadata: {name: '${{ path.stem }}', namespace: shop, labels: '${{ labels }}'}\n"
        "  data: {engine: '${{ document.engine }}'}\n"
        "require:\n- {that: document.engine == 'postgres', message: no postgres, remedy: r}\n"
    ),
    "rules/tests/team.yaml": (
        "apiVersion: ruleengine.dev/v1\nkind: RuleTest\nmetadata: {name: a database}\n"
        "given: {path: databases/a.yaml, document: {engine: postgres}}\n"
        "expect:\n  objects: [{kind: ConfigMap, metadata: {name: a}}]\n"
    ),
    "schemas/databases.yaml": (
        "x-ruleengine: {folder: databases}\ntype: object\n"
        "properties: {engine: {type: string}}\nrequired: [engine]\nadditionalProperties: false\n"
    ),
    "databases/orders.yaml": "engine: postgres\n",
    "apps/api/secret.yaml": bad_setups.SECRET,
}


@cache
def sample_files() -> dict[str, str]:
    """Return the documents of the sample repo and of a team that goes beyond it."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", "sample-repo"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listing.stdout.split("\0") if name.endswith((".yaml", ".yml"))]
    found = {name.removeprefix("sample-repo/"): (PROJECT / name).read_text() for name in names}
    return {**found, **TEAM}


@cache
def public_files() -> dict[str, str]:
    """Return public documents, each under a path of its own in its folder."""
    folder = vectors_folder("documents") / "accept"
    return {
        f"{file.parent.name}/public-{file.name}": file.read_text(encoding="utf-8")
        for file in sorted(folder.glob("*/*.yaml"))
    }


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a repo of the sample files."""
    repo = make_repo(tmp_path_factory.mktemp("mutated"), sample_files())
    call(repo.root, "validate").check_explained(0)
    return repo


NUMBERS = some.integers(0, 9999)


@BOUNDS
@given(number=NUMBERS, other=NUMBERS, changes=mutations.edits())
def test_a_file_with_changed_lines_is_explained(
    repo: Repo, number: int, other: int, changes: list[Edit]
) -> None:
    """Lines dropped, doubled, moved and renamed; texts cut, joined and strange."""
    path, text = pick(sample_files(), number)
    explained(repo, path, mutations.edited(text, changes, pick(sample_files(), other)[1]))


@BOUNDS
@given(number=NUMBERS, changes=mutations.flips())
def test_a_file_with_changed_bytes_is_explained(
    repo: Repo, number: int, changes: list[tuple[int, int]]
) -> None:
    """As a broken disk or a wrong encoding leaves it."""
    path, text = pick(sample_files(), number)
    explained(repo, path, mutations.flipped(text.encode(), changes))


@BOUNDS
@given(number=NUMBERS, changes=mutations.replacements())
def test_a_file_with_changed_values_is_explained(
    repo: Repo, number: int, changes: list[tuple[int, Any, str]]
) -> None:
    """Correct YAML with anything at any place."""
    path, text = pick(sample_files(), number)
    explained(repo, path, rewritten(text, path, changes))


@pytest.mark.vectors("documents")
@BOUNDS
@given(number=NUMBERS, changes=mutations.replacements(), lines=mutations.edits(2))
def test_a_public_document_with_changes_is_explained(
    repo: Repo, number: int, changes: list[tuple[int, Any, str]], lines: list[Edit]
) -> None:
    """Every kind and most fields of Argo, with changed values or lines."""
    path, text = pick(public_files(), number)
    if number % 2:
        explained(repo, path, rewritten(text, path, changes))
    else:
        explained(repo, path, mutations.edited(text, lines, text))


def pick(files: dict[str, str], number: int) -> tuple[str, str]:
    """Return one of some files."""
    return sorted(files.items())[number % len(files)]


def rewritten(text: str, path: str, changes: list[tuple[int, Any, str]]) -> bytes:
    """Return the documents of a text with changes to their values."""
    values = [one.value for one in yaml_reader.read(text.encode(), path).documents]
    changed = mutations.replaced(values, changes)
    return "---\n".join(yaml_writer.write(one) for one in changed).encode("utf-8", "replace")


def explained(repo: Repo, path: str, data: bytes) -> None:
    """Validate a repo in which one file is changed; check all that is promised of it."""
    file = repo.root / path
    before = file.read_bytes() if file.exists() else None
    file.write_bytes(data)
    try:
        first = call(repo.root, "validate", "-o", "json")
        again = call(repo.root, "validate", "-o", "json")
        shutil.rmtree(repo.root / ".ruleengine")
        fresh = call(repo.root, "validate", "-o", "json")
        assert (first.crash, again.crash, fresh.crash) == ("", "", "")
        assert first.output == again.output == fresh.output
        report = json.loads(first.output)
        assert (first.code, first.errors) == (1 if report["summary"]["error"] else 0, "")
        for finding in report["findings"]:
            check_finding(repo, finding)
        for command in OTHERS if path.startswith("rules/") else OTHERS[:2]:
            result = call(repo.root, *command)
            assert result.crash == ""
            assert result.code in {0, 1, 2}
        assert file.read_bytes() == data
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)


def check_finding(repo: Repo, finding: dict[str, Any]) -> None:
    """Check that a finding has a known code, words, and places that are there."""
    assert finding["code"] in registry()
    assert finding["message"].strip()
    assert finding["remedy"].strip()
    for place in (finding, *finding.get("related", [])):
        if place["path"].startswith("<ruleengine>/"):
            continue
        file = repo.root / place["path"]
        assert file.exists()
        if file.is_file():
            text = file.read_bytes().decode("utf-8", "replace")
            assert 0 <= place["line"] <= len(BREAK.findall(text)) + 1
