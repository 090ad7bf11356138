"""The languages that schemas of custom resources ask for, as the server has them."""

from collections.abc import Mapping
from typing import Final

from ruleengine.apimachinery.custom_languages import Languages, Maybe, RulePlace
from ruleengine.expressions import regular
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.values import Object, Value


def _matches(pattern: str, text: str) -> bool:
    try:
        return regular.compile(pattern).matches(text)
    except ExpressionError as error:
        raise ValueError(str(error)) from None


def _evaluate(rule: str, variables: Mapping[str, Value | Maybe], schema: Object) -> Value:
    from ruleengine.local.api import rule_values  # CEL is large, and few schemas have rules

    return rule_values.evaluate(rule, variables, schema)


def _check(rule: str, place: RulePlace) -> None:
    from ruleengine.local.api import rule_values

    rule_values.check(rule, place)


LANGUAGES: Final = Languages(matches=_matches, evaluate=_evaluate, check=_check)
"""Patterns are RE2, and rules CEL with the functions of Kubernetes."""

PATTERNS: Final = Languages(matches=_matches)
"""The languages of a schema without rules, whose objects need not be searched for them."""
