"""Digests and derived names: the reason why applying twice changes nothing.

A created object's name is derived from its owner, its purpose and its content,
never random, so that a repeated decision creates the same object again.
"""

import hashlib
import json
from typing import Final

from ruleengine.model.values import Value

_NAME_LIMIT = 63
_DIGEST_LENGTH = 10
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' alphabet for generated suffixes: no vowels, so no accidental words."""
_BASE: Final = len(_ALPHABET)

_FNV_OFFSET: Final = 2166136261
_FNV_PRIME: Final = 16777619

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""Made once, because making one takes longer than writing a short text."""


def ordered_json(value: Value) -> bytes:
    """Return compact JSON with its keys in order: equal values give equal bytes, for ever."""
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def content_digest(value: Value) -> str:
    """Return the SHA-256 of a value in hexadecimal; key order does not matter."""
    return hashlib.sha256(ordered_json(value)).hexdigest()


def short_digest(value: Value, length: int = _DIGEST_LENGTH) -> str:
    """Return a short digest in the alphabet of Kubernetes' generated names."""
    number = int(content_digest(value), 16) % _BASE**length  # all that is looked at
    letters = ""
    for _ in range(length):
        letters += _ALPHABET[number % _BASE]
        number //= _BASE
    return letters


def fnv1a(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash of some bytes: names that Argo derives hold it.

    >>> fnv1a(b"wf[0].a")
    3986212215
    """
    value = _FNV_OFFSET
    for byte in data:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return value


def fit_name(name: str, limit: int = _NAME_LIMIT) -> str:
    """Return ``name``, shortened with a digest of the whole where it is too long."""
    if len(name) <= limit:
        return name
    kept = name[: limit - _DIGEST_LENGTH - 1].rstrip("-.")
    return f"{kept}-{short_digest(name)}"


def derive_name(owner: str, purpose: str, content: Value, limit: int = _NAME_LIMIT) -> str:
    """Return the name of an object that ``owner`` creates for ``purpose``.

    ``content`` is what makes the object the one it is (an evaluated spec, an index);
    equal arguments give equal names, in every process and at any time.
    """
    base = f"{owner}-{purpose}" if purpose else owner
    kept = base[: limit - _DIGEST_LENGTH - 1].rstrip("-.")
    return f"{kept}-{short_digest([owner, purpose, content])}"
