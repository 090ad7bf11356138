"""What an apply of ours would make of a live object: server-side apply, computed.

Both sides are brought into the form in which a server stores them, with its defaults, so
that only real differences show (the reference, Argo CD section 6.3).
"""

from collections.abc import Callable

from ruleengine.apimachinery.comparing import foreseen
from ruleengine.apimachinery.schema import Schema, schema_for
from ruleengine.environments.comparison import Merge
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object


def make_merge(schemas: Callable[[str, str], Schema] = schema_for) -> Merge:
    """Return the merge that server-side apply does.

    ``schemas`` tells the shape of a kind by its API version and name.
    """

    def merge(live: Object, desired: Object) -> tuple[Object, Object]:
        schema = schemas(str(desired["apiVersion"]), str(desired["kind"]))
        try:
            return foreseen(live, desired, manager=ENVIRONMENTS_MANAGER, schema=schema)
        except ValueError:
            # No server takes it; the sync will say why.
            return live, desired

    return merge
