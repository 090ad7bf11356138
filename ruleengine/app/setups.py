"""What applies to the files of a repo: settings, rules, schemas, defaults, and their digests.

Loading it costs more than checking a file, so what every run needs of it (the folders that
hold documents, the waivers, what is wrong with the setup itself) is remembered in the index.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ruleengine.app.contents import Contents
from ruleengine.app.setup_trees import SetupTree
from ruleengine.app.tree_states import mode_of
from ruleengine.model.configuration import Waiver
from ruleengine.model.documents import CONFIGURATION_FILE, FOLDERS, SETUP_FOLDERS
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.values import Object
from ruleengine.validation.facts import FileKey, decode_findings, encode_findings
from ruleengine.validation.index import ValidationIndex

if TYPE_CHECKING:
    from ruleengine.app.loaded_setups import LoadedSetup

DEFAULTS_FILE = "_defaults.yaml"


class Setup:
    """The setup of the state that an index was brought to; loaded only when it is needed."""

    def __init__(self, index: ValidationIndex, contents: Contents) -> None:
        self._index = index
        self._contents = contents
        self._loaded: LoadedSetup | None = None

    @property
    def digest(self) -> str:
        """Digests settings, rules and schemas: what applies to every document."""
        digest = hashlib.sha256()
        for path, blob in self._files():
            digest.update(f"{path}\0{blob}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @property
    def folders(self) -> tuple[str, ...]:
        """The top-level folders that hold documents: the four, and those of the team's rules."""
        return tuple(self._remembered()["folders"])

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers of ``ruleengine.yaml``."""
        return tuple(
            Waiver(**{**one, "place": Place(*one["place"]) if one["place"] else None})
            for one in self._remembered()["waivers"]
        )

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with settings, rules and schemas."""
        return decode_findings(self._remembered()["findings"])

    @property
    def loaded(self) -> "LoadedSetup":
        """The setup itself."""
        if self._loaded is None:
            from ruleengine.app.loaded_setups import load_setup

            self._loaded = load_setup(self.tree_for(()), self._index)
        return self._loaded

    def tree_for(self, keys: Iterable[FileKey]) -> SetupTree:
        """Return the files of the setup, with the defaults that apply to files."""
        paths = dict(self._files())
        for folder in {key.path.rpartition("/")[0] for key in keys}:
            paths.update(self.defaults_above(folder))
        contents = {}
        for path, blob in paths.items():
            try:
                contents[path] = (blob, self._contents.read(path, blob))
            except KeyError:
                continue  # the file's own facts say that it cannot be read
        return SetupTree(contents=contents)

    def defaults_above(self, folder: str) -> dict[str, str]:
        """Return the ``_defaults.yaml`` at and above a folder with their blob ids."""
        found = {}
        parts = folder.split("/") if folder else []
        for depth in range(len(parts), 0, -1):
            path = "/".join((*parts[:depth], DEFAULTS_FILE))
            file = self._index.file(path)
            if file:
                found[path] = file[0]
        return found

    def _files(self) -> list[tuple[str, str]]:
        found = []
        for name in (CONFIGURATION_FILE, *SETUP_FOLDERS, *FOLDERS):
            file = self._index.file(name)  # for a folder: where it is a link
            found += [(name, file[0])] if file else []
        for folder in (*SETUP_FOLDERS, CONFIGURATION_FILE):
            found += ((path, blob) for path, blob, _ in self._index.files_below(folder))
        return found

    def _unread(self) -> Iterator[Finding]:
        """Yield what of the setup, or which folder, is something else and so not read."""
        from ruleengine.repository.entries import entry_finding, mistaken

        files = self._files()
        yield from mistaken(path for path, blob in files if not mode_of(blob))
        for path, blob in files:
            mode = mode_of(blob)
            if mode and not is_examined(path, FOLDERS):
                wrong = entry_finding(mode, path)
                if wrong is not None and wrong.severity is Severity.INFO:
                    wrong = replace(wrong, severity=Severity.WARNING)
                if wrong is not None:
                    yield wrong

    def _remembered(self) -> Object:
        text = self._index.remembered("setup")
        remembered: Object = json.loads(text) if text else {}
        if remembered.get("digest") != self.digest:
            loaded = self.loaded
            remembered = {
                "digest": self.digest,
                "folders": sorted({*FOLDERS, *loaded.rules.folders}),
                "waivers": [_waiver(one) for one in loaded.configuration.waivers],
                "findings": encode_findings((*loaded.findings, *self._unread())),
            }
            self._index.remember(setup=json.dumps(remembered))
        return remembered


class RepoContexts:
    """The :class:`ruleengine.validation.updating.Contexts` of a config repo."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.whole = setup.digest
        self._folders = setup.folders
        self._by_folder: dict[str, str] = {}

    def of(self, path: str) -> str | None:
        """Return the digest of what applies to a document, ``None`` for other files."""
        if not is_examined(path, self._folders):
            return None
        folder = path.rpartition("/")[0]
        if folder not in self._by_folder:
            defaults = sorted(self._setup.defaults_above(folder).items())
            text = json.dumps([self.whole, defaults])
            self._by_folder[folder] = hashlib.sha256(text.encode()).hexdigest()
        return self._by_folder[folder]

    def reach(self, path: str) -> str | None:
        """Return the folder of a ``_defaults.yaml``."""
        folder, _, name = path.rpartition("/")
        return folder if name == DEFAULTS_FILE else None


def _waiver(one: Waiver) -> Object:
    """Return a waiver as it is remembered."""
    place = [one.place.path, one.place.line, one.place.column] if one.place else None
    return {
        "code": one.code,
        "path": one.path,
        "reason": one.reason,
        "expires": one.expires,
        "place": place,
    }


def is_setup(path: str) -> bool:
    """Tell whether a file says how others are read; rules do not apply to such files."""
    top, _, _ = path.partition("/")
    name = path.rpartition("/")[2]
    return path == CONFIGURATION_FILE or top in SETUP_FOLDERS or name == DEFAULTS_FILE


def is_examined(path: str, folders: Sequence[str]) -> bool:
    """Tell whether facts are learnt from a file on its own.

    Settings and rules are read as a whole, with their findings: see :class:`Setup`.
    """
    # Late, because the YAML library comes with it and an unchanged repo does not need it.
    from ruleengine.repository.snapshots import SUFFIXES, is_document_path, unread_finding

    if is_document_path(path, folders) or unread_finding(path, folders):
        return True
    top, slash, rest = path.partition("/")
    if top == "rules":
        return rest.startswith("tests/") and path.endswith(SUFFIXES)
    if top == "schemas":
        return path.endswith(SUFFIXES)
    return bool(slash) and top in folders and path.endswith(f"/{DEFAULTS_FILE}")
