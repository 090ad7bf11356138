"""Evaluation: documents through the rules to objects, pointers, findings and actions.

:func:`evaluate_document` is a pure function of one document, the defaults of its folder,
the settings and the rules: its result can be kept by the digests of these and turned into
plain data (:mod:`ruleengine.rules.records`). :func:`evaluate` brings documents together;
only what is made once for the whole repo, namespaces, is decided there.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ruleengine.model.actions import Action
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.documents import Derived, Document, Origin
from ruleengine.model.findings import Finding, order_findings
from ruleengine.model.names import API_VERSION
from ruleengine.model.places import Places
from ruleengine.model.references import Definition, Reference
from ruleengine.model.values import Object, Value
from ruleengine.rules import acting, pointing, requiring
from ruleengine.rules.deriving import derive
from ruleengine.rules.masking import masked
from ruleengine.rules.results import DocumentEvaluation, NeededNamespace
from ruleengine.rules.ruleset import RuleSet
from ruleengine.rules.subjects import (
    Surroundings,
    describe_configuration,
    describe_path,
)

OWN_KINDS = frozenset({"Configuration", "Rule", "RuleTest"})
"""Kinds of ours that say something to ruleengine and are never applied."""


class Evaluation(NamedTuple):
    """What the rules make of all documents. Actions begin with the namespaces."""

    derived: tuple[Derived, ...]
    definitions: tuple[Definition, ...]
    references: tuple[Reference, ...]
    actions: tuple[Action, ...]
    findings: tuple[Finding, ...]


def evaluate_document(
    document: Document,
    defaults: Object,
    configuration: Configuration,
    rules: RuleSet,
    commit: str = "",
) -> DocumentEvaluation:
    """Return what the rules make of one document. Never raises for wrong user data."""
    if _is_our_own(document.value):
        return DocumentEvaluation()
    around = Surroundings(
        source=document,
        commit=commit,
        form=document.form,
        variables=_variables(document, defaults, configuration),
        rules=rules,
        places=Places(document),
    )
    root, subjects = derive(around)
    speaking = subjects if root.kind else [root, *subjects]
    references = [one for subject in speaking for one in pointing.references(subject)]
    # The list that every scope of this document holds since the beginning.
    around.variables["references"].extend(
        {"kind": one.kind, "namespace": one.namespace, "name": one.name} for one in references
    )
    definitions = [one for subject in subjects for one in pointing.definitions(subject)]
    for subject in speaking:
        around.findings.extend(requiring.requirements(subject))
    actions: list[Action] = []
    needed: list[NeededNamespace] = []
    for subject in subjects:
        own = list(acting.actions(subject))
        actions.extend(own)
        needed.extend(acting.namespaces(subject, own[0].target.cluster if own else ""))
    return DocumentEvaluation(
        derived=tuple(
            Derived(object=one.object, origin=one.origin, source=document) for one in subjects
        ),
        definitions=tuple(definitions),
        references=pointing.sharpest(references, around.places.whole),
        namespaces=tuple(needed),
        actions=tuple(actions),
        findings=_shown(around.findings, [document.value, *(one.object for one in subjects)]),
    )


def evaluate(
    documents: Iterable[Document],
    defaults_for: Callable[[str], Object],
    configuration: Configuration,
    rules: RuleSet,
    commit: str = "",
) -> Evaluation:
    """Return what the rules make of documents; ``defaults_for`` gives a path's defaults."""
    return combine(
        (
            evaluate_document(one, defaults_for(one.path), configuration, rules, commit)
            for one in documents
        ),
        configuration,
    )


def combine(evaluations: Iterable[DocumentEvaluation], configuration: Configuration) -> Evaluation:
    """Return the evaluations of single documents as one, with the namespaces they need."""
    found = tuple(evaluations)
    derived = tuple(one for evaluation in found for one in evaluation.derived)
    actions = [one for evaluation in found for one in evaluation.actions]
    needed = [one for evaluation in found for one in evaluation.namespaces]
    if configuration.engine is Engine.HANDOVER:
        # The namespace of Argo CD is there already, and it is not ours to declare.
        needed = [one for one in needed if one.name != configuration.control_namespace]
    elif actions:
        needed.append(NeededNamespace(configuration.control_namespace, "", _NOWHERE))
    declared = frozenset(
        (one.target.cluster, one.target.name)
        for one in actions
        if one.target.kind == "Namespace" and one.target.api_version == "v1"
    )
    return Evaluation(
        derived=derived,
        definitions=tuple(one for evaluation in found for one in evaluation.definitions),
        references=tuple(one for evaluation in found for one in evaluation.references),
        actions=(*acting.namespace_actions(needed, declared), *actions),
        findings=order_findings(one for evaluation in found for one in evaluation.findings),
    )


_NOWHERE = Origin(path="ruleengine.yaml", line=0)


def _variables(
    document: Document, defaults: Object, configuration: Configuration
) -> dict[str, Value]:
    return {
        "path": describe_path(document.path),
        "defaults": defaults,
        "configuration": describe_configuration(configuration),
        "form": str(document.form),
        "references": [],
    }


def _shown(findings: list[Finding], values: list[Value]) -> tuple[Finding, ...]:
    """Return findings in their order, without the secrets that the values hold."""
    return order_findings(masked(findings, values)) if findings else ()


def _is_our_own(value: Object) -> bool:
    return value.get("apiVersion") == API_VERSION and value.get("kind") in OWN_KINDS
