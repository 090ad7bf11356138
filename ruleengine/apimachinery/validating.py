"""Whether an object may be stored: everything that a server would answer 422 to.

Objects come here decoded, pruned and defaulted. The causes have the fields, reasons and
wording of the API, so that clients find what they look for (reference, Kubernetes API
sections 3, 5 and 8). Text of rare fields is ours.
"""

from ruleengine.apimachinery.causes import Cause
from ruleengine.apimachinery.change_validating import CHANGES
from ruleengine.apimachinery.custom_languages import NO_LANGUAGES, Languages
from ruleengine.apimachinery.custom_rules import check_rules
from ruleengine.apimachinery.custom_validating import ABSENT, check_values
from ruleengine.apimachinery.definition_validating import DEFINITION, check_schemas
from ruleengine.apimachinery.kind_validating import CHECKS
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.apimachinery.metadata_validating import check_metadata, check_metadata_change
from ruleengine.apimachinery.schema import Schema, deduced_object
from ruleengine.apimachinery.type_validating import check_types
from ruleengine.model.values import Object


def validate(  # noqa: PLR0913 - what is checked, and what is known of it, by name
    value: Object,
    kind: KindInfo,
    schema: Schema,
    old: Object | None = None,
    *,
    openapi: Object | None = None,
    languages: Languages = NO_LANGUAGES,
    known: Object | None = None,
    typed: Object | None = None,
) -> tuple[Cause, ...]:
    """Return what is wrong with an object; nothing means that it may be stored.

    ``old`` is the stored object that an update replaces. ``openapi`` describes objects of a
    custom kind; ``languages`` are those that schemas ask for. ``known`` may be stored as the
    kind is now: types and metadata that the object shares with it are not looked at; of ``typed``
    only the types are known to be right. Where types are wrong already, the finer checks are left
    out, because they rely on them.
    """
    typed = known if typed is None else typed
    causes = check_types(value, schema if openapi is None else deduced_object(), typed)
    if causes:
        return tuple(dict.fromkeys(causes))
    causes += check_metadata(value, kind, known)
    place = (kind.group, kind.kind)
    if kind.type_name:
        causes += CHECKS[place](value) if place in CHECKS else ()
        if place == DEFINITION:
            causes += check_schemas(value, languages)
    if old is not None:
        causes += check_metadata_change(old, value)
        if place in CHANGES and kind.type_name:
            causes += CHANGES[place](old, value)
    if openapi is not None:
        causes += _check_custom(value, openapi, languages, old)
    return tuple(dict.fromkeys(causes))


def _check_custom(
    value: Object, openapi: Object, languages: Languages, old: Object | None
) -> list[Cause]:
    """Return what is wrong by the schema; rules are only asked about what fits it."""
    before = ABSENT if old is None else old
    causes = [*check_values(value, openapi, languages, before)]
    if not causes and languages.evaluate is not None:
        causes += check_rules(value, openapi, languages.evaluate, before)
    return causes
