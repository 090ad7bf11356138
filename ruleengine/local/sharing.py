"""What many objects have in common is kept in memory once.

Who owns which fields is more than half of an object, and objects that are made in the same way
have it the same. Values in the store are never changed in place, so they can share it.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from operator import is_
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object

_MOST: Final = 4096
"""How many different sets of fields are remembered."""


@lru_cache(maxsize=_MOST)
def _fields(text: bytes) -> Object:
    found: Object = json_text.loads(text)
    return found


def sharing(metadata: Object, before: Object | None = None) -> Object:
    """Return the metadata of an object with sets of fields that equal ones share.

    ``before`` is the metadata of the object as it is stored, whose sets are shared already.
    """
    entries = metadata.get("managedFields")
    if not entries:
        return metadata
    stored = (before.get("managedFields") if before else None) or ()
    known = [entry.get("fieldsV1") for entry in stored]
    return {**metadata, "managedFields": [_shared_entry(entry, known) for entry in entries]}


def _shared_entry(entry: Object, known: Iterable[Object | None]) -> Object:
    fields = entry.get("fieldsV1")
    if not fields or any(map(is_, known, repeat(fields))):
        return entry
    return {**entry, "fieldsV1": _fields(json_text.dump_bytes(fields))}
