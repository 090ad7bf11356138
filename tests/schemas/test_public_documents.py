"""Public Argo documents are accepted, and what is wrong with broken ones is found at its line."""

import csv
from pathlib import Path

import jsonschema
import pytest

from ruleengine.model.values import Value
from ruleengine.validation.schemas import without_nulls
from tests.schemas.reading import CHECKER, errors, read_file
from tests.vectors import vectors_folder

pytestmark = pytest.mark.vectors


def test_every_public_document_is_accepted() -> None:
    """No error for any of them; deprecations are warnings."""
    folder = vectors_folder("documents") / "accept"
    refused = []
    count = 0
    for file in sorted(folder.glob("*/*.yaml")):
        found, findings = read_file(file, f"{file.parent.name}/{file.name}")
        assert not errors(findings), findings
        for document in found:
            count += 1
            refused += errors(CHECKER.check(document))
    print(f"documents/accept: {count} documents, {len(refused)} refused")
    assert count >= 164
    assert not refused


def test_every_broken_document_is_refused_on_the_named_line() -> None:
    """Each of the broken documents has an error on the line that the table names."""
    folder = vectors_folder("documents") / "reject"
    rows = _table(folder / "expected.tsv")
    missed = []
    for row in rows:
        found, findings = read_file(folder / row["file"], row["file"])
        problems = [*findings, *(one for document in found for one in CHECKER.check(document))]
        if int(row["line"]) not in {one.place.line for one in errors(problems)}:
            missed.append((row["file"], row["line"]))
    print(f"documents/reject: {len(rows)} documents, {len(rows) - len(missed)} refused")
    assert len(rows) == 133
    assert not missed


def test_a_misspelt_field_is_reported_once_with_what_was_meant() -> None:
    """For unknown fields of the table, the suggestion is the field that was misspelt."""
    folder = vectors_folder("documents") / "reject"
    rows = _table(folder / "expected.tsv")
    wrong = []
    for row in rows:
        if row["code"] != "unknown-field" or not row["field"]:
            continue
        found, _ = read_file(folder / row["file"], row["file"])
        problems = errors([one for document in found for one in CHECKER.check(document)])
        if [one.remedy for one in problems] != [f"did you mean '{row['field']}'?"]:
            wrong.append((row["file"], [one.remedy for one in problems]))
    print(f"suggestions: {len(wrong)} of {len(rows)} differ")
    assert not wrong


def test_the_verdict_agrees_with_another_validator() -> None:
    """The Python library jsonschema, slower and older, says the same of every document."""
    differing = []
    count = 0
    for file in sorted(vectors_folder("documents").glob("*/*/*.yaml")):
        found, _ = read_file(file, f"{file.parent.name}/{file.name}")
        for document in found:
            name = f"{document.value.get('apiVersion')}/{document.value.get('kind')}"
            entry = CHECKER.catalog.index["kinds"].get(name)
            if entry is None:
                continue
            count += 1
            value = without_nulls(document.value)
            ours = bool(_own_errors(value, entry))
            oracle = jsonschema.Draft202012Validator(CHECKER.catalog.schema(entry))
            if ours == oracle.is_valid(value):
                differing.append((file.name, name))
    print(f"oracle: {count} documents, {len(differing)} verdicts differ")
    assert count >= 290
    assert not differing


def _table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines(), delimiter="\t"))


def _own_errors(value: Value, entry: str) -> tuple[object, ...]:
    return CHECKER._check_at(entry).problems(value)


def test_the_vectors_are_those_of_all_four_areas() -> None:
    """A folder that went missing would make the other tests weaker without a word."""
    accept: Path = vectors_folder("documents") / "accept"
    areas = {folder.name for folder in accept.iterdir()}
    assert areas == {"environments", "pipelines", "rollouts", "triggers"}
