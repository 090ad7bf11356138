"""The table of what the local API does says the truth: its proofs exist, and gaps are told."""

import csv
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "docs" / "support" / "local-api.tsv"


def rows() -> list[dict[str, str]]:
    """Return the rows of the table."""
    with TABLE.open() as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_every_behaviour_that_is_claimed_has_a_test() -> None:
    """And what is not, or not wholly, done says what it comes to."""
    for row in rows():
        assert row["priority"] in ("must", "should"), row
        assert row["native"] in ("honoured", "partly", "left out"), row
        assert row["as"] or row["native"] == "honoured", row
        assert row["test"] or row["native"] == "left out", row
        for named in row["test"].split():
            file, _, name = named.partition("::")
            assert re.search(rf"def {name}\(", (PROJECT / file).read_text()), named


def test_no_behaviour_is_listed_twice() -> None:
    """One row says it all."""
    told = [row["path"] for row in rows()]
    assert len(told) == len(set(told))
