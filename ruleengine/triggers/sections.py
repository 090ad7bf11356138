"""How the entries of one section of filters are joined, and what is said when one fails."""

from collections.abc import Callable, Iterable
from typing import Final

from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.values import text
from ruleengine.triggers.verdicts import PASSED, Verdict

AND: Final = "and"
OR: Final = "or"


class FilterError(Exception):
    """An entry that cannot be judged; the message is the one that Argo Events has."""


def read_operator(value: Object, name: str, where: str) -> str:
    """Return how entries are joined: ``and`` where nothing is said. Raises ``WrongError``."""
    found = text(value, name, where)
    if found not in ("", AND, OR):
        raise WrongError(f"{where}.{name}: logical operator {found} not supported")
    return found or AND


def not_json(kind: str) -> Verdict:
    """Return the verdict about an event whose data is no JSON."""
    return _failed(kind, "event data not valid JSON")


def join(kind: str, operator: str, entries: Iterable[Callable[[], bool | None]]) -> Verdict:
    """Ask the entries of a section of some kind, as far as needed, and join what they say.

    An entry that says ``None`` says nothing: it holds up no conjunction and makes no
    alternative.
    """
    asked = list(entries)
    if not asked:
        return PASSED
    return _all(kind, asked) if operator == AND else _any(kind, asked)


def _all(kind: str, entries: list[Callable[[], bool | None]]) -> Verdict:
    for ask in entries:
        try:
            passed = ask()
        except FilterError as error:
            return _failed(kind, str(error))
        if passed is False:
            return Verdict(passed=False)
    return PASSED


def _any(kind: str, entries: list[Callable[[], bool | None]]) -> Verdict:
    errors = []
    for ask in entries:
        try:
            if ask():
                return PASSED
        except FilterError as error:
            errors.append(str(error))
    if not errors:
        return Verdict(passed=False)
    return Verdict(passed=False, error=f"{kind} filter errors [{' / '.join(errors)}]")


def _failed(kind: str, message: str) -> Verdict:
    return Verdict(passed=False, error=f"{kind} filter error ({message})")
