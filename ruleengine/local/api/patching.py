"""From the body of a patch to what it makes of an object."""

from ruleengine.apimachinery.patches import MOST_OPERATIONS, PatchError, json_patch, merge_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.local.api import bodies
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure, bad_request, unsupported
from ruleengine.local.api.registry import Edit
from ruleengine.model.values import Object, Value


def patch_function(media: str, body: bodies.Body, served: Served) -> Edit:
    """Return what a patch does.

    Raises ``ApiFailure`` 400, 413 and 415; so does what it returns, 422.
    """
    if media == bodies.JSON_PATCH:
        _check_operations(body.value)
    elif not isinstance(body.value, dict):
        raise bad_request("the body of the request is no patch: that is an object")

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


def _check_operations(value: Value) -> None:
    """Refuse what is no JSON patch before it is tried. Raises ``ApiFailure`` 400 and 413."""
    if not isinstance(value, list):
        raise bad_request("the body of the request is no JSON patch: that is a list of operations")
    if len(value) > MOST_OPERATIONS:
        text = (
            f"Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MOST_OPERATIONS}, got {len(value)}"
        )
        raise ApiFailure(413, "RequestEntityTooLarge", text)
