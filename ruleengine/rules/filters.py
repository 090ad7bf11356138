"""The filters that rules have besides Jinja's.

Each is a pure function of its arguments; its first docstring line is its entry in
``docs/rules.md``.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ruleengine.model import digests
from ruleengine.model.values import Value
from ruleengine.rules import merging
from ruleengine.rules.faults import SandboxFault
from ruleengine.rules.sandbox import LENGTH_LIMIT
from ruleengine.rules.undefined import Missing

_TAG = re.compile(r"\{\{[^{}]*\}\}")
_TAG_OF_A_STEP = re.compile(r"\b(?:(?:tasks|steps)\b(?!\.name\s*\}\})|item\b)")
_TAG_OF_A_TEMPLATE = re.compile(r"\b(?:inputs|outputs|retries|lastRetry|pod|node)\b(?<!\.outputs)")
_NO_NAME = re.compile(r"[^-a-zA-Z0-9_]+")
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def over(upper: Value, lower: Value) -> Value:
    """Lay a value over defaults: maps are merged deep, lists replaced, null deletes."""
    if isinstance(upper, Missing):
        upper = {}
    if isinstance(lower, Missing) or lower is None:
        lower = {}
    return merging.over(upper, lower)


def merged(values: Iterable[Value]) -> Value:
    """Merge a list of maps into one, a later one over the earlier ones."""
    return merging.merged(values)


def compact(value: Value) -> Value:
    """Leave out the keys of a map whose value is null, at every depth of maps."""
    return merging.without_nulls(value)


def flatten(values: Iterable[Value]) -> list[Value]:
    """Join the lists of a list into one; other items stay."""
    flat: list[Value] = []
    for value in values:
        flat.extend(value if isinstance(value, list) else [value])
        if len(flat) > LENGTH_LIMIT:
            raise SandboxFault(f"a list would grow beyond {LENGTH_LIMIT} items")
    return flat


def only(value: Mapping[str, Value], keys: Iterable[str]) -> Value:
    """Keep the named keys of a map."""
    kept = frozenset(keys)
    return {key: inner for key, inner in value.items() if key in kept}


def without(value: Mapping[str, Value], keys: Iterable[str]) -> Value:
    """Leave the named keys of a map out."""
    left_out = frozenset(keys)
    return {key: inner for key, inner in value.items() if key not in left_out}


def as_list(value: Value) -> list[Value]:
    """Make a list of a single value; a list stays, nothing becomes an empty list."""
    if isinstance(value, Missing) or value is None:
        return []
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, tuple) else [value]


def as_text(value: Value) -> str:
    """Write a value as Kubernetes would have the text: ``true``, ``3``, ``1.5``, JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Missing):
        str(value)
    return to_json(value)


def to_json(value: Value) -> str:
    """Write a value as compact JSON."""
    return _bounded(_COMPACT.encode(value))


def fit_name(name: str, limit: int = 63) -> str:
    """Shorten a name that is too long; a digest keeps it unique."""
    return digests.fit_name(name, limit)


def derive_name(base: str, content: Value) -> str:
    """Append a digest of some content to a name: equal content, equal name."""
    return digests.derive_name(base.rstrip("-"), "", content)


def digest(value: Value) -> str:
    """Give a short digest of any value."""
    return digests.short_digest(value)


def join(values: Iterable[Value], separator: str = "") -> str:
    """Join values as texts."""
    texts = [value if type(value) is str else as_text(value) for value in values]
    length = sum(map(len, texts)) + len(separator) * len(texts)
    if length > LENGTH_LIMIT:
        raise SandboxFault(f"a text would grow beyond {LENGTH_LIMIT} characters")
    return separator.join(texts)


def replace(text: str, old: str, new: str) -> str:
    """Replace every occurrence of one text by another."""
    if len(text) + text.count(old) * len(new) > LENGTH_LIMIT:
        raise SandboxFault(f"a text would grow beyond {LENGTH_LIMIT} characters")
    return text.replace(old, new)


def step_tags(value: Value) -> list[dict[str, str]]:
    """List the tags in a step's own template that Argo knows only where steps are listed.

    Each has the ``tag``, and a ``name`` for the input parameter that carries it inside.
    """
    found = dict.fromkeys(
        tag
        for text in _texts(value)
        if "{{" in text
        for tag in _TAG.findall(text)
        if _TAG_OF_A_STEP.search(tag) and not _TAG_OF_A_TEMPLATE.search(tag)
    )
    return [{"tag": tag, "name": _tag_name(tag)} for tag in found]


def with_inputs(value: Value, tags: Iterable[Mapping[str, str]]) -> Value:
    """Put the input parameter of each of ``step_tags`` in the place of the tag."""
    exchange = {one["tag"]: "{{inputs.parameters." + one["name"] + "}}" for one in tags}
    if not exchange:
        return value
    return _replace_tags(value, exchange)


def _replace_tags(value: Value, exchange: Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return _TAG.sub(lambda found: exchange.get(found[0], found[0]), value)
    if isinstance(value, dict):
        return {key: _replace_tags(inner, exchange) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replace_tags(inner, exchange) for inner in value]
    return value


def _tag_name(tag: str) -> str:
    name = _NO_NAME.sub("-", tag.strip("{} ")).strip("-")
    return digests.fit_name(name if tag[2] != "=" else f"{name}-{digests.short_digest(tag)}")


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _bounded(text: str) -> str:
    if len(text) > LENGTH_LIMIT:
        raise SandboxFault(f"a text grew beyond {LENGTH_LIMIT} characters")
    return text


FILTERS: Final[dict[str, Callable[..., Value]]] = {
    "as_list": as_list,
    "as_text": as_text,
    "compact": compact,
    "derive_name": derive_name,
    "digest": digest,
    "fit_name": fit_name,
    "flatten": flatten,
    "join": join,
    "merged": merged,
    "only": only,
    "over": over,
    "replace": replace,
    "step_tags": step_tags,
    "to_json": to_json,
    "with_inputs": with_inputs,
    "without": without,
}
