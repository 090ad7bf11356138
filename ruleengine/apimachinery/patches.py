"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) over plain values.

Nothing is changed in place: what a patch touches is copied, the rest is shared with the
original (reference, Kubernetes API section 6).
"""

from collections.abc import Callable, Sequence
from typing import Final

from ruleengine.model.values import Object, Value

MOST_OPERATIONS: Final = 10_000
"""How many operations one JSON Patch may have."""


class PatchError(ValueError):
    """A patch that cannot be applied; the text says which part and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def merge_patch(document: Value, patch: Value) -> Value:
    """Apply a JSON Merge Patch: maps merge, ``null`` deletes, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key), value)
        else:
            merged[key] = value
    return merged


def make_merge_patch(old: Object, new: Object) -> Object:
    """Return the smallest merge patch that turns ``old`` into ``new``.

    Fields that went away become ``null``; an empty patch means that nothing differs. A
    field that is ``null`` in ``new`` cannot be expressed and counts as absent.
    """
    patch: Object = {}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            inner = make_merge_patch(before, value)
            if inner:
                patch[key] = inner
        elif value is not None and not equal(before, value):
            patch[key] = value
    gone = (key for key, value in old.items() if value is not None and new.get(key) is None)
    patch.update((key, None) for key in gone)
    return patch


def equal(one: Value, other: Value) -> bool:
    """Tell whether two JSON values are equal: ``1`` and ``1.0`` are, ``1`` and ``true`` not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def json_patch(document: Value, operations: Sequence[Object]) -> Value:
    """Apply a JSON Patch. Raises ``PatchError`` at the first operation that cannot be."""
    if not isinstance(operations, list | tuple):
        raise PatchError("a JSON patch is a list of operations")
    if len(operations) > MOST_OPERATIONS:
        raise PatchError(
            f"the allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, "
            f"got {len(operations)}"
        )
    for operation in operations:
        document = _perform(document, operation)
    return document


def _perform(document: Value, operation: Object) -> Value:
    if not isinstance(operation, dict):
        raise PatchError("an operation of a JSON patch is an object")
    path = _pointer(operation, "path")
    match operation.get("op"):
        case "add":
            return _edit(document, path, _adding(_operand(operation)))
        case "remove":
            return _edit(document, path, _removing)
        case "replace":
            return _edit(document, path, _replacing(_operand(operation)))
        case "move":
            return _move(document, _pointer(operation, "from"), path)
        case "copy":
            return _edit(document, path, _adding(_resolve(document, _pointer(operation, "from"))))
        case "test":
            if not equal(_resolve(document, path), _operand(operation)):
                raise PatchError(f"testing value {operation['path']} failed")
            return document
        case unknown:
            raise PatchError(f"unexpected kind of operation: {unknown!r}")


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


def _index(items: list[Value], part: str, most: int) -> int:
    plain = part.isascii() and part.isdigit() and (part == "0" or not part.startswith("0"))
    if not plain:
        raise PatchError(f"{part!r} is no index of a list")
    index = int(part)
    if index > most:
        raise PatchError(f"index {index} is out of bounds: the list has {len(items)} items")
    return index


def _resolve(document: Value, path: Sequence[str]) -> Value:
    for depth, part in enumerate(path):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(document, part, len(document) - 1)]
        else:
            raise PatchError(f"doc is missing path: {_written(path[: depth + 1])}")
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
        index = _index(items, head, len(items) - 1)
        items[index] = _edit(items[index], rest, edit)
        return items
    raise PatchError(f"doc is missing path: {_written(path)}")


def _adding(value: Value) -> _Edit:
    def edit(container: Value, part: str | None) -> Value:
        if part is None:
            return value
        if isinstance(container, dict):
            return {**container, part: value}
        if isinstance(container, list):
            items = list(container)
            index = len(items) if part == "-" else _index(items, part, len(items))
            items.insert(index, value)
            return items
        raise PatchError(f"cannot add {part!r} to a value that is neither an object nor a list")

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
    if source == target:
        return document
    if target[: len(source)] == source:
        raise PatchError(f"cannot move {_written(source)} into itself")
    if not source:
        raise PatchError("the document itself cannot be moved")
    return _edit(_edit(document, source, _removing), target, _adding(value))
