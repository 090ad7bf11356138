"""Finds the schema of a kind or short form, and makes it whole: one schema with its ``$defs``.

``schemas/`` keeps types that several kinds share in one ``definitions.json`` per area. A
schema is made self-contained by taking from there what it reaches and nothing more, so
that loading one kind stays quick and editors need a single file. Whole ones can be
remembered as texts: making one takes as long as building its validator does.
"""

import json
import posixpath
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from ruleengine.model.data import data_folder
from ruleengine.model.values import Object, Value

BASE: Final = "https://ruleengine.dev/schemas"
SHORT_FORMS: Final = "short"
KINDS: Final = "kinds"
FILES: Final = "files"
_REMEMBERED: Final = "schema "


class Memory(Protocol):
    """Keeps texts by name, for as long as the schemas of the package stay the same."""

    def remembered(self, name: str) -> str:
        """Return a remembered text; empty where there is none."""

    def remember(self, **values: str) -> None:
        """Remember texts by name."""


class Catalog:
    """The schemas that come with the package. Reads each file once, when it is needed.

    ``memory`` keeps the texts of whole schemas from one process to the next.
    """

    def __init__(self, folder: Path | None = None, memory: Memory | None = None) -> None:
        self._folder = folder or data_folder("schemas")
        self._memory = memory
        self._files: dict[str, Any] = {}

    @cached_property
    def index(self) -> dict[str, dict[str, str]]:
        """Where the schema of what lies, by section: kinds, short forms, files by name."""
        found: dict[str, dict[str, str]] = self._read("index.json")
        return found

    @cached_property
    def kinds(self) -> dict[tuple[str, str], str]:
        """Every kind as ``(apiVersion, kind)`` and where its schema lies."""
        found = {}
        for name, entry in self.index[KINDS].items():
            api_version, _, kind = name.rpartition("/")
            found[(api_version, kind)] = entry
        return found

    def names(self) -> tuple[str, ...]:
        """Return what :meth:`named` knows: kinds, short forms and files."""
        return tuple(name for section in self.index.values() for name in section)

    def schema(self, entry: str) -> Object:
        """Return the whole schema that an entry of the index names."""
        path, _, fragment = entry.partition("#")
        content = self._read(path)
        body = content["$defs"][fragment.rpartition("/")[2]] if fragment else content
        return self.whole(body, path)

    def text(self, entry: str) -> str:
        """Return the whole schema that an entry of the index names, as JSON."""
        name = f"{_REMEMBERED}{entry}"
        text = self._memory.remembered(name) if self._memory else ""
        if not text:
            text = json.dumps(self.schema(entry), separators=(",", ":"))
            if self._memory:
                self._memory.remember(**{name: text})
        return text

    def whole(self, schema: Object, path: str = "") -> Object:
        """Return a schema with all it refers to; ``path`` is where it lies, if it is ours."""
        definitions: Object = {}
        whole = _rewrite(schema, path, definitions, self)
        own = whole.pop("$defs", {})
        return {**whole, "$defs": {**own, **definitions}} if own or definitions else whole

    def marks(self, entry: str) -> Object | None:
        """Return the schema of an entry's marks (see ``tools/schemas/marks.py``), if any."""
        found: Object | None = self._read("marks.json").get(entry)
        return found

    def named(self, name: str) -> Object | None:
        """Return the schema of a kind, ``group/version/Kind``, short form or file, if known."""
        for section in self.index.values():
            if name in section:
                return self.schema(section[name])
        for (_, kind), entry in self.kinds.items():
            if kind.lower() == name.lower():
                return self.schema(entry)
        return None

    def export(self, folder: Path) -> tuple[Path, ...]:
        """Write every schema as one self-contained file; return their paths, in order.

        ``Application.json`` for a kind, ``apps.v1.Deployment.json`` for a built-in one,
        ``environments.json`` for a short form, ``ruleengine.json``, ``_defaults.json``.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for name, entry in self._exported():
            text = json.dumps(self.schema(entry), indent=1, ensure_ascii=False)
            (folder / name).write_text(text + "\n", encoding="utf-8")
            written[folder / name] = entry
        return tuple(written)

    def _exported(self) -> Iterator[tuple[str, str]]:
        """Yield file and entry: kinds by their name, built-in ones with their group before it."""
        for (_, kind), entry in self.kinds.items():
            yield f"{entry.rpartition('/')[2] if '#' in entry else kind}.json", entry
        for folder, entry in self.index[SHORT_FORMS].items():
            yield f"{folder}.json", entry
        for file, entry in self.index[FILES].items():
            yield f"{file.rpartition('.')[0]}.json", entry

    def definition(self, path: str, name: str) -> Value:
        """Return one definition of a file of definitions."""
        return self._read(path)["$defs"][name]

    def _read(self, path: str) -> Any:
        if path not in self._files:
            self._files[path] = json.loads((self._folder / path).read_bytes())
        return self._files[path]


def _rewrite(node: Value, path: str, definitions: Object, catalog: Catalog) -> Any:
    """Return ``node`` with references into ``definitions``, which is filled on the way."""
    if isinstance(node, dict):
        return {
            key: _local(value, path, definitions, catalog)
            if key == "$ref" and isinstance(value, str)
            else _rewrite(value, path, definitions, catalog)
            for key, value in node.items()
            if key != "$id"
        }
    if isinstance(node, list):
        return [_rewrite(one, path, definitions, catalog) for one in node]
    return node


def _local(reference: str, path: str, definitions: Object, catalog: Catalog) -> str:
    if not path and not reference.startswith(f"{BASE}/"):
        return reference
    file, _, fragment = reference.removeprefix(f"{BASE}/").partition("#")
    if not file and not path.endswith("definitions.json"):
        return reference
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
    name = fragment.rpartition("/")[2]
    key = f"{posixpath.dirname(target)}.{name}"
    if key not in definitions:
        definitions[key] = {}
        body = catalog.definition(target, name)
        definitions[key] = _rewrite(body, target, definitions, catalog)
    return f"#/$defs/{key}"
