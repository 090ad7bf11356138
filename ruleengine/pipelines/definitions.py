"""Where a workflow's templates are found, and what it was made of (reference, Workflows 1).

What was read from other documents is kept in the status, so that a workflow on its way goes
on as it began whatever happens to them.
"""

from typing import Final, NamedTuple

from ruleengine.model.actions import Target
from ruleengine.model.decisions import World
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.merging import over, with_defaults
from ruleengine.pipelines.problems import InvalidSpecError, NodeError, WorkflowError
from ruleengine.pipelines.repositories import Around, Repositories

_LOCAL: Final = "local/"


class Found(NamedTuple):
    """A template, the scope in which the names inside of it are looked up, and its own name."""

    template: Object
    scope: str
    name: str = ""


def template_told(step: Object) -> Object:
    """Return what a node says of its template; one that is written in place has no name.

    As in Argo a ``templateRef`` tells nothing that is false or empty.
    """
    reference, name = step.get("templateRef"), step.get("template")
    if reference:
        return {"templateRef": {key: value for key, value in reference.items() if value}}
    return {"templateName": name} if name else {}


class Definitions:
    """The effective spec of a workflow, its templates by scope and name, its repository."""

    def __init__(self, value: Object, world: World, around: Around) -> None:
        self._world = world
        self.around = around
        self._namespace = str(lookup(value, "metadata", "namespace", default=""))
        self._local = _LOCAL + _own_name(value)
        status = value.get("status") or {}
        self.stored: dict[str, Object] = dict(status.get("storedTemplates") or {})
        self.stored_spec: Object | None = status.get("storedWorkflowTemplateSpec")
        self.spec = self._effective(value["spec"])
        self._templates = {
            str(one.get("name")): one for one in self.spec.get("templates") or () if one
        }
        self.repositories = Repositories(value, self.spec, world, around)

    @property
    def scope(self) -> str:
        """The scope of the workflow itself."""
        return self._local

    def find(self, holder: Object, scope: str) -> Found:
        """Return the template that a step, a task or a hook names.

        Raises ``NodeError`` where there is none.
        """
        if inline := holder.get("inline"):
            return self._completed(Found(template=inline, scope=scope))
        reference = holder.get("templateRef")
        if reference:
            return self._completed(self._referenced(reference))
        return self._completed(self._named(str(holder.get("template") or ""), scope))

    def _completed(self, found: Found) -> Found:
        defaults, retry = self.spec.get("templateDefaults") or {}, self.spec.get("retryStrategy")
        if not (defaults or retry):
            return found
        template = with_defaults(found.template, defaults)
        if retry and "retryStrategy" not in template:
            template = {**template, "retryStrategy": retry}
        if template is found.template:
            return found
        return found._replace(template=template)

    def _named(self, name: str, scope: str) -> Found:
        if scope.startswith(_LOCAL):
            template = self._templates.get(name)
            if template is None:
                raise NodeError(f"template '{name}' not found in the workflow")
            return Found(template=template, scope=scope, name=name)
        kind, _, resource = scope.partition("/")
        template = self._stored_or_read(kind, resource, name)
        return Found(template=template, scope=scope, name=name)

    def _referenced(self, reference: Object) -> Found:
        kind = "cluster" if reference.get("clusterScope") else "namespaced"
        resource, name = str(reference.get("name")), str(reference.get("template"))
        template = self._stored_or_read(kind, resource, name)
        return Found(template=template, scope=f"{kind}/{resource}", name=name)

    def _stored_or_read(self, kind: str, resource: str, name: str) -> Object:
        key = f"{kind}/{resource}/{name}"
        if key not in self.stored:
            document = self._document(resource, cluster=kind == "cluster")
            if document is None:
                what = "ClusterWorkflowTemplate" if kind == "cluster" else "WorkflowTemplate"
                raise NodeError(f"{what} '{resource}' not found")
            listed = lookup(document, "spec", "templates", default=())
            found = next((one for one in listed if one.get("name") == name), None)
            if found is None:
                raise NodeError(f"template '{name}' not found in {resource}")
            self.stored[key] = found
        return self.stored[key]

    def _document(self, name: str, *, cluster: bool) -> Object | None:
        kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
        namespace = "" if cluster else self._namespace
        return self._world.get(Target(ARGO_API_VERSION, kind, namespace, name))

    def _effective(self, spec: Object) -> Object:
        """Return the spec over that of the template it is made of; the live one may stop it."""
        reference = spec.get("workflowTemplateRef")
        if not reference:
            return spec
        if self.stored_spec is None:
            self.stored_spec = self._made_of(spec, reference)
        live: Object = {key: spec[key] for key in ("suspend", "shutdown") if key in spec}
        kept = {k: v for k, v in self.stored_spec.items() if k not in ("suspend", "shutdown")}
        return {**kept, **live}

    def _made_of(self, spec: Object, reference: Object) -> Object:
        if spec.get("templates"):
            raise InvalidSpecError("'templates' may not stand beside 'workflowTemplateRef'")
        cluster = bool(reference.get("clusterScope"))
        document = self._document(str(reference.get("name")), cluster=cluster)
        if document is None:
            what = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
            raise WorkflowError(f"{what} '{reference.get('name')}' not found")
        own = {key: value for key, value in spec.items() if key != "workflowTemplateRef"}
        return over(own, document.get("spec") or {})


def _own_name(value: Object) -> str:
    """Return the name of a workflow in its scope; one that is made of a template has none there."""
    if lookup(value, "spec", "workflowTemplateRef"):
        return ""
    return str(lookup(value, "metadata", "name", default=""))
