"""Functions that sprig has twice: as ``first``, which panics, and as ``mustFirst``, which fails.

Both are the same error here, so both are one function under two names.
"""

from dataclasses import replace

from ruleengine.expressions.go_functions import Function


def twins(function: Function) -> tuple[Function, Function]:
    """Return a function under its name and under that of its strict twin."""
    name = function.name
    return function, replace(function, name=f"must{name[0].upper()}{name[1:]}")
