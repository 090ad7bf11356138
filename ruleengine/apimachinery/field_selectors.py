"""Field selectors, as query parameters spell them: ``metadata.name=web,status.phase!=Running``.

Which paths a kind supports is the server's to say (reference, Kubernetes API section 4).
"""

import re
from dataclasses import dataclass
from typing import Final

from ruleengine.apimachinery.selectors import SelectorError


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on one field: ``operator`` is ``=`` or ``!=``."""

    path: str
    operator: str
    value: str

    def matches(self, found: str) -> bool:
        """Tell whether the text of the field (empty where absent) meets the condition."""
        return (found == self.value) is (self.operator == "=")


_TERM: Final = re.compile(r"(?:[^\\,]|\\.?)+", re.DOTALL)
_PARTS: Final = re.compile(r"(.*?)(==|!=|=)(.*)", re.DOTALL)
_PIECE: Final = re.compile(r"\\.?|[=,]", re.DOTALL)
_ESCAPABLE: Final = ("\\\\", "\\,", "\\=")


def parse_field_selector(text: str) -> tuple[FieldRequirement, ...]:
    r"""Parse a selector; ``\,``, ``\=`` and ``\\`` stand for the sign itself.

    Raises :class:`~ruleengine.apimachinery.selectors.SelectorError`.
    """
    requirements = []
    for term in _TERM.findall(text):
        parts = _PARTS.fullmatch(term)
        if parts is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = parts.groups()
        literal = _PIECE.sub(_literal, value)
        requirements.append(FieldRequirement(path, "!=" if operator == "!=" else "=", literal))
    return tuple(requirements)


def _literal(piece: re.Match[str]) -> str:
    sign = piece[0]
    if sign in _ESCAPABLE:
        return sign[1]
    if sign.startswith("\\"):
        raise SelectorError(f"invalid field selector: invalid escape sequence: {sign}")
    raise SelectorError(f"invalid field selector: unescaped character in value: {ord(sign)}")
