"""Schemas of custom resources: what a definition may say, and what its objects have to be."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery.causes import Cause
from ruleengine.apimachinery.custom_defaulting import default_custom
from ruleengine.apimachinery.custom_languages import Languages, RuleError
from ruleengine.apimachinery.custom_rules import check_rules
from ruleengine.apimachinery.custom_structural import check_structural
from ruleengine.apimachinery.custom_validating import ABSENT, check_values
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import schema_from_openapi
from ruleengine.model.values import format_path

Object = dict[str, Any]


def matches(pattern: str, text: str) -> bool:
    """Stand in for RE2, with Python's own."""
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise ValueError(str(error)) from None


LANGUAGES = Languages(matches=matches)
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
_NO_INTEGER = 'Invalid value: "number": spec.a in body must be of type integer: "number"'


def schema(**fields: Any) -> Object:
    """Return the schema of an object with a spec of some fields."""
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}


def told(causes: Any) -> list[tuple[str, str]]:
    """Return field and message of each cause."""
    return [(cause.field, cause.message) for cause in causes]


def wrong(field_schema: Object, value: Any) -> list[tuple[str, str]]:
    """Return what is wrong with a value of the field ``spec.a``."""
    return told(check_values({"spec": {"a": value}}, schema(a=field_schema), LANGUAGES))


PLACE = "spec.a"


@pytest.mark.parametrize(
    ("field_schema", "value", "message"),
    [
        (TEXT, 1, 'Invalid value: "integer": spec.a in body must be of type string: "integer"'),
        *((WHOLE, number, _NO_INTEGER) for number in (1.5, 2**63, -(2**63) - 1, 2.0**53)),
        (TEXT, None, 'Invalid value: "null": spec.a in body must be of type string: "null"'),
        (
            {"x-kubernetes-int-or-string": True},
            True,
            'Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"',
        ),
        ({**TEXT, "enum": ["x", "y"]}, "z", 'Unsupported value: "z": supported values: "x", "y"'),
        ({**WHOLE, "enum": [1, 2]}, 3, 'Unsupported value: 3: supported values: "1", "2"'),
        (
            {**WHOLE, "minimum": 3},
            2,
            "Invalid value: 2: spec.a in body should be greater than or equal to 3",
        ),
        (
            {**WHOLE, "maximum": 3, "exclusiveMaximum": True},
            3,
            "Invalid value: 3: spec.a in body should be less than 3",
        ),
        (
            {"type": "number", "multipleOf": 0.5},
            0.75,
            "Invalid value: 0.75: spec.a in body should be a multiple of 0.5",
        ),
        (
            {**TEXT, "minLength": 3},
            "ab",
            'Invalid value: "ab": spec.a in body should be at least 3 chars long',
        ),
        ({**TEXT, "maxLength": 3}, "abcd", "Too long: may not be more than 3 bytes"),
        (
            {**TEXT, "pattern": "^a+$"},
            "b",
            "Invalid value: \"b\": spec.a in body should match '^a+$'",
        ),
        (
            {"type": "array", "items": TEXT, "minItems": 2},
            ["x"],
            "Invalid value: 1: spec.a in body should have at least 2 items",
        ),
        (
            {"type": "array", "items": TEXT, "maxItems": 1},
            ["x", "y"],
            "Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "object", "additionalProperties": TEXT, "maxProperties": 2},
            {"x": "", "y": "", "z": ""},
            "Too many: 3: must have at most 2 items",
        ),
        (
            {**TEXT, "format": "date-time"},
            "yesterday",
            'Invalid value: "yesterday": spec.a in body must be of type date-time: "yesterday"',
        ),
    ],
)
def test_a_value_outside_its_schema_is_refused(
    field_schema: Object, value: Any, message: str
) -> None:
    """In the words of the API."""
    assert wrong(field_schema, value) == [(PLACE, message)]


