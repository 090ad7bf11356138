"""Parameters that a person passes to a workflow, checked before anything is created.

Every problem is told at once: names that do not exist, values that are missing, and values
outside an ``enum`` (reference, Workflows 4 and 25).
"""

from collections.abc import Iterator, Mapping, Sequence

from ruleengine.model.errors import UsageError
from ruleengine.model.suggestions import suggestion
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.texts import as_text

Problem = tuple[str, str]
"""What is wrong, and the remedy."""


def pass_parameters(spec: Object, given: Mapping[str, str], what: str) -> list[Object]:
    """Return the arguments of a spec, those that are ``given`` with their new values.

    ``spec`` is the effective one: over that of the template it is made of. ``what`` names it in
    messages. Raises ``UsageError`` that tells everything that is wrong.
    """
    declared = [dict(one) for one in lookup(spec, "arguments", "parameters", default=())]
    passed = [_passed(one, given) for one in declared]
    problems = [
        *_unknown(given, [str(one["name"]) for one in declared], what),
        *_missing(passed),
        *_outside(passed),
        *_inputs(spec, passed),
    ]
    if problems:
        raise UsageError(
            "; ".join(message for message, _ in problems),
            "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
        )
    return passed


def changed_parameters(declared: list[Object], given: Mapping[str, str], what: str) -> list[Object]:
    """Return the arguments of a workflow that ran, with other values. Raises ``UsageError``."""
    return pass_parameters({"arguments": {"parameters": declared}}, given, what)


def _passed(declared: Object, given: Mapping[str, str]) -> Object:
    name = str(declared["name"])
    if name not in given:
        return declared
    kept = {key: value for key, value in declared.items() if key not in ("valueFrom", "default")}
    return {**kept, "value": given[name]}


def _unknown(given: Mapping[str, str], names: list[str], what: str) -> Iterator[Problem]:
    for name in given:
        if name not in names:
            remedy = suggestion(name, names, "its parameters: ")
            yield f"{what} has no parameter {name!r}", remedy if names else "it takes none"


def _missing(passed: list[Object]) -> Iterator[Problem]:
    for one in passed:
        has_source = lookup(one, "valueFrom", "configMapKeyRef") is not None
        if not has_source and all(one.get(key) is None for key in ("value", "default")):
            value = assigned(one["name"], [as_text(value) for value in one.get("enum") or ()])
            yield f"the parameter {one['name']!r} has no value", f"pass -p {value}"


def _outside(passed: list[Object]) -> Iterator[Problem]:
    for one in passed:
        allowed = [as_text(value) for value in one.get("enum") or ()]
        value = one.get("value")
        if allowed and value is not None and as_text(value) not in allowed:
            yield not_allowed("parameter", one["name"], as_text(value), allowed)


def assigned(name: str, allowed: Sequence[str]) -> str:
    """Return how a value is given on the command line.

    >>> assigned("size", ["small", "large"]), assigned("word", [])
    ('size=small|large', 'word=VALUE')
    """
    return f"{name}={'|'.join(allowed) or 'VALUE'}"


def not_allowed(what: str, name: str, value: str, allowed: Sequence[str]) -> Problem:
    """Say that something cannot have a value, and which it can have."""
    remedy = f"{name} is one of: {', '.join(allowed)}"
    return f"the {what} {name!r} cannot be {value!r}", remedy


def _inputs(spec: Object, passed: list[Object]) -> Iterator[Problem]:
    """Yield the inputs of the entrypoint that nothing gives a value."""
    names = {str(one["name"]) for one in passed}
    for template in spec.get("templates") or ():
        if template.get("name") != spec.get("entrypoint"):
            continue
        for one in lookup(template, "inputs", "parameters", default=()):
            empty = all(one.get(key) is None for key in ("value", "valueFrom", "default"))
            if empty and one["name"] not in names:
                yield (
                    f"the input {one['name']!r} of its entrypoint gets no value",
                    f"declare {one['name']} among spec.arguments.parameters",
                )
