"""Taking objects over from ``kubectl apply`` as it was before server-side apply.

It kept its configuration in an annotation and owned fields as an updater. A server-side
apply by kubectl itself may take those fields without being forced, and keeps the annotation
up to date, so that both ways of applying can follow one another (reference, Kubernetes API
section 7, "CSA and SSA").
"""

import re
from typing import Final

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.field_sets import compare, fields_of_value
from ruleengine.apimachinery.metadata_validating import MOST_ANNOTATION_BYTES, annotation_bytes
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.tries import Trie
from ruleengine.formats import json_text
from ruleengine.model.values import Object, lookup

MANAGER: Final = "kubectl"
"""The only manager that takes over; who does not want that applies under another name."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")
"""What Go writes as an escape inside JSON texts."""


def last_applied(value: Object | None) -> Object | None:
    """Return the configuration that an object remembers; ``None`` for none or nonsense."""
    text = lookup(value, "metadata", "annotations", LAST_APPLIED)
    if not isinstance(text, str):
        return None
    try:
        found = json_text.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def owned_by_last_apply(live: Object, schema: Schema) -> Trie:
    """Return the fields that the remembered configuration set and that still are as it said."""
    config = last_applied(live)
    if config is None or config.get("apiVersion") != live.get("apiVersion"):
        return {}
    differences = compare(config, live, schema)
    owned = fields_of_value(config, schema) or {}
    for changed in (differences.added, differences.modified, differences.removed):
        owned = tries.difference(owned, changed)
    return owned


def remembering(value: Object, config: Object) -> Object:
    """Return an object that remembers ``config``, if it remembered a configuration before.

    A configuration that is too large for an annotation is forgotten.
    """
    annotations = lookup(value, "metadata", "annotations")
    if not isinstance(annotations, dict) or LAST_APPLIED not in annotations:
        return value
    kept = {name: text for name, text in annotations.items() if name != LAST_APPLIED}
    remembered = {**kept, LAST_APPLIED: _text(_without_memory(config))}
    if remembered == annotations:
        return value
    if annotation_bytes(remembered) > MOST_ANNOTATION_BYTES:
        remembered = kept
    return {**value, "metadata": {**value["metadata"], "annotations": remembered}}


def _without_memory(config: Object) -> Object:
    metadata = config.get("metadata")
    annotations = lookup(metadata, "annotations")
    if not isinstance(annotations, dict) or LAST_APPLIED not in annotations:
        return config
    kept = {name: text for name, text in annotations.items() if name != LAST_APPLIED}
    return {**config, "metadata": {**lookup(config, "metadata"), "annotations": kept}}


def _text(config: Object) -> str:
    """Return a configuration as kubectl writes it: ordered, in one line, Go's escapes."""
    text = json_text.dumps(config, ordered=True)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
