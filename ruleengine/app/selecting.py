"""Which files a run reports on: what the user named, as files, folders and files beside."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruleengine.app.checkouts import Checkout
from ruleengine.app.tree_states import worktree_blob
from ruleengine.model.errors import UsageError
from ruleengine.model.findings import Finding
from ruleengine.repository.worktree import walk_folder
from ruleengine.validation.checks import Selection
from ruleengine.validation.facts import FactRows, decode_findings
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.updating import Updated

_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a run reports on. ``extra`` are named files outside the folders, with blob ids."""

    selection: Selection = field(default_factory=Selection)
    extra: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    documents: int = 0
    recorded: int = 0

    @classmethod
    def of_files(cls, paths: Iterable[str]) -> "Chosen":
        """Return a choice of documents only."""
        return cls(selection=Selection(everything=False, files=frozenset(paths)))

    def with_file(self, name: str, blob: str) -> "Chosen":
        """Return the choice with a file more that lies in none of the folders."""
        return replace(self, extra={**self.extra, name: blob})

    def with_facts(self, rows: Sequence[FactRows], pointed: Iterable[Finding]) -> "Chosen":
        """Return the choice with what was learnt about its extra files, and their pointers."""
        own = [one for row in rows for one in decode_findings(row.findings)]
        return replace(
            self,
            findings=(*own, *pointed),
            documents=sum(row.documents for row in rows),
            recorded=sum(row.recorded_documents for row in rows),
        )

    def counts(self, index: ValidationIndex, whole: Updated) -> tuple[int, int, int]:
        """Return how many files, documents, and documents only recorded are chosen.

        ``whole`` counts the repo.
        """
        if self.selection.everything:
            return whole.files, whole.documents, whole.recorded
        found = {path: index.file(path) for path in self.selection.files}
        entries = {path: file[1] for path, file in found.items() if file}
        for folder in self.selection.folders:
            entries.update((path, entry) for path, _, entry in index.files_below(folder))
        numbers = [entry for entry in entries.values() if entry is not None]
        documents, recorded = index.documents_in(numbers)
        files = len(numbers) + len(self.extra)
        return files, documents + self.documents, recorded + self.recorded


def choose_paths(checkout: Checkout, paths: tuple[Path, ...], index: ValidationIndex) -> Chosen:
    """Return what paths choose.

    Raises ``UsageError`` for a path that is nowhere: on the disk, in the state that is
    checked, or in the commit before it.
    """
    workspace = checkout.workspace
    files: set[str] = set()
    folders: list[str] = []
    extra: dict[str, str] = {}
    for path in paths:
        name = workspace.relative(path)
        if name is None:
            raise UsageError(
                f"{path} lies outside {workspace.root}",
                "name paths of one config repo, or choose it with -C",
            )
        if not name:
            return Chosen()
        if (checkout.on_disk and _is_folder(workspace.root / name)) or index.files_below(name):
            folders.append(name)
            extra.update(_beside(checkout, name, index))
        else:
            files.add(name)
            extra.update(_file(checkout, name, index, path))
    selection = Selection(everything=False, files=frozenset(files), folders=tuple(folders))
    return Chosen(selection=selection, extra=extra)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise UsageError(
            f"there is no file {path.name}: {error.strerror}",
            "name a file or folder of the config repo",
        ) from error


def _file(
    checkout: Checkout, name: str, index: ValidationIndex, path: Path
) -> Iterator[tuple[str, str]]:
    known = index.file(name)
    if known is not None:
        if known[1] is None:
            yield name, known[0]
        return
    blob = worktree_blob(checkout.workspace.root, name) if checkout.on_disk else None
    if blob is not None:
        yield name, blob
    elif name not in checkout.state.overlay:
        raise UsageError(f"there is no file {path}", "name a file or folder of the config repo")


def _beside(checkout: Checkout, folder: str, index: ValidationIndex) -> Iterator[tuple[str, str]]:
    below = index.files_below(folder)
    if below or not checkout.on_disk:
        yield from ((path, blob) for path, blob, entry in below if _plain(path, entry))
        return
    # A folder that Git ignores, or an empty one.
    root = checkout.workspace.root
    for name in walk_folder(root / folder).files():
        path = f"{folder}/{name}"
        blob = worktree_blob(root, path) if _plain(path, None) else None
        if blob is not None:
            yield path, blob


def _plain(path: str, entry: int | None) -> bool:
    return entry is None and path.endswith(_SUFFIXES)
