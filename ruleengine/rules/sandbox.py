"""The Jinja environment of rules: expressions over plain data, and nothing else.

An expression cannot leave the data it is given, and it cannot run away: there are no
statements and so no loops, ranges and repetitions are short, numbers stay in 64 bits,
and only filters, tests and methods whose cost is linear are there. What a rule computes
is measured besides (:mod:`ruleengine.rules.templates`), so that chains of expressions
cannot grow without bound either.

Two traps of Jinja's native types do not arise here: a lone expression yields its value
untouched (``"1.10"`` stays a text), and an undefined value is an error wherever it is
used ("the reference, libraries", section 5).
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ruleengine.model.values import Value
from ruleengine.rules import filters

RANGE_LIMIT = 10_000
"""How many numbers ``range`` may give."""

LENGTH_LIMIT = 262_144
"""How long a text, and how many items a list, may be that an operator makes."""

_NUMBER_LIMIT = 2**63

MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
"""The methods of a map that expressions may call; a field of that name goes first."""

_TEXT_METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    }
)
_LIST_METHODS = frozenset({"count", "index"})
_METHODS = MAPPING_METHODS | _TEXT_METHODS | _LIST_METHODS

_FILTERS = (
    "abs",
    "default",
    "dictsort",
    "first",
    "float",
    "int",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "string",
    "title",
    "trim",
    "unique",
    "upper",
)
_TESTS = (
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "string",
    "true",
    "undefined",
    "upper",
)


class Missing(StrictUndefined):
    """An undefined value: its own fields are undefined too, and any use is an error.

    So ``document.a.b | default(1)`` works where ``a`` is missing already.
    """

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return f"`{self._undefined_name}` is not there"


@lru_cache(maxsize=1024)
def missing(name: str) -> Missing:
    """Return the undefined value for a name: it knows nothing else, so one is enough."""
    return Missing(name=name)


class RuleEnvironment(ImmutableSandboxedEnvironment):
    """Jinja, reduced to bounded expressions over plain data."""

    intercepted_binops = frozenset({"*", "**", "+", "%", "-"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the field of a mapping, or one of the few methods that are allowed."""
        if isinstance(obj, dict):
            if attribute in obj:
                return obj[attribute]
            allowed = MAPPING_METHODS
        elif isinstance(obj, str):
            allowed = _TEXT_METHODS
        elif isinstance(obj, list | tuple):
            allowed = _LIST_METHODS
        elif isinstance(obj, Undefined):
            return obj
        else:
            allowed = frozenset()
        if attribute in allowed:
            return getattr(obj, attribute)
        return missing(attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item of a mapping, list or text; undefined where there is none."""
        if isinstance(obj, Undefined):
            return obj
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return Missing(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Allow the methods that :meth:`getattr` gives, and ``range``."""
        return obj is _short_range or getattr(obj, "__name__", "") in _METHODS

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - Jinja's signature
        """Perform an arithmetic operation whose result stays small."""
        if operator == "**":
            raise SecurityError("powers are not offered in rules")
        if operator == "%" and not isinstance(left, int | float):
            raise SecurityError("the operator % takes numbers only; join texts with ~")
        if operator == "*":
            _refuse_long_repetition(left, right)
        result = self.binop_table[operator](left, right)
        if isinstance(result, int) and abs(result) >= _NUMBER_LIMIT:
            raise SecurityError("a number left the range of 64 bits")
        if isinstance(result, str | list | tuple) and len(result) > LENGTH_LIMIT:
            raise SecurityError(f"a value grew beyond {LENGTH_LIMIT} items")
        return result


def _refuse_long_repetition(left: Any, right: Any) -> None:
    """Raise ``SecurityError`` where ``left * right`` would repeat a value too often."""
    for value, times in ((left, right), (right, left)):
        if (
            isinstance(value, str | list | tuple)
            and isinstance(times, int)
            and len(value) * times > LENGTH_LIMIT
        ):
            raise SecurityError(f"a value would grow beyond {LENGTH_LIMIT} items")


def _short_range(*bounds: int) -> range:
    """Return ``range(*bounds)``; raises ``SecurityError`` where it is long."""
    numbers = range(*bounds)
    if len(numbers) > RANGE_LIMIT:
        raise SecurityError(f"a range may hold {RANGE_LIMIT} numbers")
    return numbers


class _Omit:
    """The type of :data:`OMIT`."""

    def __repr__(self) -> str:
        return "omit"


OMIT = _Omit()
"""What ``omit`` stands for in a rule: leave this key or item out."""


@cache
def environment() -> RuleEnvironment:
    """Return the one environment of the process.

    Only ``${{ }}`` is markup. The delimiters of statements and comments hold a NUL, which
    no YAML document can contain: so a shell's ``${#list}`` in a rule stays text.
    """
    made = RuleEnvironment(
        variable_start_string="${{",
        variable_end_string="}}",
        block_start_string="\0{%",
        block_end_string="%\0",
        comment_start_string="\0{#",
        comment_end_string="#\0",
        keep_trailing_newline=True,
        undefined=Missing,
        cache_size=0,
    )
    own: dict[str, Callable[..., Value]] = dict(filters.FILTERS)
    made.filters = {name: made.filters[name] for name in _FILTERS} | own
    made.tests = {name: made.tests[name] for name in _TESTS} | filters.TESTS
    made.globals = {"range": _short_range, "omit": OMIT}
    return made
