"""What is known of a value before it is there: enough to refuse comparisons that never hold."""

from typing import Final

from ruleengine.expressions.expr.nodes import Array, Binary, Builtin, Constant, Map, Node, Unary

NUMBER: Final = "a number"
TEXT: Final = "a text"
BOOLEAN: Final = "a boolean"
LIST: Final = "a list"
MAP: Final = "a map"

_VALUES: Final = {bool: BOOLEAN, int: NUMBER, float: NUMBER, str: TEXT}
_OPERATORS: Final = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "matches"), BOOLEAN),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), BOOLEAN),
    **dict.fromkeys(("/", "%", "**"), NUMBER),
    "..": LIST,
}
_FUNCTIONS: Final = {
    **dict.fromkeys(("all", "any", "none", "one", "hasPrefix", "hasSuffix"), BOOLEAN),
    **dict.fromkeys(("len", "int", "float", "count", "mean", "median", "ceil"), NUMBER),
    **dict.fromkeys(("floor", "round", "indexOf", "lastIndexOf"), NUMBER),
    **dict.fromkeys(("string", "trim", "upper", "lower", "replace", "repeat"), TEXT),
    **dict.fromkeys(("trimPrefix", "trimSuffix", "join", "toJSON", "type"), TEXT),
    **dict.fromkeys(("toBase64", "fromBase64"), TEXT),
    **dict.fromkeys(("filter", "map", "split", "splitAfter", "keys", "values"), LIST),
    **dict.fromkeys(("toPairs", "reverse", "uniq", "concat", "flatten", "sort"), LIST),
    **dict.fromkeys(("groupBy", "fromPairs"), MAP),
}


def never_equal(left: Node, right: Node) -> str:
    """Return why two values can never be equal, as a remedy; an empty text where they may be."""
    one, other = kind_of_node(left), kind_of_node(right)
    if not one or not other or one == other:
        return ""
    return f"{one} never equals {other}: convert one of them"


def kind_of_node(node: Node) -> str:
    """Return the kind of value that a node gives for certain, or an empty text."""
    match node:
        case Constant():
            return _VALUES.get(type(node.value), "")
        case Unary(operator="!"):
            return BOOLEAN
        case Binary():
            return _OPERATORS.get(node.operator, "")
        case Builtin():
            return _FUNCTIONS.get(node.name, "")
    return LIST if isinstance(node, Array) else MAP if isinstance(node, Map) else ""
