"""A new workflow from a document: a Workflow, a template of either kind, or a CronWorkflow.

A template is referred to, as Argo's ``submit --from`` does, so that the workflow says what it
was made of (reference, Workflows 1, 24 and 26).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ruleengine.apimachinery.naming import (
    check_dns_subdomain,
    check_label_value,
    check_qualified_name,
)
from ruleengine.model.errors import UsageError
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.suggestions import suggestion
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.labels import CLUSTER_TEMPLATE_LABEL, CRON_LABEL, TEMPLATE_LABEL
from ruleengine.pipelines.merging import over
from ruleengine.pipelines.verbs.parameters import pass_parameters

RUNNABLE: Final = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
"""The kinds that a workflow can be made of."""

_LONGEST_NAME: Final = 63
"""So many characters the value of a label may have, and the name of a workflow is one."""

_PREFIX_LIMIT: Final = 57
"""How long a name may be before its suffix: labels hold 63 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a person asks for beside the document.

    ``suffix`` is what makes a generated name unique; the caller draws it. ``namespace`` is for
    documents that state none.
    """

    suffix: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    generate_name: str = ""
    entrypoint: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int | None = None
    service_account: str = ""
    namespace: str = ""


def submitted(document: Object, asked: Submission, template: Object | None = None) -> Object:
    """Return the workflow to be created for a document.

    ``template`` is the one that the document is made of, where it refers to one. Raises
    ``UsageError`` for parameters, names and entrypoints that do not fit.
    """
    kind, name = str(document.get("kind")), str(lookup(document, "metadata", "name", default=""))
    source = f"{kind}/{name}" if name else f"the {kind}"
    spec = _spec(document)
    effective = over(_own(spec), template.get("spec") or {}) if template else spec
    if kind in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
        effective = document.get("spec") or {}
    if asked.entrypoint:
        effective = {**effective, "entrypoint": asked.entrypoint}
    _check_marks(asked)
    _check_entrypoint(effective, source)
    passed = pass_parameters(effective, asked.parameters, source)
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": _metadata(document, effective, asked),
        "spec": {**spec, **_stated(spec, passed, asked)},
    }


def template_of(spec: Object) -> tuple[str, str] | None:
    """Return kind and name of the template that a spec is made of, if it is."""
    reference = spec.get("workflowTemplateRef")
    if not reference:
        return None
    kind = "ClusterWorkflowTemplate" if reference.get("clusterScope") else "WorkflowTemplate"
    return kind, str(reference.get("name"))


def spec_of(document: Object) -> Object:
    """Return the spec of the workflows that a document stands for."""
    where = ("spec", "workflowSpec") if document.get("kind") == "CronWorkflow" else ("spec",)
    found: Object = lookup(document, *where, default={})
    return found


def _spec(document: Object) -> Object:
    name = lookup(document, "metadata", "name")
    match document.get("kind"):
        case "WorkflowTemplate":
            return {"workflowTemplateRef": {"name": name}}
        case "ClusterWorkflowTemplate":
            return {"workflowTemplateRef": {"name": name, "clusterScope": True}}
        case "Workflow" | "CronWorkflow":
            stated = spec_of(document)
            return {key: value for key, value in stated.items() if key != "shutdown"}
        case kind:
            raise UsageError(
                f"a {kind} cannot be run",
                f"name one of these kinds: {', '.join(RUNNABLE)}",
            )


def _own(spec: Object) -> Object:
    return {key: value for key, value in spec.items() if key != "workflowTemplateRef"}


def _check_marks(asked: Submission) -> None:
    """Raise ``UsageError`` for a name or a label that no workflow may have."""
    prefix = f"{asked.generate_name}{asked.suffix}" if asked.generate_name else ""
    for option, name in (("--name", asked.name), ("--generate-name", prefix)):
        problem = check_dns_subdomain(name) if name else None
        if name and problem is None and len(name) > _LONGEST_NAME:
            problem = f"it has more than {_LONGEST_NAME} characters, and stands in labels"
        if problem:
            what = f"{option} {name.removesuffix(asked.suffix) if name == prefix else name!r}"
            remedy = "write lower case letters, digits and dashes"
            raise UsageError(f"{what} is no name of a workflow: {problem}", remedy)
    for label, value in asked.labels.items():
        problem = check_qualified_name(label) or check_label_value(value)
        if problem:
            what = f"--labels {label}={value} is no label: {problem}"
            raise UsageError(what, "write NAME=VALUE with letters, digits, dashes, dots and _")


def _check_entrypoint(effective: Object, source: str) -> None:
    entrypoint = str(effective.get("entrypoint") or "")
    names = [str(one.get("name")) for one in effective.get("templates") or ()]
    if entrypoint in names:
        return
    if not entrypoint:
        message = f"{source} says with which template it begins neither itself nor is it told to"
        raise UsageError(message, "add --entrypoint NAME, or `entrypoint:` to the document")
    raise UsageError(
        f"{source} has no template {entrypoint!r} to begin with",
        suggestion(entrypoint, names, "its templates: "),
    )


def _stated(spec: Object, passed: list[Object], asked: Submission) -> Object:
    stated: dict[str, Any] = {}
    if asked.parameters:
        stated["arguments"] = {**(spec.get("arguments") or {}), "parameters": passed}
    if asked.entrypoint:
        stated["entrypoint"] = asked.entrypoint
    if asked.priority is not None:
        stated["priority"] = asked.priority
    if asked.service_account:
        stated["serviceAccountName"] = asked.service_account
    return stated


def _metadata(document: Object, effective: Object, asked: Submission) -> Object:
    stated = document.get("metadata") or {}
    cron = document.get("kind") == "CronWorkflow"
    more = lookup(document, "spec", "workflowMetadata", default={}) if cron else {}
    more = more or effective.get("workflowMetadata") or {}
    own = document.get("kind") == "Workflow"
    labels = {
        **(more.get("labels") or {}),
        **(stated.get("labels") or {} if own else {}),
        **_origin_label(document),
        **asked.labels,
    }
    annotations = {
        **(more.get("annotations") or {}),
        **(stated.get("annotations") or {} if own else {}),
    }
    metadata: Object = {
        "name": asked.name or _name(stated, asked),
        "namespace": stated.get("namespace") or asked.namespace,
        "labels": labels,
        "annotations": annotations,
        "finalizers": more.get("finalizers"),
        "ownerReferences": [_owner(document)] if cron and uid_of(document) else None,
    }
    return {key: value for key, value in metadata.items() if value}


def _name(stated: Object, asked: Submission) -> str:
    prefix = asked.generate_name or stated.get("generateName") or f"{stated.get('name', '')}-"
    return f"{str(prefix)[:_PREFIX_LIMIT]}{asked.suffix}"


def _origin_label(document: Object) -> Mapping[str, str]:
    name = str(lookup(document, "metadata", "name", default=""))
    match document.get("kind"):
        case "WorkflowTemplate":
            return {TEMPLATE_LABEL: name}
        case "ClusterWorkflowTemplate":
            return {CLUSTER_TEMPLATE_LABEL: name}
        case "CronWorkflow":
            return {CRON_LABEL: name}
    return {}


def _owner(cron: Object) -> Object:
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "CronWorkflow",
        "name": cron["metadata"]["name"],
        "uid": uid_of(cron),
        "controller": True,
        "blockOwnerDeletion": True,
    }
