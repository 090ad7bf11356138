"""The names of the checks, apart from what they do: options need no more than that."""

from enum import StrEnum


class Check(StrEnum):
    """What ``validate --checks`` chooses among."""

    SCHEMA = "schema"
    IDENTITY = "identity"
    REFERENCES = "references"
    POLICY = "policy"
    RENDER = "render"


ALL_CHECKS = frozenset(Check)
