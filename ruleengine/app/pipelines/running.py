"""``pipeline run``: a workflow made of what a person names, created and followed."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Final

from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.bringing import bring_templates
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.sources import find_source, named, names_of
from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.submitting import Submission, spec_of, submitted, template_of

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What suffixes of names are made of: no vowels, so that no words come about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks to be run: a name or a file of the repo, or ``source`` as it is live.

    ``source`` is ``KIND/NAME``; ``submission`` is what is asked for beside it.
    """

    name: str = ""
    source: str = ""
    submission: Submission = field(default_factory=lambda: Submission(suffix=suffix()))


def suffix() -> str:
    """Return what makes a generated name unique."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def make(place: Place, asked: Asked) -> Object:
    """Return the workflow to be created; nothing is written yet.

    Raises ``UsageError`` for names, parameters, entrypoints and a namespace that do not fit.
    """
    document = find_source(place, asked.name, asked.source)
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
    return finding.live(place, kind, name)
