"""Schemas know how every list and map merges, for built-in and for custom kinds."""

import pytest

from ruleengine.apimachinery.schema import (
    DEDUCED,
    ListType,
    Scalar,
    Schema,
    Shape,
    schema_for,
    schema_from_openapi,
)


def at(schema: Schema, path: str) -> Schema:
    """Return the node at a dotted path; ``[]`` is an item."""
    for step in path.split("."):
        schema = schema.element if step == "[]" else schema.child(step)
    return schema


@pytest.mark.parametrize(
    ("kind", "path", "list_type", "keys", "merge_key"),
    [
        ("Pod", "spec.containers", "map", ("name",), "name"),
        ("Pod", "spec.containers.[].ports", "map", ("containerPort", "protocol"), "containerPort"),
        ("Pod", "spec.containers.[].command", "atomic", (), ""),
        ("Pod", "spec.volumes", "map", ("name",), "name"),
        ("Pod", "spec.tolerations", "atomic", (), ""),
        (
            "Pod",
            "spec.topologySpreadConstraints",
            "map",
            ("topologyKey", "whenUnsatisfiable"),
            "topologyKey",
        ),
        ("Pod", "metadata.finalizers", "set", (), ""),
        ("Pod", "metadata.ownerReferences", "map", ("uid",), "uid"),
        ("Service", "spec.ports", "map", ("port", "protocol"), "port"),
        ("Node", "spec.podCIDRs", "set", (), ""),
        ("ServiceAccount", "imagePullSecrets", "atomic", (), ""),
    ],
)
def test_a_list_merges_as_the_table_says(
    kind: str, path: str, list_type: str, keys: tuple[str, ...], merge_key: str
) -> None:
    """Rows of the table of list types in the reference."""
    node = at(schema_for("v1", kind), path)
    assert (node.list_type, node.keys, node.merge_key) == (ListType(list_type), keys, merge_key)


def test_the_keys_of_a_port_have_a_default() -> None:
    """A port without a protocol is a TCP port."""
    assert at(schema_for("v1", "Service"), "spec.ports").key_defaults == {"protocol": "TCP"}


def test_selectors_and_references_are_owned_as_a_whole() -> None:
    """Labels and limits are owned entry by entry."""
    deployment = schema_for("apps/v1", "Deployment")
    assert at(deployment, "spec.selector").atomic
    assert at(schema_for("v1", "Service"), "spec.selector").atomic
    assert not at(deployment, "metadata.labels").atomic
    limits = at(deployment, "spec.template.spec.containers.[].resources.limits")
    assert not limits.atomic
    assert limits.element.scalar is Scalar.QUANTITY


def test_volumes_keep_only_the_retained_keys() -> None:
    """Both strategies of the field are known."""
    strategy = at(schema_for("v1", "Pod"), "spec.volumes").patch_strategy
    assert strategy == {"merge", "retainKeys"}


def test_an_unknown_kind_has_typed_metadata_and_a_deduced_rest() -> None:
    """As a custom kind that preserves unknown fields."""
    schema = schema_for("example.com/v1", "Lamp")
    assert schema.child("spec") is DEDUCED
    assert at(schema, "metadata.finalizers").list_type is ListType.SET
    assert not schema.has_status
    assert schema_for("apps/v1", "Deployment").has_status


def test_a_recursive_type_is_no_trouble() -> None:
    """The schema of schemas refers to itself."""
    path = "spec.versions.[].schema.openAPIV3Schema.properties.[].properties.[].type"
    definition = schema_for("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert at(definition, path).scalar is Scalar.STRING


def test_an_openapi_schema_is_read_with_its_extensions() -> None:
    """Embedded objects, numbers or strings, undeclared regions, default list types."""
    schema = schema_from_openapi(
        {
            "type": "object",
            "required": ["spec"],
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "plain": {"type": "array", "items": {"type": "string"}},
                        "port": {"x-kubernetes-int-or-string": True},
                        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        "inner": {"type": "object", "x-kubernetes-embedded-resource": True},
                        "typeless": {},
                        "kept": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                            "properties": {"a": {"type": "string"}},
                        },
                    },
                }
            },
        },
        has_status=True,
    )
    assert schema.has_status
    assert schema.child("spec").required
    assert at(schema, "spec.plain").atomic
    assert at(schema, "spec.port").scalar is Scalar.INT_OR_STRING
    assert at(schema, "spec.any").shape is Shape.DEDUCED
    assert at(schema, "spec.typeless") is DEDUCED
    assert at(schema, "spec.inner.metadata.finalizers").list_type is ListType.SET
    assert at(schema, "spec.kept.a").scalar is Scalar.STRING
    assert at(schema, "spec.kept").preserve_unknown
    assert at(schema, "metadata.labels").shape is Shape.MAP
    assert schema_from_openapi(None).preserve_unknown
