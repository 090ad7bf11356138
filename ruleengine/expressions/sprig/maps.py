"""Functions of maps. ``set``, ``unset`` and the merges change the map that they are given."""

from typing import Any, Final

from ruleengine.expressions.go_deep import copied
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.expressions.sprig.casts import is_empty, to_text
from ruleengine.expressions.sprig.twins import twins
from ruleengine.formats.go_text import type_name

_ANY, _MAP, _STRING = Kind.ANY, Kind.MAP, Kind.STRING

_Map = dict[Any, Any]


def made(*pairs: Any) -> _Map:
    """Return a map of keys and values in turn; a value that is missing is an empty text."""
    keys, values = pairs[::2], [*pairs[1::2], ""]
    return {to_text(key): value for key, value in zip(keys, values, strict=False)}


def with_entry(target: Any, key: str, value: Any) -> Any:
    """Set an entry of a map and return the map. Raises ``ExpressionError`` for no map."""
    if not isinstance(target, dict):
        raise ExpressionError(f"a map is expected where {type_name(target)} is")
    target[key] = value
    return target


def without_entry(target: _Map, key: str) -> _Map:
    """Take an entry out of a map and return the map."""
    target.pop(key, None)
    return target


def keys(*maps: _Map) -> list[Any]:
    """Return the keys of maps, sorted within each, where Go has no order."""
    return [key for one in maps for key in sorted(one, key=to_text)]


def values(one: _Map) -> list[Any]:
    """Return the values of a map in the order of their keys, where Go has no order."""
    return [one[key] for key in sorted(one, key=to_text)]


def dig(*path: Any) -> Any:
    """Return what a path of keys leads to in a map, which comes last, after a default."""
    if len(path) < 3:
        raise ExpressionError("dig needs at least three arguments")
    *names, default, found = path
    for name in names:
        if not isinstance(name, str):
            raise ExpressionError(f"a key is a string, not {type_name(name)}")
    for name in names:
        if not isinstance(found, dict):
            raise ExpressionError(f"a map is expected where {type_name(found)} is")
        if name not in found:
            return default
        found = found[name]
    return found


def merge(meter: Meter, target: _Map, *sources: _Map) -> _Map:
    """Fill what is missing or empty in a map from others, at every depth."""
    for source in sources:
        _merge(meter, target, source, overwrites=False)
    return target


def merge_overwrite(meter: Meter, target: _Map, *sources: _Map) -> _Map:
    """Put the entries of other maps over those of a map, at every depth."""
    for source in sources:
        _merge(meter, target, source, overwrites=True)
    return target


def _merge(meter: Meter, target: _Map, source: _Map, *, overwrites: bool) -> None:
    meter.enter()
    for key, value in source.items():
        meter.step()
        present = target.get(key)
        if value is None and not overwrites:
            continue
        if isinstance(value, dict) and isinstance(present, dict) and present:
            if present is not value:
                _merge(meter, present, value, overwrites=overwrites)
        elif overwrites or is_empty(present):
            target[key] = value
    meter.leave()


FUNCTIONS: Final = (
    Function("dict", made, (), _ANY),
    Function("get", lambda one, key: one.get(key, ""), (_MAP, _STRING)),
    Function("set", with_entry, (_ANY, _STRING, _ANY), mutates=True),
    Function("unset", without_entry, (_MAP, _STRING), mutates=True),
    Function("hasKey", lambda one, key: key in one, (_MAP, _STRING)),
    Function(
        "pluck", lambda key, *all_: [one[key] for one in all_ if key in one], (_STRING,), _MAP
    ),
    Function("keys", keys, (), _MAP),
    Function("values", values, (_MAP,)),
    Function(
        "pick", lambda one, *names: {key: one[key] for key in names if key in one}, (_MAP,), _STRING
    ),
    Function(
        "omit",
        lambda one, *names: {key: one[key] for key in one if key not in names},
        (_MAP,),
        _STRING,
    ),
    *twins(Function("merge", merge, (_MAP,), _MAP, metered=True, mutates=True)),
    *twins(Function("mergeOverwrite", merge_overwrite, (_MAP,), _MAP, metered=True, mutates=True)),
    Function("dig", dig, (), _ANY),
    *twins(Function("deepCopy", lambda meter, value: copied(value, meter), (_ANY,), metered=True)),
)
