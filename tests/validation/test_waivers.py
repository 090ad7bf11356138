"""Waivers accept findings for a while, and never in silence."""

from dataclasses import replace
from datetime import date

import pytest

from ruleengine.model.configuration import Waiver
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.validation.policies import apply_waivers, glob_pattern

TODAY = date(2026, 11, 23)
FINDING = Finding(
    severity=Severity.ERROR,
    code="policy-tag-missing",
    message="the image has no tag",
    remedy="name a tag",
    place=Place("rollouts/production/web.yaml", 3),
)


def _waiver(path: str = "**", code: str = FINDING.code, expires: str = "2026-12-31") -> Waiver:
    return Waiver(code=code, path=path, reason="moving next month", expires=expires)


def test_a_waiver_takes_the_finding_out_and_keeps_the_reason() -> None:
    """What is waived is still known."""
    remaining, waived = apply_waivers([FINDING], [_waiver("rollouts/**")], TODAY)
    assert not remaining
    assert [one.waiver.reason for one in waived] == ["moving next month"]


@pytest.mark.parametrize(
    "waiver", [_waiver("pipelines/**"), _waiver(code="policy-other-thing"), _waiver("rollouts/*")]
)
def test_a_waiver_covers_nothing_else(waiver: Waiver) -> None:
    """Another code or another path is not waived."""
    assert apply_waivers([FINDING], [waiver], TODAY) == ((FINDING,), ())


def test_an_expired_waiver_waives_nothing_and_is_a_warning() -> None:
    """The day after its end it counts no more."""
    remaining, waived = apply_waivers([FINDING], [_waiver(expires="2026-11-22")], TODAY)
    assert not waived
    assert [one.code for one in remaining] == [FINDING.code, "policy-waiver-expired"]


def test_an_expired_waiver_is_told_where_it_stands() -> None:
    """At its line; without one, in the file that holds waivers."""
    place = Place("ruleengine.yaml", 7, 3)
    expired = _waiver(expires="2026-11-22")
    for waiver, told in (
        (replace(expired, place=place), place),
        (expired, Place("ruleengine.yaml")),
    ):
        remaining, _ = apply_waivers([], [waiver], TODAY)
        assert [one.place for one in remaining] == [told]


def test_a_waiver_holds_through_its_last_day() -> None:
    """The date named is included."""
    remaining, _ = apply_waivers([FINDING], [_waiver(expires="2026-11-23")], TODAY)
    assert not remaining


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**", "a/b.yaml", True),
        ("a/*", "a/b.yaml", True),
        ("a/*", "a/b/c.yaml", False),
        ("**/c.yaml", "c.yaml", True),
        ("a/**/c.yaml", "a/x/y/c.yaml", True),
        ("a?b", "a/b", False),
        ("a.b", "axb", False),
    ],
)
def test_globs_mean_what_git_users_expect(glob: str, path: str, matches: bool) -> None:
    """One star stays inside a folder, two do not."""
    assert glob_pattern(glob).matches(path) == matches
