"""The shared vectors of Argo Events, by the function that they are about."""

import json
from functools import cache
from typing import Any

import pytest

from tests.vectors import vectors_folder


@cache
def _all() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (vectors_folder("events") / "vectors.json").read_text()
    )["vectors"]
    return found


def cases(function: str) -> list[dict[str, Any]]:
    """Return the cases of a function, or skip the calling test where there are no vectors."""
    found = [one for one in _all() if one["fn"] == function]
    assert found, f"no vector is about {function}"
    return found


def judge(case: dict[str, Any], error: str | None, *, located: bool = False) -> str:
    """Return why an error is not the expected one, or an empty text.

    ``located``: ours may name the place of what is wrong before it.
    """
    wanted = case["out"].get("error")
    matches = {
        "any": bool(error) is bool(wanted),
        "exact": error == wanted or (located and str(error).endswith(str(wanted))),
        "prefix": str(error).startswith(case.get("error_prefix", "")),
    }
    good = matches[case.get("error_match", "exact")] if wanted else not error
    return "" if good else f"{case['id']} {case['case']}: {error!r} in place of {wanted!r}"


def report(name: str, count: int, wrong: list[str]) -> None:
    """Say how many cases there were, and fail where any went wrong."""
    print(f"events {name}: {count} cases")
    if wrong:
        pytest.fail("\n".join(wrong))