@pytest.mark.parametrize(
    ("field_schema", "value", "expected"),
    [
        (
            {"type": "array", "items": TEXT},
            ["x", 1],
            [
                (
                    "spec.a[1]",
                    'Invalid value: "integer": spec.a[1] in body must be of type string: "integer"',
                )
            ],
        ),
        (
            {"type": "object", "properties": {"b": TEXT, "c": TEXT}, "required": ["b", "c"]},
            {"c": ""},
            [("spec.a.b", "Required value")],
        ),
        (
            {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            ["x", "y", "x", "x"],
            [("spec.a[2]", 'Duplicate value: "x"')],
        ),
        (
            {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k", "l"],
                "items": {
                    "type": "object",
                    "properties": {"k": TEXT, "l": {**WHOLE, "default": 1}},
                },
            },
            [{"k": "x", "l": 1}, {"k": "x"}, {"k": "y"}],
            [("spec.a[1]", 'Duplicate value: {"k":"x","l":1}')],
        ),
        (
            {**TEXT, "oneOf": [{"enum": ["x"]}, {"pattern": "^y"}]},
            "z",
            [
                (
                    "<nil>",
                    (
                        'Invalid value: "": "spec.a" must validate one and only one schema '
                        "(oneOf). Found none valid"
                    ),
                ),
                (PLACE, 'Unsupported value: "z": supported values: "x"'),
            ],
        ),
        (
            {**TEXT, "oneOf": [{"minLength": 1}, {"maxLength": 3}]},
            "z",
            [
                (
                    "<nil>",
                    (
                        'Invalid value: "": "spec.a" must validate one and only one schema '
                        "(oneOf). Found 2 valid alternatives"
                    ),
                )
            ],
        ),
        (
            {
                "type": "object",
                "anyOf": [{"required": ["b"]}, {"properties": {"c": {"enum": [1]}}}],
            },
            {"c": 2},
            [
                ("<nil>", 'Invalid value: "": "spec.a" must validate at least one schema (anyOf)'),
                ("spec.a.c", 'Unsupported value: 2: supported values: "1"'),
            ],
        ),
        (
            {**TEXT, "allOf": [{"minLength": 1}, {"pattern": "^y"}]},
            "z",
            [
                (PLACE, "Invalid value: \"z\": spec.a in body should match '^y'"),
                ("<nil>", 'Invalid value: "": "spec.a" must validate all the schemas (allOf)'),
            ],
        ),
        (
            {**TEXT, "not": {"enum": ["z"]}},
            "z",
            [("<nil>", 'Invalid value: "": "spec.a" must not validate the schema (not)')],
        ),
    ],
)
def test_inner_values_and_combinations_are_named(
    field_schema: Object, value: Any, expected: list[tuple[str, str]]
) -> None:
    """Each cause has the place that it is about."""
    assert wrong(field_schema, value) == expected


GOOD = {
    "bsonobjectid": "507f1f77bcf86cd799439011",
    "byte": "aGk=",
    "cidr": "10.0.0.0/8",
    "creditcard": "4111111111111111",
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05.5+01:00",
    "duration": "1h30m",
    "email": "a@example.com",
    "hexcolor": "#ffF",
    "hostname": "a.example.com",
    "ipv4": "1.2.3.4",
    "ipv6": "::1",
    "isbn": "978-3-16-148410-0",
    "isbn10": "0-306-40615-2",
    "mac": "01:02:03:04:05:06",
    "rgbcolor": "rgb(0, 255, 9)",
    "ssn": "111-11-1111",
    "uri": "https://example.com/a?b",
    "uuid": "a8098c1a-f86e-11da-bd1a-00112444be1e",
    "uuid3": "a3bb189e-8bf9-3888-9912-ace4e6543002",
    "uuid4": "16fd2706-8baf-433b-82eb-8c7fada847da",
    "uuid5": "886313e1-3b8a-5372-9b90-0c9aee199e5d",
}
BAD = {
    "byte": "aGk",
    "cidr": "10.0.0.0",
    "creditcard": "4111111111111112",
    "date": "2026-02-30",
    "date-time": "2026-02-30T03:04:05Z",
    "duration": "1ms" * 100 + "!",  # nor may telling that take for ever
    "hostname": "-a",
    "ipv6": "1.2.3.4",
    "isbn": "978-3-16-148410-1",
    "isbn10": "0-306-40615-3",
    "rgbcolor": "rgb(0, 256, 9)",
    "uri": "https://a/%zz",
    "uuid4": "a8098c1a-f86e-11da-bd1a-00112444be1e",
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_format_knows_good_from_bad(name: str) -> None:
    """Each format of the API, with a text that nearly is one."""
    assert wrong({**TEXT, "format": name}, GOOD[name]) == []
    for text in ("!", BAD.get(name, "x")):
        assert wrong({**TEXT, "format": name}, text), text


def test_an_object_inside_another_says_what_it_is() -> None:
    """Its apiVersion and kind are required, its metadata an object."""
    embedded = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    assert wrong(embedded, {"kind": "Pod", "metadata": []}) == [
        ("spec.a.apiVersion", "Required value: must not be empty"),
        (
            "spec.a.metadata",
            'Invalid value: "array": spec.a.metadata in body must be of type object: "array"',
        ),
    ]
    assert wrong(embedded, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}) == []


def test_formats_that_nobody_knows_are_not_checked() -> None:
    """As the API has it."""
    assert wrong({**TEXT, "format": "phone"}, "?") == []


def test_what_an_update_leaves_alone_is_not_held_against_it() -> None:
    """A schema may become stricter than the objects that are there."""
    stricter = schema(
        a={**TEXT, "maxLength": 1},
        b={**TEXT, "maxLength": 1},
        items={
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": TEXT, "v": {**TEXT, "maxLength": 1}}},
        },
    )
    old = {"spec": {"a": "long", "b": "long", "items": [{"k": "1", "v": "long"}]}}
    new = {"spec": {"a": "long", "b": "longer", "items": [{"k": "0"}, {"k": "1", "v": "long"}]}}
    assert [cause.field for cause in check_values(new, stricter, LANGUAGES, old)] == ["spec.b"]


ROOT = ("schema",)


@pytest.mark.parametrize(
    ("field_schema", "field", "message"),
    [
        ({}, "type", "Required value: must not be empty for specified object fields"),
        ({"type": "array"}, "items", "Required value: must be specified"),
        (
            {"type": "array", "items": {}},
            "items.type",
            "Required value: must not be empty for specified array items",
        ),
        (
            {"type": "object", "properties": {"b": TEXT}, "additionalProperties": TEXT},
            "additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            {**TEXT, "allOf": [{"type": "string"}]},
            "allOf[0].type",
            "Forbidden: must be empty to be structural",
        ),
        (
            {**TEXT, "not": {"nullable": True}},
            "not.nullable",
            "Forbidden: must be false to be structural",
        ),
        (
            {"type": "array", "items": TEXT, "uniqueItems": True},
            "uniqueItems",
            (
                "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes "
                "quadratic"
            ),
        ),
        ({**TEXT, "id": "x"}, "id", "Forbidden: id is not supported"),
        (
            {"type": "array", "items": [TEXT]},
            "items",
            "Forbidden: items must be a schema object and not an array",
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": False},
            "x-kubernetes-preserve-unknown-fields",
            "Invalid value: false: must be true or undefined",
        ),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True},
            "properties",
            (
                "Required value: must not be empty if x-kubernetes-embedded-resource is true "
                "without x-kubernetes-preserve-unknown-fields"
            ),
        ),
        (
            {**TEXT, "x-kubernetes-map-type": "atomic"},
            "type",
            'Invalid value: "string": must be object if x-kubernetes-map-type is specified',
        ),
        (
            {"type": "array", "items": TEXT, "x-kubernetes-list-map-keys": ["k"]},
            "x-kubernetes-list-type",
            "Required value: must be map if x-kubernetes-list-map-keys is non-empty",
        ),
        (
            {
                "type": "array",
                "items": {"type": "object", "properties": {"k": TEXT}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"],
            },
            "items.properties[k].default",
            (
                "Required value: this property is in x-kubernetes-list-map-keys, so it must have a "
                "default or be a required property"
            ),
        ),
        (
            {"type": "array", "items": {**TEXT, "nullable": True}, "x-kubernetes-list-type": "set"},
            "items.nullable",
            "Forbidden: cannot be nullable when x-kubernetes-list-type is set",
        ),
        (
            {**TEXT, "enum": ["a"], "default": "b"},
            "default",
            'Unsupported value: "b": supported values: "a"',
        ),
        (
            {"type": "object", "properties": {"x": TEXT}, "default": {"y": 1}},
            "default",
            'Invalid value: {"y":1}: must not have unknown fields',
        ),
        (
            {**TEXT, "x-kubernetes-validations": [{"rule": ""}]},
            "x-kubernetes-validations[0].rule",
            "Required value: rule is not specified",
        ),
    ],
)
def test_a_schema_has_to_be_structural(field_schema: Object, field: str, message: str) -> None:
    """Servers refuse a definition otherwise, with these words."""
    openapi = {"type": "object", "properties": {"a": field_schema}}
    assert told(check_structural(openapi, ROOT, LANGUAGES)) == [
        (f"schema.properties[a].{field}", message)
    ]


