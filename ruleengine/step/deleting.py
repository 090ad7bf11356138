"""Deletes objects as kubectl does it: those that are named or selected, until they are gone."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import urlencode

from ruleengine.apimachinery.kubectl_flags import Flags
from ruleengine.model.values import Object, lookup
from ruleengine.step.api import Api, ApiAnswerError
from ruleengine.step.places import Place, kind_named
from ruleengine.step.plan import StepError

_PAUSE: Final = 1.0
_ABSENT: Final = 404
_UNSEEN: Final = (403, 405)
"""Who may delete may not always look whether it is gone: then it is not waited for."""


class _Deleted(NamedTuple):
    place: Place
    uid: str


def delete_all(
    api: Api, places: list[Place], flags: Flags, namespace: str, pause: Callable[[float], None]
) -> None:
    """Delete what lies at places and what flags name or select; wait until it is gone.

    Raises ``StepError``.
    """
    asked = [*places, *_selected(api, flags, namespace)]
    deleted = [one for place in asked for one in _delete(api, place, flags)]
    if not flags.waits or flags.dry_run:
        return
    waited = 0.0
    for one in deleted:
        while _is_there(api, one):
            if flags.timeout and waited >= flags.timeout:
                raise StepError(f"{one.place.name} is not gone after {flags.timeout:g} seconds")
            pause(_PAUSE)
            waited += _PAUSE


def _selected(api: Api, flags: Flags, namespace: str) -> Iterator[Place]:
    said = {"labelSelector": flags.selector, "fieldSelector": flags.fields}
    query = urlencode({name: text for name, text in said.items() if text})
    for word, name in flags.objects:
        kind = kind_named(api, word)
        if name:
            yield kind.collection(namespace).named(name)
            continue
        listed = kind.collection("" if flags.everywhere else namespace).collection
        for one in api.get(f"{listed}?{query}" if query else listed).get("items") or ():
            metadata = one["metadata"]
            yield kind.collection(metadata.get("namespace", "")).named(metadata["name"])


def _delete(api: Api, place: Place, flags: Flags) -> Iterator[_Deleted]:
    """Delete one object; yield it, unless it was not there and need not be."""
    options: Object = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": flags.propagation,
    }
    if flags.grace is not None:
        options["gracePeriodSeconds"] = flags.grace
    if flags.dry_run:
        options["dryRun"] = [flags.dry_run]
    try:
        answer = api.send("DELETE", place.path, options)
    except ApiAnswerError as error:
        if error.status != _ABSENT or not flags.ignores_absent:
            raise
    else:
        uid = lookup(answer, "metadata", "uid") or lookup(answer, "details", "uid")
        yield _Deleted(place, str(uid or ""))


def _is_there(api: Api, one: _Deleted) -> bool:
    try:
        found = api.get(one.place.path)
    except ApiAnswerError as error:
        if error.status == _ABSENT or error.status in _UNSEEN:
            return False
        raise
    return one.uid in ("", lookup(found, "metadata", "uid"))
