"""What an apply of ours would make of a live object: server-side apply, computed.

Both sides are brought into the form in which a server stores them, with its defaults, so
that only real differences show (the reference, Argo CD section 6.3).
"""

from collections.abc import Callable

from ruleengine.apimachinery.comparing import is_settled, stored_form
from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.schema import Schema, schema_for
from ruleengine.apimachinery.structured_merge import apply
from ruleengine.environments.comparison import Merge
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object

_ANY_TIME = "1970-01-01T00:00:00Z"
"""Times of ownership are not compared."""


def make_merge(schemas: Callable[[str, str], Schema] = schema_for) -> Merge:
    """Return the merge that server-side apply does.

    ``schemas`` tells the shape of a kind by its API version and name.
    """

    def merge(live: Object, desired: Object) -> tuple[Object, Object]:
        schema = schemas(str(desired["apiVersion"]), str(desired["kind"]))
        try:
            if is_settled(live, desired, manager=ENVIRONMENTS_MANAGER, schema=schema):
                return live, live
            wanted = default(desired) if desired["kind"] == "Secret" else desired
            merged = apply(
                live,
                wanted,
                manager=ENVIRONMENTS_MANAGER,
                schema=schema,
                now=_ANY_TIME,
                force=True,
            ).object
            return stored_form(live, schema), stored_form(merged, schema)
        except (AttributeError, KeyError, TypeError, ValueError):
            # A field of a wrong type or an unknown one: the server will say what is wrong.
            return live, desired

    return merge
