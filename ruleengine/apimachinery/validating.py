"""Whether an object may be stored: everything that a server would answer 422 to.

Objects come here decoded, pruned and defaulted. The causes have the fields, reasons and
wording of the API, so that clients find what they look for (reference, Kubernetes API
sections 3, 5 and 8). Text of rare fields is ours.
"""

from ruleengine.apimachinery.causes import Cause
from ruleengine.apimachinery.change_validating import CHANGES
from ruleengine.apimachinery.kind_validating import CHECKS
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.apimachinery.metadata_validating import check_metadata, check_metadata_change
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.type_validating import check_types
from ruleengine.model.values import Object


def validate(
    value: Object, kind: KindInfo, schema: Schema, old: Object | None = None
) -> tuple[Cause, ...]:
    """Return what is wrong with an object; nothing means that it may be stored.

    ``old`` is the stored object that an update replaces. Where types are wrong already,
    the finer checks are left out, because they rely on them.
    """
    causes = [*check_types(value, schema)]
    if causes:
        return tuple(dict.fromkeys(causes))
    causes += check_metadata(value, kind)
    place = (kind.group, kind.kind)
    if place in CHECKS and kind.type_name:
        causes += CHECKS[place](value)
    if old is not None:
        causes += check_metadata_change(old, value)
        if place in CHANGES and kind.type_name:
            causes += CHANGES[place](old, value)
    return tuple(dict.fromkeys(causes))