@pytest.mark.parametrize(
    ("openapi", "field"),
    [
        ({"properties": {}}, "schema.type"),
        ({"type": "string"}, "schema.type"),
        ({"type": "object", "nullable": True}, "schema.nullable"),
        (
            {
                "type": "object",
                "properties": {
                    "metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}
                },
            },
            "schema.properties[metadata]",
        ),
        ({"type": "object", "properties": {"kind": WHOLE}}, "schema.properties[kind].type"),
    ],
)
def test_the_root_of_a_schema_is_an_object_of_the_api(openapi: Object, field: str) -> None:
    """Its metadata are those of every object."""
    assert [cause.field for cause in check_structural(openapi, ROOT, LANGUAGES)] == [field]


def test_a_broken_pattern_is_told_where_it_stands() -> None:
    """Before any object meets it."""
    openapi = {"type": "object", "properties": {"a": {**TEXT, "pattern": "("}}}
    (cause,) = check_structural(openapi, ROOT, LANGUAGES)
    assert cause.message.startswith('Invalid value: "(": must be a valid regular expression')


def test_int_or_string_may_say_so_the_long_way() -> None:
    """The combination that generators write is allowed."""
    both = [{"type": "integer"}, {"type": "string"}]
    field = {"x-kubernetes-int-or-string": True, "anyOf": both}
    longer = {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": both}, {"pattern": "^x"}]}
    openapi = {"type": "object", "properties": {"a": field, "b": longer}}
    assert [*check_structural(openapi, ROOT, LANGUAGES)] == []


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"a": {**TEXT, "default": "x"}}, {}, {"a": "x"}),
        ({"a": {**TEXT, "default": "x"}}, {"a": None}, {"a": "x"}),
        ({"a": {**TEXT, "default": "x", "nullable": True}}, {"a": None}, {"a": None}),
        ({"a": TEXT}, {"a": None}, {}),
        (
            {"a": {"type": "object", "default": {}, "properties": {"b": {**WHOLE, "default": 1}}}},
            {},
            {"a": {"b": 1}},
        ),
        (
            {
                "a": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"b": {**WHOLE, "default": 1}}},
                }
            },
            {"a": [{}, {"b": 2}]},
            {"a": [{"b": 1}, {"b": 2}]},
        ),
        (
            {
                "a": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {"b": {**WHOLE, "default": 1}},
                    },
                }
            },
            {"a": {"x": {}, "y": None}},
            {"a": {"x": {"b": 1}}},
        ),
    ],
)
def test_defaults_fill_what_is_absent(fields: Object, before: Object, after: Object) -> None:
    """A null that may not be there counts as absent."""
    value = {"spec": before}
    filled = default_custom(value, schema(**fields))
    assert filled == {"spec": after}
    assert default_custom(filled, schema(**fields)) is filled


