"""Where to report what is wrong with a derived object: in its document, or at the rule.

A value that the document wrote is reported where it stands; one that a rule of the team
made, at that rule with the document beside it; one that a built-in rule made, at the document.
"""

from collections.abc import Iterable

from ruleengine.model.documents import Derived
from ruleengine.model.findings import Place, Related
from ruleengine.model.values import Path, Value, lookup

_BUILT_IN = "<ruleengine>/"
"""What the places of built-in rules begin with; no file of a repo does."""


def written_at(derived: Derived, value: Value, paths: Iterable[Path]) -> Place | None:
    """Return where the document itself says ``value``, looked for at ``paths``."""
    source = derived.source
    for path in paths:
        if lookup(source.value, *path) == value:
            return source.place_of_value(*path)
    return None


def team_rule(derived: Derived) -> Place | None:
    """Return where the team's rule stands that made or last changed an object, or ``None``."""
    first = derived.origin.rule_place.partition(", ")[0]
    if not first or first.startswith(_BUILT_IN):
        return None
    path, _, line = first.rpartition(":")
    return Place(path, int(line), 1) if line.isdigit() else Place(first)


def related_document(derived: Derived) -> tuple[Related, ...]:
    """Return the document that an object was made of, to stand beside a finding at a rule."""
    return (Related(derived.source.place(), "the document that it made the object of"),)
