"""What schemas of custom resources ask of other languages: patterns and rules in CEL.

Rooms that know those languages hand them in as :class:`Languages`; this room only knows when
to ask, with what, and what becomes of the answer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ruleengine.model.values import Object, Value


class RuleError(ValueError):
    """A rule that cannot be read or evaluated; the text says why."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """What ``oldSelf`` is for a rule that may do without it: optional in CEL."""

    present: bool
    content: Value = None


_OLD: Final = re.compile(r"\boldSelf\b")


def is_about_transition(rule: str) -> bool:
    """Tell whether a rule speaks of what an update replaces."""
    return _OLD.search(rule) is not None


class Evaluate(Protocol):
    """Evaluates one rule in CEL. Raises :class:`RuleError`."""

    def __call__(self, rule: str, variables: Mapping[str, Value | Maybe], schema: Object) -> Value:
        """Return the value of ``rule``.

        ``variables`` are ``self`` and, where there was a value before, ``oldSelf``;
        ``schema`` is the OpenAPI schema of ``self``, which says of what types they are.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlace:
    """Where a rule stands: the schema of its ``self``, and what else decides about types.

    ``whole`` says that ``self`` is a whole object, with a kind and a name; ``optional_old``
    that there may be no ``oldSelf``; ``is_message`` that a text is wanted, and no truth.
    """

    schema: Object
    whole: bool = False
    optional_old: bool = False
    is_message: bool = False


def _accept(_rule: str, _place: RulePlace) -> None:
    return


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages that a caller has.

    ``matches`` tells whether a pattern (RE2) occurs in a text, and raises ``ValueError`` for
    a broken pattern. Without ``evaluate`` rules are not checked. ``check`` raises
    :class:`RuleError` for a text that is no rule, or none for the types of its place.
    """

    matches: Callable[[str, str], bool]
    evaluate: Evaluate | None = None
    check: Callable[[str, RulePlace], None] = _accept


def _matches_nothing_wrong(_pattern: str, _text: str) -> bool:
    return True


NO_LANGUAGES: Final = Languages(matches=_matches_nothing_wrong)
"""For callers that only ask about the shape of values: every pattern fits."""
