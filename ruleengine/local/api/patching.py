"""From the body of a patch to what it makes of an object."""

from ruleengine.apimachinery.patches import PatchError, json_patch, merge_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.local.api import bodies
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure, unsupported
from ruleengine.local.api.registry import Edit
from ruleengine.model.values import Object


def patch_function(media: str, body: bodies.Body, served: Served) -> Edit:
    """Return what a patch does. Raises ``ApiFailure`` 415; so does what it returns, 422."""

    def patched(live: Object) -> Object:
        try:
            match media:
                case bodies.JSON_PATCH:
                    value = json_patch(live, body.value)
                case bodies.MERGE_PATCH:
                    value = merge_patch(live, body.value)
                case _:
                    value = strategic_merge(live, body.value, served.schema)
        except PatchError as error:
            raise ApiFailure(422, "Invalid", f"the patch cannot be applied: {error}") from None
        if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
            raise ApiFailure(422, "Invalid", "the patch leaves no object")
        return value

    known = [bodies.JSON_PATCH, bodies.MERGE_PATCH]
    known += [] if served.custom else [bodies.STRATEGIC_PATCH]
    if media not in known:
        raise unsupported(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(sorted([*known, bodies.APPLY_PATCH]))
        )
    return patched
