"""Derived names: the same in every process, different for different content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.digests import content_digest, derive_name, fit_name, fnv1a, short_digest

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-.", min_size=1, max_size=120)
LONG = st.text("ab-.", min_size=46, max_size=80)


def test_the_order_of_keys_does_not_matter() -> None:
    """Equal data has an equal digest."""
    assert content_digest({"a": 1, "b": [2]}) == content_digest({"b": [2], "a": 1})


def test_a_derived_name_is_known_beforehand() -> None:
    """The name is a fact of its arguments; a change of the function would be noticed."""
    assert derive_name("web", "analysis", {"step": 1}) == "web-analysis-grgds62prt"


@given(NAMES | LONG, NAMES)
def test_a_derived_name_fits_a_label(owner: str, purpose: str) -> None:
    """However long the owner, the name has at most 63 characters."""
    assert len(derive_name(owner, purpose, 1)) <= 63


@pytest.mark.parametrize("length", range(46, 56))
@pytest.mark.parametrize("odd", ["-", ".", ".-", "-."])
def test_a_name_that_is_cut_is_still_a_name(length: int, odd: str) -> None:
    """Wherever the cut falls, no dot or dash is left before the digest."""
    owner = "a" * length + odd + "b" * 20
    for name in (derive_name(owner, "child", 1), fit_name(owner)):
        kept, _, digest = name.rpartition("-")
        assert (kept[-1].isalnum(), len(digest), len(name) <= 63) == (True, 10, True)


@given(NAMES | LONG)
def test_only_names_that_are_too_long_are_shortened(name: str) -> None:
    """A fitting name stays; a longer one ends in the digest of the whole."""
    fitted = fit_name(name)
    assert fitted == name if len(name) <= 63 else fitted.endswith(short_digest(name))
    assert len(fitted) <= 63


def test_purpose_and_content_tell_names_apart() -> None:
    """Two children of one owner never share a name."""
    names = {derive_name("o", purpose, content) for purpose in "ab" for content in (1, "1", [1])}
    assert len(names) == 6


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)]
)
def test_fnv1a_gives_the_published_values(data: bytes, expected: int) -> None:
    """The values that the authors of the hash publish."""
    assert fnv1a(data) == expected
