"""Values as the texts that parameters are: numbers without exponent, the rest as JSON."""

from ruleengine.formats.go_numbers import format_float
from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Value


def as_text(value: Value) -> str:
    """Return the text that a value of a parameter stands for (reference, Workflows 4).

    >>> as_text(1.50), as_text(True), as_text({"b": 1, "a": [2]})
    ('1.5', 'true', '{"a":[2],"b":1}')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return format_float(value, "f")
    return dumps(value, ordered=True)
