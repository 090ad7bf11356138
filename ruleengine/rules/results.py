"""What the rules make of one document, as a value. Importing it imports no rule engine."""

from typing import NamedTuple

from ruleengine.model.actions import Action
from ruleengine.model.documents import Derived, Origin
from ruleengine.model.findings import Finding
from ruleengine.model.references import Definition, Reference


class NeededNamespace(NamedTuple):
    """A namespace that an object lives in or sends others to, and on which cluster."""

    name: str
    cluster: str
    origin: Origin


class DocumentEvaluation(NamedTuple):
    """What the rules make of one document."""

    derived: tuple[Derived, ...] = ()
    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    namespaces: tuple[NeededNamespace, ...] = ()
    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
