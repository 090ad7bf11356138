"""The table of what the local node makes of a pod lists every field, and its proofs exist."""

import csv
import json
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "docs" / "support" / "pods.tsv"
TYPES = PROJECT / "schemas" / "kubernetes" / "types.json"
CORE = "core/v1."
ROOT = f"{CORE}PodSpec"


def rows() -> list[dict[str, str]]:
    """Return the rows of the table."""
    with TABLE.open() as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_every_field_of_every_listed_type_has_a_row() -> None:
    """By the facts about Kubernetes, no more and no less."""
    types = json.loads(TYPES.read_text())["types"]
    listed: dict[str, set[str]] = {}
    for row in rows():
        listed.setdefault(f"{CORE}{row['kind']}", set()).add(row["path"])
    assert ROOT in listed
    assert {name: set(types[name]["fields"]) for name in listed} == listed


def test_every_type_that_a_pod_is_made_of_is_listed() -> None:
    """But those that nothing but an accepted or refused field holds."""
    types = json.loads(TYPES.read_text())["types"]
    left_out = {(row["kind"], row["path"]) for row in rows() if row["native"] != "honoured"}
    found: set[str] = set()
    waiting = [ROOT]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [one["type"] for one in types[name].get("inline", ())]
        for field, facts in types[name]["fields"].items():
            if (name.removeprefix(CORE), field) not in left_out:
                waiting += re.findall(r"core/v1\.\w+", facts["type"])
    assert found <= {f"{CORE}{row['kind']}" for row in rows()}


def test_every_field_is_honoured_accepted_or_refused() -> None:
    """What is honoured or refused has a test, what is accepted says what it comes to."""
    for row in rows():
        assert row["native"] in ("honoured", "accepted", "refused"), row
        if row["native"] == "accepted":
            assert row["as"], row
            continue
        file, _, name = row["test"].partition("::")
        assert f"def {name}(" in (PROJECT / file).read_text(), row
