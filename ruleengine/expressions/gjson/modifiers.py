"""What ``@name`` in a path makes of a value: other JSON text.

Those that could make much of little raise ``TooLargeError``.
"""

import json
from collections.abc import Callable

from ruleengine.expressions.gjson import scanning
from ruleengine.expressions.gjson.layout import compact, pretty
from ruleengine.expressions.gjson.results import Result, entries, parse
from ruleengine.formats import go_json
from ruleengine.formats.go_text import TooLargeError

_BLANK = " \t\r\n"


def _this(text: str, argument: str) -> str:
    del argument
    return text


def _ugly(text: str, argument: str) -> str:
    del argument
    return compact(text)


def _reverse(text: str, argument: str) -> str:
    del argument
    value = parse(text)
    parts = [
        f"{name}:{one.raw}" if value.is_object else one.raw
        for name, one in reversed(entries(value))
    ]
    return _joined(value, parts) if value.is_object or value.is_array else text


def _joined(value: Result, parts: list[str]) -> str:
    return f"{{{','.join(parts)}}}" if value.is_object else f"[{','.join(parts)}]"


def _flatten(text: str, argument: str) -> str:
    value = parse(text)
    if not value.is_array:
        return text
    deep = _option(argument, "deep")
    return f"[{','.join(_flat(value, deep=deep))}]"


def _flat(value: Result, *, deep: bool) -> list[str]:
    parts: list[str] = []
    for _, one in entries(value):
        if not one.is_array:
            parts.append(one.raw)
        elif deep:
            parts += _flat(one, deep=True)
        elif inside := one.raw[1:-1].strip():
            parts.append(inside)
    return parts


def _option(argument: str, name: str) -> bool:
    """Return whether an argument, a JSON object, sets an option."""
    if not scanning.is_valid(argument):
        return False
    chosen = [one for key, one in entries(parse(argument)) if key == f'"{name}"']
    return bool(chosen) and chosen[-1].truth


def _keys(text: str, argument: str) -> str:
    del argument
    return f"[{','.join(key or 'null' for key, _ in entries(parse(text)))}]"


def _values(text: str, argument: str) -> str:
    del argument
    value = parse(text)
    return text if value.is_array else f"[{','.join(one.raw for _, one in entries(value))}]"


def _join(text: str, argument: str) -> str:
    value = parse(text)
    if not value.is_array:
        return text
    objects = [one for _, one in entries(value) if one.is_object]
    if _option(argument, "preserve"):
        insides = [one.raw[1:-1] for one in objects]
        return f"{{{','.join(inside for inside in insides if inside.strip())}}}"
    found: dict[str, tuple[str, str]] = {}
    for one in objects:
        for literal, member in entries(one):
            name = scanning.content(literal)
            first, _ = found.get(name, (literal, ""))
            found[name] = (first, member.raw)
    return f"{{{','.join(f'{literal}:{raw}' for literal, raw in found.values())}}}"


def _valid(text: str, argument: str) -> str:
    del argument
    return text if scanning.is_valid(text) else ""


def _fromstr(text: str, argument: str) -> str:
    """Return the JSON inside of a string; nothing where there is none."""
    del argument
    inside = parse(text).text
    return inside if scanning.is_valid(inside) else ""


def _tostr(text: str, argument: str) -> str:
    del argument
    return go_json.marshal(text)


def _group(text: str, argument: str) -> str:
    """Turn an object of arrays into an array of objects."""
    del argument
    value = parse(text)
    if not value.is_object:
        return ""
    rows: list[list[str]] = []
    size = 0
    for key, column in entries(value):
        if column.is_array:
            for number, (_, one) in enumerate(entries(column)):
                size += len(key)
                if size > go_json.LONGEST:
                    raise TooLargeError(f"keys of more than {go_json.LONGEST} characters")
                if number == len(rows):
                    rows.append([])
                rows[number].append(f"{key}:{one.raw}")
    objects = ["{" + ",".join(row) + "}" for row in rows]
    return f"[{','.join(objects)}]"


def _pretty(text: str, argument: str) -> str:
    options = parse(argument) if scanning.is_valid(argument) else parse("")
    chosen = {json.loads(key): one for key, one in entries(options) if key}
    width = chosen.get("width")
    indent, prefix = (
        "".join(one for one in chosen[name].text if one in _BLANK) if name in chosen else default
        for name, default in (("indent", "  "), ("prefix", ""))
    )
    return pretty(
        text,
        width=80 if width is None else int(width.number),
        indent=indent,
        prefix=prefix,
        sort_keys="sortKeys" in chosen and chosen["sortKeys"].truth,
    )


Apply = Callable[[str, str], str]

MODIFIERS: dict[str, Apply] = {
    "flatten": _flatten,
    "fromstr": _fromstr,
    "group": _group,
    "join": _join,
    "keys": _keys,
    "pretty": _pretty,
    "reverse": _reverse,
    "this": _this,
    "tostr": _tostr,
    "ugly": _ugly,
    "valid": _valid,
    "values": _values,
}
"""Every modifier but ``@dig``, which follows paths itself."""