def test_undeclared_fields_are_found_and_taken_out() -> None:
    """But not where they are preserved."""
    openapi = schema(
        a={"type": "array", "items": {"type": "object", "properties": {"b": TEXT}}},
        kept={
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"a": {"type": "object", "properties": {"b": TEXT}}},
        },
    )
    value = {"spec": {"a": [{"b": "", "c": 1}], "x": 1, "kept": {"y": 1, "a": {"z": 1}}}}
    pruned, unknown = prune(value, schema_from_openapi(openapi))
    assert pruned == {"spec": {"a": [{"b": ""}], "kept": {"y": 1, "a": {}}}}
    assert [format_path(path) for path in unknown] == ["spec.a[0].c", "spec.x", "spec.kept.a.z"]


def evaluate(rule: str, variables: Mapping[str, Any], _schema: Object) -> Any:
    """Stand in for CEL, with Python's own expressions."""
    try:
        return eval(rule, {}, dict(variables))
    except (ArithmeticError, NameError, SyntaxError, TypeError, ValueError) as error:
        raise RuleError(str(error)) from None


def broken(
    value: Any, *rules: Object, old: Any = ABSENT, field_schema: Object = TEXT
) -> list[Cause]:
    """Return what rules on ``spec.a`` say."""
    ruled = {**field_schema, "x-kubernetes-validations": list(rules)}
    before = old if old is ABSENT else {"spec": {"a": old}}
    return [*check_rules({"spec": {"a": value}}, schema(a=ruled), evaluate, before)]


