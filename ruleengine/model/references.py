"""Pointers between documents: what one document offers and what another relies on.

Rules derive definitions and references from each document on its own, so that both are
cached by content; validation brings the two together and reports dangling pointers with
both ends located.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ruleengine.model.findings import Place, Severity

_NOTHING: Final[Mapping[str, Any]] = {}


class Definition(NamedTuple):
    """Something that can be pointed at.

    ``kind`` is a Kubernetes kind, or one of the parts that documents define inside
    themselves (``Event``: an event of an event source). ``offers`` names what users of the
    definition may rely on, by aspect: ``{"parameters": {"image": True}}`` is a parameter
    that must be passed because it has no default.
    """

    kind: str
    namespace: str
    name: str
    place: Place
    offers: Mapping[str, Mapping[str, bool]] = _NOTHING


class Reference(NamedTuple):
    """A pointer from one document to a definition.

    ``kind`` may also be ``Path``: ``name`` is then a path of the same tree. ``passes`` are
    the names handed over, by aspect; each must be offered, and every offer of the aspect that
    must be passed has to be among them (unless ``partial``). ``severity`` is that of a dangling
    pointer: what may live outside the repo is doubtful, not wrong; of one that is ``optional``
    nothing is said. ``rule`` declared it.
    """

    kind: str
    namespace: str
    name: str
    place: Place
    passes: Mapping[str, tuple[tuple[str, Place], ...]] = _NOTHING
    partial: bool = False
    severity: Severity = Severity.ERROR
    message: str = ""
    remedy: str = ""
    rule: str = ""
    optional: bool = False
