"""The languages that schemas of custom resources ask for, as the server has them."""

from typing import Final

from ruleengine.apimachinery.custom_languages import Languages
from ruleengine.expressions import regular
from ruleengine.expressions.language import ExpressionError


def _matches(pattern: str, text: str) -> bool:
    try:
        return regular.compile(pattern).matches(text)
    except ExpressionError as error:
        raise ValueError(str(error)) from None


LANGUAGES: Final = Languages(matches=_matches)
"""Patterns are RE2, as in Kubernetes; rules in CEL are stored and not enforced."""
