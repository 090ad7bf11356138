"""Values of custom resources as rules in CEL see them: of the types that their schema says.

A number that looks whole is still a double where the schema says ``number``; dates, durations
and bytes are texts only in JSON (reference, Kubernetes API section 8, "CEL").
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from ruleengine.apimachinery.custom_languages import Maybe, RuleError, RulePlace
from ruleengine.apimachinery.naming import (
    check_dns_1035_label,
    check_dns_label,
    check_dns_subdomain,
    check_label_value,
    check_qualified_name,
)
from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.expressions import cel
from ruleengine.expressions.cel.types import BOOL, DYN, STRING, optional_of
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_durations import parse_duration
from ruleengine.formats.go_time_parsing import parse_time
from ruleengine.formats.go_times import RFC3339
from ruleengine.local.api.rule_types import type_of
from ruleengine.model.values import Object, Value

_NAMES: Final[Mapping[str, Callable[[str], str | None]]] = {
    "dns1123Label": check_dns_label,
    "dns1123Subdomain": check_dns_subdomain,
    "dns1035Label": check_dns_1035_label,
    "qualifiedName": check_qualified_name,
    "labelValue": check_label_value,
}
_KUBERNETES: Final = cel.Kubernetes(parse_quantity, lambda form, text: _NAMES[form](text))
_DAY: Final = "2006-01-02"
_LARGEST: Final = 2**63

_FORMATS: Final[Mapping[str, Callable[[str], Any]]] = {
    "byte": lambda text: base64.b64decode(text, validate=True),
    "date": lambda text: parse_time(_DAY, text),
    "date-time": lambda text: parse_time(RFC3339, text),
    "duration": parse_duration,
}


def evaluate(rule: str, variables: Mapping[str, Value | Maybe], schema: Object) -> Value:
    """Return the value of a rule; see :class:`~ruleengine.apimachinery.custom_languages.Evaluate`.

    Raises ``RuleError``.
    """
    names = {name: _variable(value, schema) for name, value in variables.items()}
    try:
        return cel.compile(rule, cel.SELF, _KUBERNETES).eval(names)
    except ExpressionError as error:
        raise RuleError(str(error)) from None


def check(rule: str, place: RulePlace) -> None:
    """Refuse a text that is no rule for its place. Raises ``RuleError``."""
    own = type_of(place.schema, whole=place.whole) or DYN
    variables = {"self": own, "oldSelf": optional_of(own) if place.optional_old else own}
    try:
        cel.check(rule, variables, STRING if place.is_message else BOOL, _KUBERNETES)
    except ExpressionError as error:
        raise RuleError(str(error)) from None


def _variable(value: Value | Maybe, schema: Object) -> Any:
    if isinstance(value, Maybe):
        return cel.Optional(True, typed(value.content, schema)) if value.present else cel.NONE
    return typed(value, schema)


def typed(value: Value, schema: Object) -> Any:
    """Return a value as CEL has it; what no schema describes stays as it is in JSON."""
    if isinstance(value, dict):
        fields = schema.get("properties") or {}
        others = schema.get("additionalProperties")
        return {
            name: typed(one, _described(fields.get(name, others))) for name, one in value.items()
        }
    if isinstance(value, list):
        items = _described(schema.get("items"))
        found = [typed(one, items) for one in value]
        match schema.get("x-kubernetes-list-type"):
            case "set":
                return cel.Unordered(found)
            case "map":
                return cel.Unordered(found, schema.get("x-kubernetes-list-map-keys") or ())
        return found
    if isinstance(value, str):
        return _text(value, schema)
    # What is larger than 64 bits is a double to CEL in any case.
    is_whole = type(value) is int and -_LARGEST <= value < _LARGEST
    return float(value) if is_whole and schema.get("type") == "number" else value


def _described(schema: Value) -> Object:
    return schema if isinstance(schema, dict) else {}


def _text(value: str, schema: Object) -> Any:
    parse = _FORMATS.get(str(schema.get("format"))) if schema.get("type") == "string" else None
    try:
        return parse(value) if parse else value
    except (ValueError, binascii.Error):
        return value  # of another spelling of the format, which is valid all the same
