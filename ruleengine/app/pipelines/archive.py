"""``pipeline archive``: workflows that are over, as they were stored."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ruleengine.app.archiving import opened_archive
from ruleengine.app.pipelines import again, changing, finding
from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Target
from ruleengine.model.errors import UsageError
from ruleengine.model.suggestions import some_of
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.retrying import Retry, retry

if TYPE_CHECKING:
    from ruleengine.services.archives.archive import Archive, Entry, Query


@contextmanager
def archive_of(place: Place) -> Iterator["Archive"]:
    """Open the archive of a place. Raises ``UsageError`` where none is kept."""
    if place.configuration.archive is None:
        raise UsageError(
            "workflows are not archived here",
            "write `archive: {}` into ruleengine.yaml; what is over is archived from then on",
        )
    with opened_archive(place.configuration, place.cluster, place.state) as archive:
        yield archive


def entries(place: Place, query: "Query") -> Sequence["Entry"]:
    """Return archived workflows, the newest first."""
    with archive_of(place) as archive:
        return archive.list(query)


def label_names(place: Place, namespace: str) -> Sequence[str]:
    """Return the names of the labels of archived workflows."""
    with archive_of(place) as archive:
        return archive.label_names(namespace)


def label_values(place: Place, name: str, namespace: str) -> Sequence[str]:
    """Return the values of a label of archived workflows.

    Raises ``UsageError`` for a label that none of them has.
    """
    with archive_of(place) as archive:
        found = archive.label_values(name, namespace)
        if not found:
            known = archive.label_names(namespace)
            raise UsageError(
                f"no archived workflow has a label {name!r}",
                f"their labels: {some_of(known)}" if known else "there is none at all",
            )
    return found


def archived(place: Place, name: str) -> Object:
    """Return an archived workflow by its name or uid: of several, the newest.

    Raises ``UsageError`` where there is none, with what is near.
    """
    from ruleengine.services.archives.archive import Query

    with archive_of(place) as archive:
        named = "" if name == finding.LATEST else name
        query = Query(namespace=place.namespace, name=named, most=1)
        found = archive.list(query) if name else ()  # to a query no name is that of any
        value = archive.get(found[0].uid if found else name)
        if value is None:
            names = [one.name for one in archive.list(Query(namespace=place.namespace))]
            raise finding.unknown("archived workflow", name, names, place.namespace)
    return value


def forget(place: Place, names: Sequence[str]) -> list[Object]:
    """Delete archived workflows; return them."""
    found = [archived(place, one) for one in names]
    with archive_of(place) as archive:
        for one in found:
            archive.delete(str(one["metadata"]["uid"]))
    return found


def retry_archived(place: Place, name: str, asked: Retry) -> Object:
    """Have an archived workflow go on where it failed: it is created anew where it was deleted.

    Raises as the verb does.
    """
    value = archived(place, name)
    target = Target.of(value)
    if place.client.get(target) is not None:
        return again.retry_live(place, target.name, asked)
    retried = retry(value, changing.now(), asked).workflow
    return changing.create(place, _anew(retried))


def _anew(workflow: Object) -> Object:
    """Return a workflow without what only the server writes."""
    metadata = workflow["metadata"]
    kept = ("name", "generateName", "namespace", "labels", "annotations")
    return {**workflow, "metadata": {key: metadata[key] for key in kept if key in metadata}}
