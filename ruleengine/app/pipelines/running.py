"""``pipeline run``: a workflow made of what a person names, created and followed."""

from dataclasses import replace

from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.asking import Asked
from ruleengine.app.pipelines.bringing import bring_templates
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.sources import find_source, named, names_of
from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.submitting import spec_of, submitted, template_of


def make(place: Place, asked: Asked) -> Object:
    """Return the workflow to be created; nothing is written yet.

    Raises ``UsageError`` for names, parameters, entrypoints and a namespace that do not fit,
    ``FailedError`` for documents with errors.
    """
    whole = not asked.submission.entrypoint  # another beginning may be what makes it right
    document = find_source(place, asked.name, asked.source, checked=whole)
    submission = replace(asked.submission, namespace=place.namespace)
    made = submitted(document, submission, _template(place, spec_of(document)))
    own = made["metadata"]["namespace"]
    if place.named and own != place.namespace:
        raise UsageError(
            f"{named(document)} is of the namespace {own}, not of {place.namespace}",
            "leave out -n, or declare it there, too",
        )
    return made


def begin(place: Place, asked: Asked) -> Object:
    """Make and create a workflow, having applied the templates of the repo that it needs.

    Raises as ``make``, and ``FailedError`` where something cannot be written.
    """
    workflow = make(place, asked)
    bring_templates(place, workflow, of_repo=not asked.source)
    return changing.create(place, workflow)


def _template(place: Place, spec: Object) -> Object | None:
    """Return the template that a spec is made of, of the repo or as it is live."""
    wanted = template_of(spec)
    if wanted is None:
        return None
    kind, name = wanted
    for one, _ in place.declared.objects:
        if one.get("kind") == kind and name in names_of(one):
            return one
    return finding.runnable(place, kind, name)
