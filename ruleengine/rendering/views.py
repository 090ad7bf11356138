"""One view of a tree that remembers what was looked at, so that renders can be kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruleengine.model.findings import Finding
from ruleengine.model.trees import Entry, Tree


@dataclass(slots=True)
class FileView:
    """The files of a tree; ``read`` and ``listed`` grow with what a render looks at."""

    tree: Tree
    blobs: set[tuple[str, str]] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def exists(self, path: str) -> bool:
        """Tell whether a file is there."""
        return path in self.tree.files()

    def has_folder(self, folder: str) -> bool:
        """Tell whether any file lies in ``folder`` (an empty text is the root)."""
        return not folder or any(path.startswith(f"{folder}/") for path in self.tree.files())

    def links(self, path: str) -> bool:
        """Tell whether a symbolic link is at ``path``, which the tree did not follow."""
        return any(
            one.place.path == path and one.code == "repository-link-unread"
            for one in self.tree.findings
        )

    def walk(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """Yield every file below ``folder``, folder by folder in the order of the names."""
        self.folders.add(folder)
        prefix = f"{folder}/" if folder else ""
        below = [item for item in self.tree.files().items() if item[0].startswith(prefix)]
        yield from sorted(below, key=lambda item: item[0].split("/"))

    def read(self, path: str) -> bytes:
        """Return the content of a file that exists, and remember its blob id."""
        self.blobs.add((path, self.tree.files()[path].blob))
        return self.tree.read(path)

    def closed(self, folder: str) -> tuple[Finding, ...]:
        """Return what of a folder, or whether all of it, is there and cannot be read."""
        return tuple(
            one
            for one in self.tree.findings
            if one.code == "repository-file-unreadable"
            and f"{one.place.path}/".startswith(f"{folder}/")
        )

    def unfollowed(self, folder: str, *, recurse: bool) -> tuple[Finding, ...]:
        """Return what the tree says it did not follow among the files of ``folder``."""
        prefix = f"{folder}/" if folder else ""
        return tuple(
            one
            for one in self.tree.findings
            if one.place.path.startswith(prefix)
            and (recurse or "/" not in one.place.path.removeprefix(prefix))
        )
