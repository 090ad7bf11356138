"""The public objects with every field set pass through everything unharmed."""

import json
from pathlib import Path
from typing import Any

import pytest

from ruleengine.apimachinery.causes import Reason
from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.field_sets import FieldSet, compare
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.structured_merge import apply, update
from ruleengine.apimachinery.type_validating import check_types
from tests.vectors import vectors_folder

pytestmark = pytest.mark.vectors("kubernetes")


NOT_SERVED = {"Eviction", "IPAddress", "ServiceCIDR", "TokenRequest"}
"""Kinds of the vectors that are bodies of subresources, or that we do not serve."""


def objects() -> dict[str, dict[str, Any]]:
    """Return every object of the vectors by file name."""
    folder: Path = vectors_folder("kubernetes") / "api-objects"
    return {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def test_every_object_is_of_a_known_kind_and_shape() -> None:
    """No field is unknown, no value of a wrong type."""
    table = KindTable.built_in()
    for name, value in objects().items():
        place = (value["apiVersion"], value["kind"])
        assert table.find(*place) or value["kind"] in NOT_SERVED, name
        schema = schema_for(*place)
        assert prune(value, schema) == (value, ()), name
        wrong = [one for one in check_types(value, schema) if one.reason is Reason.TYPE_INVALID]
        assert wrong == [], name


def test_every_object_has_one_normal_and_one_defaulted_form() -> None:
    """Doing it twice changes nothing."""
    for name, value in objects().items():
        schema = schema_for(value["apiVersion"], value["kind"])
        normal = normalise(value, schema)
        assert normalise(normal, schema) is normal, name
        filled = default(normal)
        assert default(filled) is filled, name


def test_every_object_can_be_created_and_applied_again() -> None:
    """A second apply writes nothing, a copy does not differ, ownership covers the object."""
    for name, value in objects().items():
        schema = schema_for(value["apiVersion"], value["kind"])
        copied = json.loads(json.dumps(value))
        assert not compare(value, copied, schema), name
        live = update(None, value, manager="a", schema=schema, now="2026-01-01T00:00:00Z")
        first = apply(live, copied, manager="b", schema=schema, now="2026-01-01T00:00:00Z")
        assert first.conflicts == (), name
        again = apply(first.object, value, manager="b", schema=schema, now="2026-01-01T00:00:01Z")
        assert again.object is first.object, name
        fields = FieldSet.of(value, schema)
        assert FieldSet.from_fields_v1(json.loads(json.dumps(fields.to_fields_v1()))) == fields
