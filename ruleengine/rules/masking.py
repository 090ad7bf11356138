"""Findings never show what a Secret holds, whatever an expression made of it.

A rule may read a Secret, so its values can come back in a message of the team's own or in
Jinja's words about what failed. Where findings are told, they are replaced by the mask.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from ruleengine.model.findings import Finding
from ruleengine.model.secrets import MASK
from ruleengine.model.values import Value

_SHORTEST: Final = 3
"""Shorter texts hide nothing, and replacing them would leave no message readable."""


def masked(findings: Iterable[Finding], values: Iterable[Value]) -> Iterator[Finding]:
    """Yield findings without the texts that the Secrets among and inside ``values`` hold."""
    found = list(findings)
    hidden = _hidden(values) if found else []
    for finding in found:
        if not hidden:
            yield finding
            continue
        yield replace(
            finding,
            message=_without(finding.message, hidden),
            remedy=_without(finding.remedy, hidden),
            related=tuple(
                one._replace(message=_without(one.message, hidden)) for one in finding.related
            ),
        )


def _hidden(values: Iterable[Value]) -> list[str]:
    """Return what must not be shown, the longest first, so that no part of one remains."""
    texts: set[str] = set()
    for value in values:
        for secret in _secrets(value):
            for held in _texts([secret.get("data"), secret.get("stringData")]):
                texts |= {held, repr(held)[1:-1], _decoded(held)}
    return sorted((one for one in texts if len(one) >= _SHORTEST), key=len, reverse=True)


def _secrets(value: Value) -> Iterator[dict[str, Value]]:
    if isinstance(value, dict):
        if value.get("kind") == "Secret":
            yield value
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)


def _texts(value: Value) -> Iterator[str]:
    """Yield the texts of values, not of the keys above them: keys may be shown."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _without(text: str, hidden: list[str]) -> str:
    for one in hidden:
        text = text.replace(one, MASK)
    return text