class TestRules:
    """When rules are asked, and what comes of their answers."""

    def test_a_rule_that_does_not_hold_is_told(self) -> None:
        """With its message, its computed message, or itself."""
        rule = {"rule": "self == 'x'"}
        assert broken("x", rule) == []
        assert told(broken("y", rule)) == [
            (PLACE, "Invalid value: \"y\": failed rule: self == 'x'")
        ]
        said = {**rule, "message": " no "}
        assert told(broken("y", said)) == [(PLACE, 'Invalid value: "y": no')]
        computed = {**said, "messageExpression": "'not ' + self"}
        assert told(broken("y", computed)) == [(PLACE, 'Invalid value: "y": not y')]
        for useless in ("1", "nonsense", "''", "'a\\nb'"):
            fallen_back = {**said, "messageExpression": useless}
            assert told(broken("y", fallen_back)) == [(PLACE, 'Invalid value: "y": no')]

    @pytest.mark.parametrize(
        ("reason", "message"),
        [
            ("FieldValueForbidden", "Forbidden: no"),
            ("FieldValueRequired", "Required value: no"),
            ("FieldValueDuplicate", 'Duplicate value: "y": no'),
            ("Spam", 'Invalid value: "y": no'),
        ],
    )
    def test_a_rule_may_give_a_reason(self, reason: str, message: str) -> None:
        """The message begins as messages of that reason do."""
        rule = {"rule": "False", "message": "no", "reason": reason}
        assert told(broken("y", rule)) == [(PLACE, message)]

    def test_a_rule_may_point_at_a_field(self) -> None:
        """By a path below the value that it is about."""
        rule = {"rule": "False", "message": "no", "fieldPath": ".b['c d']"}
        causes = broken({"b": {}}, rule, field_schema={"type": "object"})
        assert told(causes) == [("spec.a.b.c d", 'Invalid value: "object": no')]

    def test_transitions_are_about_updates(self) -> None:
        """Skipped where nothing was before, unless a rule may do without."""
        rule = {"rule": "self == oldSelf"}
        assert broken("y", rule) == []
        assert broken("y", rule, old="y") == []
        assert len(broken("y", rule, old="x")) == 1
        optional = {"rule": "not oldSelf.present", "optionalOldSelf": True}
        assert broken("y", optional) == []
        assert len(broken("y", optional, old="x")) == 1

    def test_unchanged_values_keep_what_was_wrong(self) -> None:
        """Only rules about transitions are asked of them."""
        assert broken("y", {"rule": "False"}, old="y") == []

    def test_a_rule_that_cannot_be_evaluated_does_not_hold(self) -> None:
        """The error is told in its place."""
        (cause,) = broken("y", {"rule": "self +"})
        assert "rule compile or evaluation error" in cause.message

    def test_rules_are_asked_at_every_depth(self) -> None:
        """Items of lists, entries of maps, fields of structs."""
        ruled = {**WHOLE, "x-kubernetes-validations": [{"rule": "self > 0"}]}
        openapi = schema(
            a={"type": "array", "items": ruled}, m={"type": "object", "additionalProperties": ruled}
        )
        value = {"spec": {"a": [1, 0], "m": {"x": -1}, "n": None}}
        fields = [cause.field for cause in check_rules(value, openapi, evaluate)]
        assert fields == ["spec.a[1]", "spec.m.x"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.text("abc", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "additionalProperties",
        "required",
        "enum",
        "minimum",
        "maximum",
        "multipleOf",
        "pattern",
        "format",
        "default",
        "nullable",
        "anyOf",
        "allOf",
        "oneOf",
        "not",
        "x-kubernetes-list-type",
        "minItems",
        "maxLength",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
        "x-kubernetes-int-or-string",
        "x-kubernetes-map-type",
        "x-kubernetes-embedded-resource",
    ]
)
SCHEMAS = st.recursive(
    st.dictionaries(
        WORDS, JSON | st.sampled_from(["string", "object", "array", "map", "set"]), max_size=4
    ),
    lambda inner: st.dictionaries(
        WORDS,
        inner
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        max_size=3,
    ),
    max_leaves=6,
)


@given(SCHEMAS, JSON, JSON)
@settings(max_examples=300)
def test_malformed_schemas_and_values_end_in_causes(openapi: Object, value: Any, old: Any) -> None:
    """Whatever a definition says, nothing here fails."""
    spec_schema = {"type": "object", "properties": {"spec": openapi}}
    for cause in check_structural(spec_schema, ROOT, LANGUAGES):
        assert isinstance(cause, Cause)
    filled = default_custom(
        prune({"spec": value}, schema_from_openapi(spec_schema))[0], spec_schema
    )
    for cause in check_values(filled, spec_schema, LANGUAGES, {"spec": old}):
        assert isinstance(cause, Cause)
    for cause in check_rules(filled, spec_schema, evaluate, {"spec": old}):
        assert isinstance(cause, Cause)
