"""The entry of the room: one source of an application, from one tree, into objects."""

from ruleengine.model.findings import Finding, Place, order_findings
from ruleengine.model.trees import Tree
from ruleengine.model.values import Object
from ruleengine.rendering.directory import render_directory
from ruleengine.rendering.results import Rendered, RenderedObject, SourceType, finding
from ruleengine.rendering.sources import Resolved, resolve
from ruleengine.rendering.views import FileView


def render(source: Object, tree: Tree, application: Object) -> Rendered:
    """Return what a source of an application renders to.

    ``source`` is ``spec.source`` in Argo's shape, ``tree`` the revision that it names, and
    ``application`` tells at least the application's ``name``. Nothing is raised for wrong user
    data: where a finding of severity error stands, the objects are not the whole source.
    """
    view = FileView(tree)
    resolved, findings = resolve(source, view, application)
    objects: tuple[RenderedObject, ...] = ()
    if resolved is not None:
        objects, more = _generate(resolved, view)
        findings = (*findings, *more)
    return Rendered(
        objects=objects,
        source_type=resolved.source_type if resolved else SourceType.DIRECTORY,
        findings=order_findings(findings),
        read=frozenset(view.blobs),
        listed=frozenset(view.folders),
    )


def _generate(
    resolved: Resolved, view: FileView
) -> tuple[tuple[RenderedObject, ...], tuple[Finding, ...]]:
    """Return the objects of a resolved source, or why it cannot be generated yet."""
    if resolved.source_type is SourceType.DIRECTORY:
        return render_directory(resolved.source, resolved.folder, view)
    place = Place(resolved.folder or str(resolved.source.get("chart", ".")))
    message = f"this is a {resolved.source_type} source, which comes with a later release"
    return (), (finding("render-source-unsupported", message, place),)
