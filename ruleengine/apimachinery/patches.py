"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) over plain values.

Nothing is changed in place: what a patch touches is copied, the rest is shared with the
original (reference, Kubernetes API section 6). As in Kubernetes a ``test`` for ``null``
holds where nothing is; otherwise the RFC counts, also where the upstream library is lax
(it adds what ``replace`` and ``copy`` do not find).
"""

from collections.abc import Callable, Sequence
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object, Value, equal

MOST_OPERATIONS: Final = 10_000
"""How many operations one JSON Patch may have."""

MOST_DEPTH: Final = 100
"""How many levels a document may be nested that a JSON Patch makes."""

_ABSENT: Final = object()
MOST_COPIED_BYTES: Final = 3 * 1024 * 1024
"""How many bytes, as JSON, the copies of one JSON Patch may add up to."""


class PatchError(ValueError):
    """A patch that cannot be applied; the text says which part and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def merge_patch(document: Value, patch: Value) -> Value:
    """Apply a JSON Merge Patch: maps merge, ``null`` deletes, all else replaces.

    A map in which nothing changes is returned itself.
    """
    if not isinstance(patch, dict):
        return patch
    merged = before = document if isinstance(document, dict) else {}
    for key, value in patch.items():
        was = before.get(key, _ABSENT)
        after = merge_patch(was, value) if isinstance(value, dict) else value
        after = _ABSENT if value is None else after
        if after is was or (type(after) is type(was) is str and after == was):
            continue
        merged = dict(before) if merged is before else merged
        if after is _ABSENT:
            del merged[key]
        else:
            merged[key] = after
    return merged


def make_merge_patch(old: Object, new: Object) -> Object:
    """Return the smallest merge patch that turns ``old`` into ``new``.

    Fields that went away become ``null``; an empty patch means that nothing differs. A
    field that is ``null`` in ``new`` cannot be expressed and counts as absent.
    """
    patch: Object = {}
    for key, value in new.items():
        before = old.get(key)
        if before is value:
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            inner = make_merge_patch(before, value)
            if inner:
                patch[key] = inner
        elif value is not None and not equal(before, value):
            patch[key] = value
    gone = (key for key, value in old.items() if value is not None and new.get(key) is None)
    patch.update((key, None) for key in gone)
    return patch


def json_patch(document: Value, operations: Sequence[Object]) -> Value:
    """Apply a JSON Patch. Raises ``PatchError`` at the first operation that cannot be.

    Documents stay within :data:`MOST_DEPTH`, and copies within :data:`MOST_COPIED_BYTES`:
    a few operations could otherwise make something huge of something small.
    """
    if not isinstance(operations, list | tuple):
        raise PatchError("a JSON patch is a list of operations")
    if len(operations) > MOST_OPERATIONS:
        raise PatchError(
            f"the allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, "
            f"got {len(operations)}"
        )
    copied = 0
    for operation in operations:
        try:
            document, size = _perform(document, operation)
        except _MissingError:
            raise PatchError(_missing(operation)) from None
        copied += size
        if copied > MOST_COPIED_BYTES:
            raise PatchError(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{copied}, exceeding the limit {MOST_COPIED_BYTES}"
            )
    return document


class _MissingError(PatchError):
    """A path that leads nowhere."""

    def __init__(self) -> None:
        super().__init__("missing")


def _missing(operation: Object) -> str:
    name, path = operation["op"], operation["path"]
    where = f'path: "{path}"'
    if name == "replace":
        where = f"key: {path}"
    elif name in ("move", "copy"):
        where = f"from path: {operation['from']} or the way to {path}"
    return f"{name} operation does not apply: doc is missing {where}: missing value"


def _perform(document: Value, operation: Object) -> tuple[Value, int]:
    """Return the document after an operation, and how many bytes it copied."""
    if not isinstance(operation, dict):
        raise PatchError("an operation of a JSON patch is an object")
    name = operation.get("op")
    if name not in ("add", "remove", "replace", "move", "copy", "test"):
        raise PatchError(f"Unexpected kind: {name}")
    path = _pointer(operation, "path")
    size = 0
    match name:
        case "add" | "replace":
            value = _operand(operation)
            _check_depth(value, path)
            edit = _adding(value) if name == "add" else _replacing(value)
            document = _edit(document, path, edit)
        case "remove":
            document = _edit(document, path, _removing)
        case "move":
            document = _move(document, _pointer(operation, "from"), path)
        case "copy":
            value = _resolve(document, _pointer(operation, "from"))
            _check_depth(value, path)
            size = len(json_text.dump_bytes(value))
            document = _edit(document, path, _adding(value))
        case _:
            _test(document, path, operation)
    return document, size


