"""What an apply of ours would make of a live object: server-side apply, computed."""

import base64
from collections.abc import Callable

from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.schema import Schema, schema_for
from ruleengine.apimachinery.structured_merge import apply
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object, lookup

_ANY_TIME = "1970-01-01T00:00:00Z"
"""Times of ownership are not compared."""


def make_merge(
    schemas: Callable[[str, str], Schema] = schema_for,
) -> Callable[[Object, Object], Object]:
    """Return the merge of :class:`ruleengine.environments.comparison.Merge`.

    ``schemas`` tells the shape of a kind by its API version and name.
    """

    def merge(live: Object, desired: Object) -> Object:
        schema = schemas(str(desired["apiVersion"]), str(desired["kind"]))
        wanted = _with_folded_secret(desired)
        try:
            return apply(
                live,
                wanted,
                manager=ENVIRONMENTS_MANAGER,
                schema=schema,
                now=_ANY_TIME,
                force=True,
            ).object
        except UndeclaredError:
            return wanted

    return merge


def _with_folded_secret(value: Object) -> Object:
    """Return a Secret with ``stringData`` as the server keeps it: encoded, in ``data``."""
    texts = value.get("stringData")
    if value.get("kind") != "Secret" or value.get("apiVersion") != "v1":
        return value
    if not isinstance(texts, dict):
        return value
    encoded = {
        name: base64.b64encode(str(text or "").encode()).decode() for name, text in texts.items()
    }
    folded = {name: one for name, one in value.items() if name != "stringData"}
    return {**folded, "data": {**lookup(value, "data", default={}), **encoded}}
