"""Checks the types of an expression before there are values.

Only what is wrong for certain is told: a field that no schema declares, an operator or function
whose arguments have known types that it does not take. Errors are worded as by the checker of
CEL that API servers use.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ruleengine.expressions.cel.functions.conversions import duration_of, moment_of
from ruleengine.expressions.cel.functions.strings import pattern_of
from ruleengine.expressions.cel.nodes import (
    Call,
    Condition,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    Loop,
    MapOf,
    Name,
    Node,
    Select,
)
from ruleengine.expressions.cel.signatures import signatures
from ruleengine.expressions.cel.types import (
    BOOL,
    DYN,
    INT,
    NULL,
    NUMBERS,
    STRING,
    Bindings,
    Type,
    bound,
    common,
    fits,
    list_of,
    map_of,
    optional_of,
)
from ruleengine.expressions.cel.values import CelError, Uint, type_value
from ruleengine.expressions.language import ExpressionError

_LITERALS: Final[Mapping[type, Type]] = {
    bool: BOOL,
    int: INT,
    Uint: Type("uint"),
    float: Type("double"),
    str: STRING,
    bytes: Type("bytes"),
    type(None): NULL,
}
_OPERATORS: Final[Mapping[tuple[str, int], str]] = {
    ("!", 1): "!_",
    ("-", 1): "-_",
    ("in", 2): "@in",
    **{(sign, 2): f"_{sign}_" for sign in ("+", "-", "*", "/", "%", "==", "!=")},
}
"""How errors name operators, by their sign and number of operands."""

_COMPARISONS: Final = frozenset(("<", "<=", ">", ">="))
_ORDERED: Final = frozenset(("string", "bytes", "bool", "timestamp", "duration"))
_CONDITIONS: Final = frozenset(("all", "exists", "exists_one", "existsOne", "filter"))
_LATER: Final = frozenset(
    ("distinct", "flatten", "lists.range", "reverse", "slice", "sort", "sortBy")
)
"""Functions that rules which are there already may call, and new ones may not yet."""

_READ: Final[Mapping[str, tuple[int, Callable[[str], object]]]] = {
    "duration": (0, duration_of),
    "find": (1, pattern_of),
    "findAll": (1, pattern_of),
    "matches": (1, pattern_of),
    "timestamp": (0, moment_of),
}
"""Which argument is read at once where it is a constant, the value called on included, and how."""

_MAPPED: Final = frozenset(("map", "transformList"))


class Checker:
    """Checks one expression over variables of known types."""

    def __init__(self, text: str, variables: Mapping[str, Type]) -> None:
        self._text = text
        self._scopes: list[Mapping[str, Type]] = [variables]
        self._mixed = False
        self._checks: Mapping[type, Callable[[Any], Type]] = {
            Literal: lambda node: _LITERALS.get(type(node.value), DYN),
            Name: self._name,
            Select: self._select,
            Index: self._index,
            Call: self._call,
            Has: self._has,
            Logic: self._logic,
            Condition: self._condition,
            ListOf: self._list,
            MapOf: self._map,
            Loop: self._loop,
        }

    def check(self, node: Node) -> Type:
        """Return the type of a node. Raises ``ExpressionError`` for what is wrong for certain."""
        return self._checks[type(node)](node)

    def _error(self, message: str, at: int) -> ExpressionError:
        return ExpressionError(message, offset=at, text=self._text)

    def _known(self, name: str) -> Type | None:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    def _name(self, node: Name) -> Type:
        known = self._known(node.name)
        return known or (Type("type") if type_value(node.name) else DYN)

    def _select(self, node: Select) -> Type:
        found = self._field(self.check(node.operand), node.field, node)
        return found if not node.optional or found.name == "optional_type" else optional_of(found)

    def _field(self, operand: Type, field: str, node: Select | Has) -> Type:
        if operand.fields is not None:
            if field not in operand.fields:
                raise self._error(f"undefined field '{field}'", node.at)
            return operand.fields[field]
        if operand.name == "map":
            return operand.of[1]
        if operand.name == "optional_type":
            return optional_of(self._field(operand.of[0], field, node))
        if operand.name in ("dyn", "null_type") or self._names_type(node):
            return DYN
        raise self._error(f"type '{operand}' does not support field selection", node.at)

    def _names_type(self, node: Select | Has) -> bool:
        """Tell whether a chain of names begins with no variable, as names of types do."""
        inner: Node = node
        while isinstance(inner, Select | Has):
            inner = inner.operand
        return isinstance(inner, Name) and self._known(inner.name) is None

    def _has(self, node: Has) -> Type:
        self._field(self.check(node.operand), node.field, node)
        return BOOL

    def _index(self, node: Index) -> Type:
        operand, key = self.check(node.operand), self.check(node.key)
        is_optional = operand.name == "optional_type"
        container = operand.of[0] if is_optional else operand
        match container.name:
            case "list" if fits(INT, key, {}):
                found = container.of[0]
            case "map" if fits(container.of[0], key, {}):
                found = container.of[1]
            case "dyn" | "null_type":
                found = DYN
            case _:
                raise self._no_overload(
                    "_[?_]" if node.optional else "_[_]", [operand, key], node.at
                )
        return optional_of(found) if node.optional or is_optional else found

    def _call(self, node: Call) -> Type:
        name = node.function
        mixed, self._mixed = self._mixed, name == "format"
        types = [self.check(one) for one in node.arguments]
        self._mixed = mixed
        is_member = False
        if node.target is not None:
            qualified = self._qualified(node.target)
            if qualified and f"{qualified}.{name}" in signatures():
                name = f"{qualified}.{name}"
            elif qualified:
                return DYN
            else:
                types.insert(0, self.check(node.target))
                is_member = True
        self._refuse_later(name, node.at)
        self._read(name, node, is_member=is_member)
        if name in _COMPARISONS:
            return self._compared(name, types, node.at)
        found = _result(name, types)
        if found is None:
            shown = _OPERATORS.get((name, len(types)), name)
            raise self._no_overload(shown, types, node.at, is_member=is_member)
        return found

    def _refuse_later(self, name: str, at: int) -> None:
        if name in _LATER:
            raise self._error(f"API servers of version 1.34 take no new rule with '{name}'", at)

    def _read(self, name: str, node: Call, *, is_member: bool) -> None:
        """Refuse a constant that its function cannot read."""
        place, read = _READ.get(name, (0, str))
        place -= is_member
        one = node.arguments[place] if 0 <= place < len(node.arguments) else None
        if isinstance(one, Literal) and isinstance(one.value, str):
            try:
                read(one.value)
            except CelError as error:
                raise self._error(f"invalid {name} argument: {error}", one.at) from None

    def _compared(self, name: str, types: list[Type], at: int) -> Type:
        """Numbers are compared with numbers of any type, others only within theirs."""
        names = {one.name for one in types} - {"dyn"}
        if names and not names <= NUMBERS and (len(names) > 1 or not names <= _ORDERED):
            raise self._no_overload(f"_{name}_", types, at)
        return BOOL

    def _qualified(self, node: Node) -> str:
        if isinstance(node, Name):
            return "" if self._known(node.name) else node.name
        if isinstance(node, Select) and not node.optional:
            before = self._qualified(node.operand)
            return before and f"{before}.{node.field}"
        return ""

    def _logic(self, node: Logic) -> Type:
        for part in node.parts:
            found = self.check(part)
            if not fits(BOOL, found, {}) or found == NULL:
                raise self._no_condition(found, part.at)
        return BOOL

    def _condition(self, node: Condition) -> Type:
        test, yes, no = self.check(node.test), self.check(node.yes), self.check(node.no)
        bindings: Bindings = {}
        same = fits(Type("A"), yes, bindings) and fits(Type("A"), no, bindings)
        if not fits(BOOL, test, {}) or not same:
            raise self._no_overload("_?_:_", [test, yes, no], node.at)
        return common([yes, no])

    def _list(self, node: ListOf) -> Type:
        elements = zip(node.elements, node.optional, strict=True)
        return list_of(self._alike(node.elements, [self._element(*one) for one in elements]))

    def _map(self, node: MapOf) -> Type:
        keys, values = [*zip(*node.entries, strict=True)] or ((), ())
        found = self._alike(keys, [self.check(one) for one in keys])
        elements = zip(values, node.optional, strict=True)
        of_values = self._alike(values, [self._element(*one) for one in elements])
        return map_of(found, DYN if any(node.optional) else of_values)

    def _alike(self, nodes: Sequence[Node], types: list[Type]) -> Type:
        """Refuse constants of several types together, but for what a text is made of."""
        known = [(node, one) for node, one in zip(nodes, types, strict=True) if one.name != "dyn"]
        for node, one in known[1:]:
            first = known[0][1]
            alike = one.name == first.name and fits(first, one, {})
            if not self._mixed and not alike:
                raise self._error(f"expected type '{first}' but found '{one}'", node.at)
        return common(types)

    def _element(self, element: Node, optional: bool) -> Type:
        found = self.check(element)
        return found.of[0] if optional and found.name == "optional_type" else found

    def _loop(self, node: Loop) -> Type:
        over = self.check(node.over)
        self._refuse_later(node.macro, node.at)
        if node.macro in ("optMap", "optFlatMap"):
            return self._opt_map(node, over)
        if over.name not in ("list", "map", "dyn", "null_type"):
            raise self._error(
                f"expression of type '{over}' cannot be range of a comprehension (must be list, "
                "map, or dynamic)",
                node.at,
            )
        self._scopes.append(dict(zip(node.names, _variables(over, len(node.names)), strict=True)))
        bodies = [self.check(body) for body in node.bodies]
        self._scopes.pop()
        conditions = bodies if node.macro in _CONDITIONS else bodies[:-1]
        for found in conditions:
            if not fits(BOOL, found, {}):
                raise self._no_condition(found, node.at)
        return _of_macro(node.macro, over, bodies)

    def _opt_map(self, node: Loop, over: Type) -> Type:
        if over.name not in ("optional_type", "dyn"):
            raise self._no_overload(node.macro, [over], node.at)
        content = over.of[0] if over.of else DYN
        self._scopes.append(dict.fromkeys(node.names, content))
        (found,) = [self.check(body) for body in node.bodies]
        self._scopes.pop()
        return optional_of(found) if node.macro == "optMap" else found

    def _no_condition(self, found: Type, at: int) -> ExpressionError:
        return self._error(f"expected type 'bool' but found '{found}'", at)

    def _no_overload(
        self, name: str, types: list[Type], at: int, *, is_member: bool = False
    ) -> ExpressionError:
        before, taken = (f"{types[0]}.", types[1:]) if is_member else ("", types)
        shown = f"{before}({', '.join(str(one) for one in taken)})"
        return self._error(f"found no matching overload for '{name}' applied to '{shown}'", at)


def _result(name: str, types: list[Type]) -> Type | None:
    """Return what a function gives, ``None`` where it does not take these types."""
    rows = signatures().get(name)
    if rows is None:
        return DYN
    found = []
    for arguments, result in rows:
        bindings: Bindings = {}
        if len(arguments) == len(types) and all(
            fits(wanted, given, bindings) for wanted, given in zip(arguments, types, strict=True)
        ):
            found.append(bound(result, bindings))
    return common(found) if found else None


def _variables(over: Type, count: int) -> tuple[Type, ...]:
    """Return the types of the variables of a macro: elements, keys, or both parts."""
    if over.name == "map":
        return over.of[:count]
    element = over.of[0] if over.name == "list" else DYN
    first = INT if over.name == "list" else DYN
    return (element,) if count == 1 else (first, element)


def _of_macro(macro: str, over: Type, bodies: list[Type]) -> Type:
    if macro == "filter":
        return list_of(over.of[0]) if over.of else DYN
    if macro in _CONDITIONS:
        return BOOL
    if macro in _MAPPED:
        return list_of(bodies[-1])
    if macro == "transformMap":
        return map_of(over.of[0] if over.name == "map" else DYN, bodies[-1])
    return over if macro == "sortBy" else DYN
