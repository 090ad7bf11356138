"""Changes one value in a user's YAML file and leaves the rest as it is written.

ruamel.yaml keeps comments, quotes and order. Because it reads some words differently from
kubectl, the result is read again by our own reader: either exactly the asked value has
changed, or nothing is returned.
"""

import copy
import io
import re
from collections.abc import Callable
from typing import Any, Final

from ruleengine.formats import yaml_reader
from ruleengine.formats.differences import same
from ruleengine.formats.yaml_types import plain_value
from ruleengine.model.errors import FailedError
from ruleengine.model.values import Path, Value, format_path

_INDENTED_LIST: Final = re.compile(
    r"^(?P<outer> *)[^\s#-][^\n]*:[ \t]*\n(?P<inner> *)- ", re.MULTILINE
)
_REMEDY: Final = "make the change by hand"


def set_value(text: str, path: Path, value: Value, document: int = 0) -> str:
    """Return ``text`` with the value at ``path`` of one of its documents replaced or added.

    ``document`` counts the documents with content from 0. Maps that are missing on the way
    are made. Raises ``FailedError`` where the path cannot be reached, or where the file cannot
    be rewritten without changing something else.
    """

    def change(root: Any) -> None:
        *way, last = path
        container = root
        for step in way:
            if isinstance(container, dict) and step not in container:
                container[step] = {}
            container = container[step]
        if isinstance(container, list) and last == len(container):
            container.append(_written(value, None))
            return
        old = container.get(last) if isinstance(container, dict) else container[last]
        container[last] = _written(value, old)

    return _edit(text, path, document, change)


def delete_value(text: str, path: Path, document: int = 0) -> str:
    """Return ``text`` without the key or item at ``path``; the same text if it has none.

    Raises ``FailedError`` as :func:`set_value` does.
    """
    parsed = yaml_reader.read(text.encode(), "text")
    if document < len(parsed.documents) and not _has(parsed.documents[document].value, path):
        return text

    def change(root: Any) -> None:
        container = root
        for step in path[:-1]:
            container = container[step]
        del container[path[-1]]

    return _edit(text, path, document, change)


def _edit(text: str, path: Path, document: int, change: Callable[[Any], None]) -> str:
    before = yaml_reader.read(text.encode(), "text")
    if before.findings or document >= len(before.documents) or not path:
        raise FailedError(
            f"{format_path(path)} cannot be changed in a file that is not valid YAML",
            "correct what `ruleengine validate` says first",
        )
    expected = [copy.deepcopy(one.value) for one in before.documents]
    try:
        change(expected[document])
        changed = _round_trip(text, document, change)
    except (LookupError, TypeError) as error:
        raise FailedError(f"{format_path(path)} cannot be reached in the file", _REMEDY) from error
    after = yaml_reader.read(changed.encode(), "text")
    if after.findings or not same([one.value for one in after.documents], expected):
        raise FailedError(
            f"{format_path(path)} cannot be changed without changing other values", _REMEDY
        )
    return changed


def _round_trip(text: str, document: int, change: Callable[[Any], None]) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 2**30
    yaml.explicit_start = text.lstrip().startswith("---")
    offset = _list_offset(text)
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    try:
        documents = list(yaml.load_all(text))
        change([one for one in documents if one is not None][document])
        stream = io.StringIO()
        yaml.dump_all(documents, stream)
    except YAMLError as error:
        raise FailedError("the file cannot be rewritten", _REMEDY) from error
    return stream.getvalue()


def _list_offset(text: str) -> int:
    """Return by how many columns lists are indented below their key in this file."""
    found = _INDENTED_LIST.search(text)
    return max(0, len(found["inner"]) - len(found["outer"])) if found else 0


def _written(value: Value, old: Value) -> Value:
    """Return a value with quotes where some reader could take its texts for another type."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

    if isinstance(value, dict):
        return {key: _written(item, None) for key, item in value.items()}
    if isinstance(value, list):
        return [_written(item, None) for item in value]
    if not isinstance(value, str):
        return value
    if isinstance(old, DoubleQuotedScalarString):
        return DoubleQuotedScalarString(value)
    if isinstance(old, SingleQuotedScalarString) or _is_ambiguous(value):
        return SingleQuotedScalarString(value)
    return value


def _is_ambiguous(text: str) -> bool:
    try:
        return not isinstance(plain_value(text), str)
    except ValueError:
        return True


def _has(value: Value, path: Path) -> bool:
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return False
    return True
