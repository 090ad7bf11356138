"""What ``pipeline graph`` draws: a workflow that runs, or a document that can be run."""

from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.sources import find_source
from ruleengine.model.values import Object


def find_document(place: Place, name: str) -> Object:
    """Return the workflow or the document that a name means.

    Raises ``UsageError`` where there is none, ``FailedError`` where it has errors.
    ``workflow/NAME`` is one that runs; a bare name is that of a workflow, if there is one.
    """
    kind, _, rest = name.rpartition("/")
    if name == finding.LATEST or kind.lower() in ("workflow", "workflows", "wf"):
        return finding.well_shaped(finding.workflow(place, rest))
    live = finding.get(place, "Workflow", name) if not kind else None
    if live is not None:
        return finding.well_shaped(place.packing.unpack(live))
    return find_source(place, name)
