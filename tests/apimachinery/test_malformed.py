"""Whatever a client sends, nothing here fails with an unforeseen exception."""

import contextlib
import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery import naming
from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.field_selectors import parse_field_selector
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.managed_fields import read_managers
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.patches import (
    PatchError,
    json_patch,
    make_merge_patch,
    merge_patch,
)
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.quantities import QuantityError, canonical, parse_quantity
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.selectors import (
    SelectorError,
    label_selector_from_object,
    parse_label_selector,
)
from ruleengine.apimachinery.strategic_diff import make_strategic_patch, make_three_way_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.apimachinery.structured_merge import apply, update
from ruleengine.apimachinery.tries import FieldsError
from ruleengine.apimachinery.validating import validate
from tests.apimachinery.good_objects import GOOD, whole
from tests.apimachinery.objects import NOW

Object = dict[str, Any]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "matchLabels",
                    "matchExpressions",
                    "key",
                    "operator",
                    "values",
                    "manager",
                    "fieldsV1",
                    "f:a",
                    "k:{}",
                    "containers",
                    "name",
                    "$patch",
                    "template",
                    "$setElementOrder/containers",
                    "$retainKeys",
                    "spec",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
CHECKS = [one for name, one in sorted(vars(naming).items()) if name.startswith("check_")]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.lists(st.integers() | st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers() | st.just({}) | st.none(), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in an object."""
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return [path]
    return [path, *(one for step, child in inner for one in places(child, (*path, step)))]


@st.composite
def mutated(draw: st.DrawFn) -> Object:
    """Return a good object in which one or two values are replaced by odd ones."""
    value = copy.deepcopy(whole(draw(st.sampled_from(sorted(GOOD)))))
    for _ in range(draw(st.integers(1, 2))):
        *steps, last = draw(st.sampled_from(places(value)[1:]))
        inner = value
        for step in steps:
            inner = inner[step]
        inner[last] = draw(ODD)
    return value


@given(mutated())
@settings(max_examples=200)
def test_a_malformed_object_never_breaks_the_pipeline(value: Object) -> None:
    """Prune, normalise, default and validate give a value or causes."""
    info = KindTable.built_in().find(str(value["apiVersion"]), str(value["kind"]))
    if info is None:
        return
    schema = schema_for(info.api_version, info.kind)
    pruned, _ = prune(value, schema)
    filled = default(normalise(pruned, schema))
    assert default(filled) is filled
    before = whole(f"{info.api_version} {info.kind}")
    validate(filled, info, schema)
    validate(filled, info, schema, before)


@given(mutated())
@settings(max_examples=100)
def test_a_malformed_configuration_is_applied_or_refused(value: Object) -> None:
    """Apply refuses with its own error; update keeps books of anything."""
    schema = schema_for("apps/v1", "Deployment")
    live = whole("apps/v1 Deployment")
    with contextlib.suppress(UndeclaredError):
        apply(live, value, manager="me", schema=schema, now=NOW)
    update(live, value, manager="me", schema=schema, now=NOW)
    update(value, live, manager="me", schema=schema, now=NOW)


@given(st.text(max_size=20) | st.text("ab=!,()<> innot.-_/0", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Selectors, quantities and names have one kind of error each, or none."""
    for parse in (parse_label_selector, parse_field_selector):
        with contextlib.suppress(SelectorError):
            parse(text)
    with contextlib.suppress(QuantityError):
        assert canonical(str(parse_quantity(text))) == str(parse_quantity(text))
    for check in CHECKS:
        assert check(text) is None or isinstance(check(text), str)


@given(mutated(), JSON)
@settings(max_examples=150)
def test_any_value_is_selected_by_owned_or_patched_or_refused(value: Object, odd: Any) -> None:
    """Objects that say anything at all end in a result or in the one error."""
    live, schema = whole("apps/v1 Deployment"), schema_for("apps/v1", "Deployment")
    with contextlib.suppress(SelectorError):
        label_selector_from_object(odd)
    with contextlib.suppress(FieldsError):
        read_managers(odd)
    for one, other in ((live, value), (value, live)):
        with contextlib.suppress(PatchError):
            make_strategic_patch(one, other, schema)
        with contextlib.suppress(PatchError):
            make_three_way_patch(one, other, live, schema)
        assert merge_patch(one, make_merge_patch(one, other)) is not None
    with contextlib.suppress(PatchError):
        strategic_merge(live, {"spec": odd, "metadata": odd}, schema)
    with contextlib.suppress(UndeclaredError):
        apply(live, {**live, "spec": odd}, manager="kubectl", schema=schema, now=NOW)
    metadata = {**live["metadata"], "managedFields": odd, "annotations": odd}
    update(live, {**live, "metadata": metadata}, manager="me", schema=schema, now=NOW)
    with contextlib.suppress(UndeclaredError):
        apply({**live, "metadata": metadata}, live, manager="kubectl", schema=schema, now=NOW)


@given(mutated(), st.lists(st.dictionaries(st.sampled_from(["op", "path", "from", "value"]), ODD)))
@settings(max_examples=100)
def test_a_malformed_patch_is_applied_or_refused(value: Object, operations: list[Object]) -> None:
    """Each kind of patch has one kind of error."""
    live = whole("apps/v1 Deployment")
    merge_patch(live, value)
    with contextlib.suppress(PatchError):
        strategic_merge(live, value, schema_for("apps/v1", "Deployment"))
    with contextlib.suppress(PatchError):
        json_patch(live, operations)
