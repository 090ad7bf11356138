"""Which objects a list or watch is about: namespace, labels and fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ruleengine.apimachinery.field_selectors import FieldRequirement, parse_field_selector
from ruleengine.apimachinery.selectors import (
    LabelSelector,
    SelectorError,
    parse_label_selector,
)
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import bad_request
from ruleengine.local.api.views import stored_field
from ruleengine.model.values import Object, lookup

_ALWAYS: Final = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: Final[dict[str, frozenset[str]]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "events": frozenset(
        {
            *(
                f"involvedObject.{name}"
                for name in (
                    "apiVersion",
                    "fieldPath",
                    "kind",
                    "name",
                    "namespace",
                    "resourceVersion",
                    "uid",
                )
            ),
            "reason",
            "reportingComponent",
            "source",
            "type",
        }
    ),
    "namespaces": frozenset({"status.phase"}),
    "nodes": frozenset({"spec.unschedulable"}),
    "secrets": frozenset({"type"}),
    "jobs.batch": frozenset({"status.successful"}),
    "replicasets.apps": frozenset({"status.replicas"}),
    "replicationcontrollers": frozenset({"status.replicas"}),
}
"""The field paths that a selector may name, by stored resource."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions on objects of one kind; an empty namespace means all of them."""

    namespace: str = ""
    labels: LabelSelector = field(default_factory=LabelSelector)
    fields: tuple[FieldRequirement, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether no selector narrows the collection."""
        return not self.labels.requirements and not self.fields

    def matches(self, value: Object) -> bool:
        """Tell whether an object is selected."""
        metadata = value["metadata"]
        if self.namespace and metadata.get("namespace") != self.namespace:
            return False
        return self.labels.matches(metadata.get("labels")) and all(
            one.matches(_text(value, one.path)) for one in self.fields
        )


def _text(value: Object, path: str) -> str:
    found = lookup(value, *path.split("."), default="")
    if isinstance(found, bool):
        return "true" if found else "false"
    if path == "source" and isinstance(found, dict):
        return str(found.get("component", ""))
    return str(found)


def read_selection(query: Mapping[str, str], served: Served, namespace: str) -> Selection:
    """Return what the parameters of a request select. Raises ``ApiFailure`` 400."""
    try:
        labels = parse_label_selector(query.get("labelSelector", ""))
        fields = parse_field_selector(query.get("fieldSelector", ""))
    except SelectorError as error:
        raise bad_request(str(error)) from None
    known = _ALWAYS | _FIELDS.get(served.resource, frozenset()) | _selectable(served)
    plural = f"{served.info.plural}.{served.info.group}"
    fields = tuple(replace(one, path=stored_field(plural, one.path)) for one in fields)
    for one in fields:
        if one.path not in known:
            raise bad_request(
                f'Unable to find "{served.info.group or "v1"}/{served.info.plural}" that match '
                f"field selector: field label not supported: {one.path}"
            )
    return Selection(namespace, labels, fields)


def _selectable(served: Served) -> frozenset[str]:
    paths = (served.definition or {}).get("selectableFields") or ()
    return frozenset(str(one["jsonPath"]).lstrip(".") for one in paths)
