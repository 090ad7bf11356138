"""Objects and strategies that several tests of this folder use."""

from typing import Any

from hypothesis import strategies as st

from ruleengine.apimachinery.schema import Schema, schema_for, schema_from_openapi

NOW = "2026-01-02T03:04:05Z"
LATER = "2026-01-02T03:04:06Z"

DEPLOYMENT = schema_for("apps/v1", "Deployment")

THING: Schema = schema_from_openapi(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "text": {"type": "string"},
                    "names": {
                        "type": "array",
                        "x-kubernetes-list-type": "set",
                        "items": {"type": "string"},
                    },
                    "whole": {"type": "array", "items": {"type": "string"}},
                    "parts": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "size": {"type": "integer"},
                                "labels": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                            },
                        },
                    },
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "fixed": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    },
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        },
    }
)
"""A custom kind that has every kind of list and map."""


def thing(spec: dict[str, Any]) -> dict[str, Any]:
    """Return an object of the custom kind; an empty spec is left out."""
    value = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}
    return {**value, "spec": spec} if spec else value


_WORDS = st.sampled_from(["a", "b", "c"])
_LABELS = st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=2)
_PARTS = st.lists(
    st.fixed_dictionaries(
        {"name": _WORDS}, optional={"size": st.integers(0, 2), "labels": _LABELS}
    ),
    max_size=3,
    unique_by=lambda part: part["name"],
)

THINGS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers(0, 2),
        "text": _WORDS,
        "names": st.lists(_WORDS, min_size=1, max_size=3, unique=True),
        "whole": st.lists(_WORDS, max_size=2),
        "parts": _PARTS.filter(bool),
        "labels": _LABELS,
        "fixed": st.dictionaries(st.sampled_from("ab"), _WORDS, max_size=2),
        "free": st.dictionaries(_WORDS, st.integers(0, 1) | _LABELS, min_size=1, max_size=2),
    },
).map(thing)
"""Objects of the custom kind."""