def _test(document: Value, path: tuple[str, ...], operation: Object) -> None:
    """Compare a value; ``null`` also means that nothing is there, as the API has it."""
    wanted = _operand(operation)
    parent = _resolve(document, path[:-1])
    named = path and isinstance(parent, dict)
    found = parent.get(path[-1]) if named else _resolve(document, path)
    if not equal(found, wanted):
        raise PatchError(f"testing value {operation['path']} failed: test failed")


def _check_depth(value: Value, path: tuple[str, ...]) -> None:
    depth, level = len(path), [value]
    while level:
        if depth > MOST_DEPTH:
            raise PatchError(f"the document would be nested deeper than {MOST_DEPTH} levels")
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list) and one
            for inner in (one.values() if isinstance(one, dict) else one)
        ]


def _operand(operation: Object) -> Value:
    if "value" not in operation:
        raise PatchError(f"the operation {operation.get('op')!r} needs a value")
    return operation["value"]


def _pointer(operation: Object, key: str) -> tuple[str, ...]:
    text = operation.get(key)
    if not isinstance(text, str):
        raise PatchError(f"the operation {operation.get('op')!r} needs {key!r}, a JSON pointer")
    if text == "":
        return ()
    if not text.startswith("/"):
        raise PatchError(f"{key} {text!r} is no JSON pointer: it has to begin with '/'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def _written(path: Sequence[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _index(part: str, most: int) -> int:
    plain = part.isascii() and part.isdigit() and (part == "0" or not part.startswith("0"))
    if not plain:
        raise PatchError(f"value was not a proper array index: '{part}'")
    index = int(part)
    if index > most:
        raise PatchError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index


def _resolve(document: Value, path: Sequence[str]) -> Value:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(part, len(document) - 1)]
        else:
            raise _MissingError
    return document


_Edit = Callable[[Value, str | None], Value]
"""Takes a container and the last part of a path (``None``: the document itself)."""


def _edit(document: Value, path: tuple[str, ...], edit: _Edit) -> Value:
    """Return a copy of ``document`` in which ``edit`` changed the container of ``path``."""
    if not path:
        return edit(document, None)
    head, rest = path[0], path[1:]
    if not rest:
        return edit(document, head)
    if isinstance(document, dict) and head in document:
        changed = dict(document)
        changed[head] = _edit(document[head], rest, edit)
        return changed
    if isinstance(document, list):
        items = list(document)
        index = _index(head, len(items) - 1)
        items[index] = _edit(items[index], rest, edit)
        return items
    raise _MissingError


def _adding(value: Value) -> _Edit:
    def edit(container: Value, part: str | None) -> Value:
        if part is None:
            return value
        if isinstance(container, dict):
            return {**container, part: value}
        if isinstance(container, list):
            items = list(container)
            index = len(items) if part == "-" else _index(part, len(items))
            items.insert(index, value)
            return items
        raise _MissingError

    return edit


def _replacing(value: Value) -> _Edit:
    def edit(container: Value, part: str | None) -> Value:
        if part is None:
            return value
        _resolve(container, (part,))
        if isinstance(container, dict):
            return {**container, part: value}
        items = list(container)
        items[int(part)] = value
        return items

    return edit


def _removing(container: Value, part: str | None) -> Value:
    if part is None:
        raise PatchError("the document itself cannot be removed")
    _resolve(container, (part,))
    if isinstance(container, dict):
        return {key: value for key, value in container.items() if key != part}
    items = list(container)
    del items[int(part)]
    return items


def _move(document: Value, source: tuple[str, ...], target: tuple[str, ...]) -> Value:
    value = _resolve(document, source)
    _check_depth(value, target)
    if source == target:
        return document
    if target[: len(source)] == source:
        raise PatchError(f"cannot move {_written(source)} into itself")
    if not source:
        raise PatchError("the document itself cannot be moved")
    return _edit(_edit(document, source, _removing), target, _adding(value))
