"""What is known of a value before it is there: enough to refuse comparisons that never hold."""

from typing import Final

from ruleengine.expressions.expr.nodes import Array, Binary, Builtin, Constant, Map, Node, Unary

_NUMBER: Final = "a number"
_TEXT: Final = "a text"
_BOOLEAN: Final = "a boolean"
_LIST: Final = "a list"
_MAP: Final = "a map"

_VALUES: Final = {bool: _BOOLEAN, int: _NUMBER, float: _NUMBER, str: _TEXT}
_OPERATORS: Final = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "matches"), _BOOLEAN),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), _BOOLEAN),
    **dict.fromkeys(("/", "%", "**"), _NUMBER),
    "..": _LIST,
}
_FUNCTIONS: Final = {
    **dict.fromkeys(("all", "any", "none", "one", "hasPrefix", "hasSuffix"), _BOOLEAN),
    **dict.fromkeys(("len", "int", "float", "count", "mean", "median", "ceil"), _NUMBER),
    **dict.fromkeys(("floor", "round", "indexOf", "lastIndexOf"), _NUMBER),
    **dict.fromkeys(("string", "trim", "upper", "lower", "replace", "repeat"), _TEXT),
    **dict.fromkeys(("trimPrefix", "trimSuffix", "join", "toJSON", "type"), _TEXT),
    **dict.fromkeys(("toBase64", "fromBase64"), _TEXT),
    **dict.fromkeys(("filter", "map", "split", "splitAfter", "keys", "values"), _LIST),
    **dict.fromkeys(("toPairs", "reverse", "uniq", "concat", "flatten", "sort"), _LIST),
    **dict.fromkeys(("groupBy", "fromPairs"), _MAP),
}


def never_equal(left: Node, right: Node) -> str:
    """Return why two values can never be equal, as a remedy; an empty text where they may be."""
    one, other = _kind(left), _kind(right)
    if not one or not other or one == other:
        return ""
    return f"{one} never equals {other}: convert one of them"


def _kind(node: Node) -> str:
    """Return the kind of value that a node gives for certain, or an empty text."""
    match node:
        case Constant():
            return _VALUES.get(type(node.value), "")
        case Unary(operator="!"):
            return _BOOLEAN
        case Binary():
            return _OPERATORS.get(node.operator, "")
        case Builtin():
            return _FUNCTIONS.get(node.name, "")
    return _LIST if isinstance(node, Array) else _MAP if isinstance(node, Map) else ""
