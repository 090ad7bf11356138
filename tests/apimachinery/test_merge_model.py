"""The quick structured merge does what the slow and obvious one does, over random everything."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery.comparing import foreseen, stored_form
from ruleengine.apimachinery.field_sets import FieldSet
from ruleengine.apimachinery.managed_fields import read_managers, without_managed_fields
from ruleengine.apimachinery.schema import Schema, Shape, schema_from_openapi
from ruleengine.apimachinery.structured_merge import apply, update
from tests.apimachinery import merge_model
from tests.apimachinery.merge_model import World
from tests.apimachinery.objects import NOW

Object = dict[str, Any]

WORDS = st.sampled_from(["a", "b", "c"])
LEAVES = [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}]
KEYS = st.sampled_from([["name"], ["name", "zone"]])


@st.composite
def shapes(draw: st.DrawFn, depth: int = 0) -> Object:
    """Return the schema of a value: each kind of list, map and struct, and undeclared ones."""
    sorts = (
        ["leaf", "set", "free"] if depth > 2 else ["leaf", "set", "free", "map", "list", "struct"]
    )
    match draw(st.sampled_from(sorts)):
        case "set":
            items = {"type": "string"}
            return {"type": "array", "x-kubernetes-list-type": "set", "items": items}
        case "free":
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        case "map":
            return {"type": "object", "additionalProperties": draw(shapes(depth + 1))}
        case "list":
            keys = draw(KEYS)
            item = draw(structs(depth + 1))
            item["properties"] |= {key: {"type": "string"} for key in keys}
            return {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": keys,
                "items": item,
            }
        case "struct":
            return draw(structs(depth + 1))
    return draw(st.sampled_from(LEAVES))


@st.composite
def structs(draw: st.DrawFn, depth: int = 0) -> Object:
    """Return the schema of a struct, some of them owned as a whole."""
    names = draw(st.lists(WORDS, unique=True, min_size=1, max_size=3))
    atomic = {"x-kubernetes-map-type": "atomic"} if depth and draw(st.integers(0, 4)) == 0 else {}
    fields = {name: draw(shapes(depth)) for name in names}
    return {"type": "object", "properties": fields, **atomic}


def value(draw: st.DrawFn, shape: Object, *, applied: bool) -> Any:
    """Return a value that fits a schema; only applied ones have nulls, only others doubles."""
    if applied and draw(st.integers(0, 9)) == 0:
        return None
    if "x-kubernetes-preserve-unknown-fields" in shape:
        inner = st.integers(0, 1) | st.dictionaries(WORDS, st.none() | WORDS, max_size=2)
        return draw(st.dictionaries(WORDS, inner | st.lists(WORDS, max_size=2), max_size=2))
    if shape["type"] == "array":
        return items(draw, shape, applied=applied)
    if shape["type"] != "object":
        return draw(WORDS if shape["type"] == "string" else st.integers(0, 1))
    if "additionalProperties" in shape:
        names = draw(st.lists(WORDS, unique=True, max_size=2))
        inner_shape = shape["additionalProperties"]
        return {name: value(draw, inner_shape, applied=applied) for name in names}
    names = draw(st.lists(st.sampled_from(sorted(shape["properties"])), unique=True))
    fields = shape["properties"]
    return {name: value(draw, fields[name], applied=applied) for name in names}


def items(draw: st.DrawFn, shape: Object, *, applied: bool) -> list[Any]:
    """Return the items of a list."""
    keys = shape.get("x-kubernetes-list-map-keys", ())
    found: list[Any] = []
    for _ in range(draw(st.integers(0, 3))):
        item = draw(WORDS)
        if keys:
            item = {key: draw(WORDS) for key in keys}
            rest = value(draw, shape["items"], applied=applied) or {}
            item |= {name: one for name, one in rest.items() if name not in keys}
        found.append(item)
    if not applied or "x-kubernetes-list-type" not in shape:
        return found
    named = {tuple(one[key] for key in keys) if keys else one: one for one in found}
    return list(named.values())


def order_free(value: Any, schema: Schema) -> Any:
    """Return a value with its granular lists sorted: their order has a test of its own."""
    if isinstance(value, dict):
        return {name: order_free(inner, schema.child(name)) for name, inner in value.items()}
    if not isinstance(value, list) or schema.shape is Shape.DEDUCED:
        return value
    inside = [order_free(item, schema.element) for item in value]
    return inside if schema.atomic else sorted(inside, key=repr)


def as_told(live: Object, schema: Schema) -> World:
    """Return an object of the quick implementation in the words of the model."""
    entries = read_managers((live.get("metadata") or {}).get("managedFields"))
    owners = {
        (one.name, one.operation): set(FieldSet(one.fields).paths()) for one in entries.values()
    }
    return World(order_free(without_managed_fields(live), schema), owners)


def assert_foreseen(live: Object | None, wanted: Object, manager: str, schema: Schema) -> None:
    """Check that what an apply would make of an object is known before."""
    if live is None:
        return
    before, after = foreseen(live, wanted, manager=manager, schema=schema)
    done = apply(live, wanted, manager=manager, schema=schema, now=NOW, force=True).object
    made = [without_managed_fields(stored_form(one, schema)) for one in (live, done, before, after)]
    assert made[:2] == made[2:]
    assert (before is after) is (made[0] == made[1])


STEPS = st.lists(
    st.tuples(st.sampled_from(["apply", "force", "update"]), st.sampled_from(["x", "y", "z"])),
    min_size=1,
    max_size=5,
)


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_history_ends_as_the_model_says(data: st.DataObject) -> None:
    """Several managers apply, force and update; objects, owners and conflicts are the same.

    What each apply would do is foreseen.
    """
    shape = data.draw(structs())
    schema = schema_from_openapi({"type": "object", "properties": {"spec": shape}})
    identity = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}
    live, world = None, World()
    for sort, manager in data.draw(STEPS):
        spec = value(data.draw, shape, applied=sort != "update")
        wanted = {**identity, "spec": spec} if spec is not None else identity
        if sort == "update":
            metadata = (live or wanted)["metadata"]
            wanted = {**wanted, "metadata": metadata}
            live = update(live, wanted, manager=manager, schema=schema, now=NOW)
            world = merge_model.update(world, without_managed_fields(wanted), manager, schema)
        else:
            force = sort == "force"
            assert_foreseen(live, wanted, manager, schema)
            done = apply(live, wanted, manager=manager, schema=schema, now=NOW, force=force)
            expected = merge_model.apply(world, wanted, manager, schema, force=force)
            assert bool(done.conflicts) is isinstance(expected, set)
            if isinstance(expected, set):
                continue
            live, world = done.object, expected
        told = as_told(live, schema)
        assert told.value == order_free(world.value, schema)
        assert told.owners == world.owners


@given(st.data())
@settings(max_examples=100)
def test_both_orders_are_kept_where_lists_meet(data: st.DataObject) -> None:
    """Configured items come in their order, the others in the one they had."""
    names = st.lists(st.sampled_from("abcdef"), unique=True)
    before, wanted = data.draw(names), data.draw(names)
    shape = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    schema = schema_from_openapi({"type": "object", "properties": {"names": shape}})
    identity = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}
    live = update(None, {**identity, "names": before}, manager="x", schema=schema, now=NOW)
    config = {**identity, "names": wanted}
    merged = apply(live, config, manager="y", schema=schema, now=NOW).object["names"]
    assert [one for one in merged if one in wanted] == wanted
    assert [one for one in merged if one not in wanted] == [x for x in before if x not in wanted]
    assert set(merged) == {*before, *wanted}
