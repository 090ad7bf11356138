"""The registry of finding codes, from which ``docs/codes.md`` is made.

A code is ``<area>-<noun>-<problem>``. One module per area declares a tuple named
``CODES``; :func:`registry` gathers them, so that adding a code touches one file.
"""

from functools import cache
from importlib import import_module
from typing import NamedTuple

AREAS = (
    "configuration",
    "environment",
    "file",
    "identity",
    "plan",
    "policy",
    "reference",
    "render",
    "repository",
    "rollout",
    "rule",
    "schema",
    "support",
    "trigger",
)
"""The areas, each a module beside this one."""


class Code(NamedTuple):
    """A kind of finding: its name, what it tells, and what to do in general."""

    name: str
    title: str
    remedy: str


@cache
def registry() -> dict[str, Code]:
    """Return every code by name. Raises ``ValueError`` if two areas declare one name."""
    codes: dict[str, Code] = {}
    for area in AREAS:
        declared: tuple[Code, ...] = import_module(f"{__name__}.{area}").CODES
        for code in declared:
            if code.name in codes or not code.name.startswith(f"{area}-"):
                raise ValueError(f"finding code {code.name!r} is declared wrongly in {area}")
            codes[code.name] = code
    return codes
