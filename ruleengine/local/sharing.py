"""What many objects have in common is kept in memory once.

Who owns which fields is more than half of an object, and objects that are made in the same way
have it the same. Values in the store are never changed in place, so they can share it.
"""

from functools import lru_cache
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object

_MOST: Final = 4096
"""How many different sets of fields are remembered."""


@lru_cache(maxsize=_MOST)
def _fields(text: bytes) -> Object:
    found: Object = json_text.loads(text)
    return found


def sharing(metadata: Object) -> Object:
    """Return the metadata of an object with sets of fields that equal ones share."""
    entries = metadata.get("managedFields")
    if not entries:
        return metadata
    return {**metadata, "managedFields": [_shared_entry(entry) for entry in entries]}


def _shared_entry(entry: Object) -> Object:
    fields = entry.get("fieldsV1")
    return {**entry, "fieldsV1": _fields(json_text.dump_bytes(fields))} if fields else entry
