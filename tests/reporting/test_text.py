"""Findings as people read them."""

from dataclasses import replace

import pytest

from ruleengine.model.findings import Place
from ruleengine.reporting.excerpts import excerpt
from ruleengine.reporting.style import PLAIN, Style
from ruleengine.reporting.text import findings_text, summary_text
from tests.reporting.samples import DOUBTFUL, WRONG

SOURCE = "spec:\n  replica: 3\n"


def test_a_finding_says_where_what_and_the_remedy() -> None:
    """The first line is a link, the source line and the remedy follow."""
    assert findings_text([WRONG], sources=lambda _: SOURCE) == (
        'rollouts/web.yaml:2:3 error schema-field-unknown: the field "replica" is not known\n'
        "    2 |   replica: 3\n"
        "      |   ^\n"
        '    remedy: did you mean "replicas"?\n'
        "    see schemas/rollout.json: the schema\n"
    )


def test_a_finding_without_a_place_begins_with_its_severity() -> None:
    """No blank stands for the place that is not known."""
    assert findings_text([replace(WRONG, place=Place(""))]).startswith(
        "error schema-field-unknown: "
    )


def test_findings_are_ordered_by_place_and_parted_by_file() -> None:
    """An empty line stands between files."""
    text = findings_text([WRONG, DOUBTFUL])
    first, second = text.split("\n\n")
    assert first.startswith("pipelines/build.yaml:7 warning")
    assert second.startswith("rollouts/web.yaml:2:3 error")


def test_no_findings_give_no_text() -> None:
    """Nothing is shown where nothing is wrong."""
    assert findings_text([]) == ""


@pytest.mark.parametrize(
    "source",
    [
        "kind: Secret\nstringData: {a: hunter2}\n",
        'first: 1\npassword: "hunter2"\n',
        "first: 1\n- apiToken: hunter2\n",
    ],
)
def test_an_excerpt_never_shows_a_secret(source: str) -> None:
    """Lines that may hold a secret are left out."""
    assert excerpt(Place("a.yaml", 2, 1), source) == ()


def test_an_excerpt_of_a_line_that_is_gone_is_left_out() -> None:
    """A file may have changed since it was checked."""
    assert excerpt(Place("a.yaml", 9, 1), "one: 1\n") == ()


def test_a_very_long_line_is_cut() -> None:
    """A caret beyond the cut is left out."""
    (line,) = excerpt(Place("a.yaml", 1, 400), "a: " + "x" * 500)
    assert line.endswith("...")


def test_escape_sequences_of_documents_never_reach_the_terminal() -> None:
    """Control characters are written out."""
    text = findings_text(
        [replace(WRONG, message="\x1b[2Jgone")], sources=lambda _: "\x1b[2J\nb\x07"
    )
    assert "\x1b" not in text
    assert "\x07" not in text


def test_colour_changes_nothing_but_colour() -> None:
    """Without its escapes coloured text equals plain text."""
    import re

    coloured = findings_text([WRONG, DOUBTFUL], Style(colour=True), lambda _: SOURCE)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == findings_text(
        [WRONG, DOUBTFUL], PLAIN, lambda _: SOURCE
    )


def test_the_summary_counts_by_severity() -> None:
    """Errors, warnings and what was checked."""
    line = summary_text([WRONG, DOUBTFUL], files=1200, documents=1, waived=2)
    assert line == "1 error and 1 warning; 1 document in 1,200 files checked; 2 findings waived\n"


def test_zero_work_is_reported_as_such() -> None:
    """A selection that holds no file is said, not passed over."""
    assert summary_text([], files=0, documents=0, nothing="there is none") == (
        "nothing to check: there is none\n"
    )


def test_a_text_of_a_file_cannot_flood_the_report() -> None:
    """Messages quote what files hold, which may be millions of characters."""
    flood = replace(WRONG, message="a" * 2_000_000, remedy="b" * 2_000_000)
    assert len(findings_text([flood])) < 3_000
