"""Texts: trimming, splitting, joining, searching. Positions count bytes, as in Go."""

from typing import Any, Final

from ruleengine.expressions.expr.functions.taking import integer, items, text
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import Problem
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_case import lower, upper
from ruleengine.formats.go_text import SPACES, to_bytes


def _trim(value: Any, characters: Any = SPACES) -> str:
    return text(value).strip(text(characters) or None) if characters != "" else text(value)


def _trim_prefix(value: Any, prefix: Any = " ") -> str:
    return text(value).removeprefix(text(prefix))


def _trim_suffix(value: Any, suffix: Any = " ") -> str:
    return text(value).removesuffix(text(suffix))


def _split(value: Any, separator: Any, most: Any = -1) -> list[str]:
    return _parts(text(value), text(separator), integer(most), keep=False)


def _split_after(value: Any, separator: Any, most: Any = -1) -> list[str]:
    return _parts(text(value), text(separator), integer(most), keep=True)


def _parts(value: str, separator: str, most: int, *, keep: bool) -> list[str]:
    """Cut a text at a separator, or into characters where that is empty."""
    if most == 0:
        return []
    if not separator:
        characters = list(value)
        if 0 < most < len(characters):
            characters[most - 1 :] = ["".join(characters[most - 1 :])]
        return characters
    parts = value.split(separator, most - 1 if most > 0 else -1)
    if keep:
        parts[:-1] = [part + separator for part in parts[:-1]]
    return list(parts)


def _replace(meter: Meter, value: Any, old: Any, new: Any, most: Any = -1) -> str:
    whole, target, made = text(value), text(old), text(new)
    count = whole.count(target) if integer(most) < 0 else min(whole.count(target), most)
    meter.size(len(whole) + count * max(len(made) - len(target), 0))
    return whole.replace(target, made, count)


def _repeat(meter: Meter, value: Any, count: Any) -> str:
    times = integer(count)
    if times < 0:
        raise Problem("a text cannot be repeated a negative number of times")
    meter.size(len(text(value)) * times)
    return text(value) * times


def _join(meter: Meter, values: Any, glue: Any = "") -> str:
    texts = [text(one) for one in items(values)]
    joint = text(glue)
    meter.size(sum(map(len, texts)) + len(joint) * len(texts))
    return joint.join(texts)


def _index_of(value: Any, part: Any) -> int:
    return to_bytes(text(value)).find(to_bytes(text(part)))


def _last_index_of(value: Any, part: Any) -> int:
    return to_bytes(text(value)).rfind(to_bytes(text(part)))


FUNCTIONS: Final = (
    Function("trim", _trim, 1, 2),
    Function("trimPrefix", _trim_prefix, 1, 2),
    Function("trimSuffix", _trim_suffix, 1, 2),
    Function("upper", lambda value: upper(text(value)), 1, 1),
    Function("lower", lambda value: lower(text(value)), 1, 1),
    Function("split", _split, 2, 3),
    Function("splitAfter", _split_after, 2, 3),
    Function("replace", _replace, 3, 4, metered=True),
    Function("repeat", _repeat, 2, 2, metered=True),
    Function("join", _join, 1, 2, metered=True),
    Function("indexOf", _index_of, 2, 2),
    Function("lastIndexOf", _last_index_of, 2, 2),
    Function("hasPrefix", lambda value, part: text(value).startswith(text(part)), 2, 2),
    Function("hasSuffix", lambda value, part: text(value).endswith(text(part)), 2, 2),
)
