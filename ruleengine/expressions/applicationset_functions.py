"""What templates of ApplicationSets know besides sprig: names, and YAML.

Of the reference: argocd section 9.1.
"""

import math
import re
from datetime import datetime
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats import yaml_reader, yaml_writer
from ruleengine.formats.go_case import lower
from ruleengine.formats.go_text import to_bytes, type_name, whole
from ruleengine.formats.go_times import RFC3339_NANO, format_time
from ruleengine.model.findings import Severity

_LONGEST_NAME: Final = 253
_USUAL_SLUG: Final = 50
_FOREIGN: Final = re.compile("[^-a-z0-9.]")
_SEPARATORS: Final = re.compile("[-.]+")
_NODE: Final = 10
"""How many steps a value is worth that becomes YAML."""


def normalize(name: str) -> str:
    """Return a name that Kubernetes takes: small letters, digits, dashes and dots."""
    return _FOREIGN.sub("-", lower(name))[:_LONGEST_NAME].strip("-.")


def slugify(*arguments: Any) -> str:
    """Return a short name: at most so many characters, and cut between words where asked for.

    The name comes last, the length (50) and whether to cut between words before it.
    """
    *options, name = arguments or (None,)
    length, between = [*options, *(_USUAL_SLUG, False)[len(options) :]][:2]
    if len(options) > 2 or not isinstance(name, str) or not isinstance(between, bool):
        raise ExpressionError("the arguments are a length, true or false, and a name")
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise ExpressionError(f"the length is a positive int, not {type_name(length)}")
    text = normalize(name)
    slug = _SEPARATORS.sub("-", text if between else text[:length]).strip("-")
    if not between or not 0 < length < len(slug):
        return slug
    end = slug.rfind("-", 0, length + 1)
    return slug[: end if end >= 0 else length]


def to_yaml(meter: Meter, value: Any) -> str:
    """Return a value as YAML, its keys sorted, without a line break at the end."""
    return yaml_writer.write(_plain(value, meter)).removesuffix("\n").removesuffix("\n...")


def _plain(value: Any, meter: Meter) -> Any:
    """Return a value as JSON would have it."""
    meter.step(_NODE)
    if isinstance(value, dict | list | tuple):
        meter.enter()
        made: Any
        if isinstance(value, dict):
            made = {str(key): _plain(value[key], meter) for key in sorted(value, key=str)}
        else:
            made = [_plain(one, meter) for one in value]
        meter.leave()
        return made
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, datetime):
        return format_time(value, RFC3339_NANO)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("a number that is infinite or undefined")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value)
    raise ExpressionError(f"a value of type {type_name(value)} has no YAML")


def _read(text: str, kind: type, what: str) -> Any:
    parsed = yaml_reader.read(to_bytes(text), "template")
    for finding in parsed.findings:
        if finding.severity is Severity.ERROR:
            line = finding.place.line or 1
            raise ExpressionError(f"no YAML: {finding.message} in its line {line}")
    value = parsed.documents[0].value if parsed.documents else None
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ExpressionError(f"the YAML is no {what}", hint=f"it is {type_name(value)}")
    return _floating(value)


def _floating(value: Any) -> Any:
    """Return a value as Go reads it from YAML by way of JSON."""
    if isinstance(value, dict):
        return {key: _floating(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_floating(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


FUNCTIONS: Final = {
    one.name: one
    for one in (
        Function("normalize", normalize, (Kind.STRING,)),
        Function("slugify", slugify, (), Kind.ANY),
        Function("toYaml", to_yaml, (Kind.ANY,), metered=True),
        Function("fromYaml", lambda text: _read(text, dict, "map"), (Kind.STRING,)),
        Function("fromYamlArray", lambda text: _read(text, list, "list"), (Kind.STRING,)),
    )
}
"""To be put over sprig's."""
