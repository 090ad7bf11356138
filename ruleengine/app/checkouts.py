"""One state of a config repo that is looked at: the working tree, the index, or a revision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from ruleengine.app.contents import BlobContents, Contents, DiskContents
from ruleengine.app.tree_states import GitHistory, PlainHistory
from ruleengine.app.workspace import Workspace
from ruleengine.repository.git import Git, no_repository
from ruleengine.validation.states import TreeState


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """One state of a workspace, and how its files are read."""

    workspace: Workspace
    history: GitHistory | PlainHistory
    contents: Contents
    pending: Callable[[], TreeState] = field(repr=False)

    @cached_property
    def state(self) -> TreeState:
        """What is in it. The first call waits for Git, which has been at work since."""
        return self.pending()

    @property
    def on_disk(self) -> bool:
        """Whether the working tree is looked at."""
        return isinstance(self.contents, DiskContents)


def open_checkout(
    workspace: Workspace, *, staged: bool = False, revision: str = "", only: Sequence[str] = ()
) -> Checkout:
    """Return a state of a workspace: a revision, what is staged, or the working tree.

    ``only`` names what of a folder without Git is looked at, where that is not all. Raises
    ``UsageError`` for an unknown revision, and for both where there is no Git.
    """
    root = workspace.root
    if workspace.git_root is None:
        if staged or revision:
            raise no_repository(root)
        plain = PlainHistory(root, only)
        return Checkout(
            workspace=workspace,
            history=plain,
            contents=DiskContents(root),
            pending=plain.worktree,
        )
    history = GitHistory(Git(root), workspace.prefix)
    contents: Contents = BlobContents(root)
    if not (staged or revision):
        contents = DiskContents(root, absent=contents)
    if revision:
        commit = history.commit(revision)
        pending: Callable[[], TreeState] = partial(TreeState, commit=commit)
    else:
        pending = history.staged if staged else history.worktree()
    return Checkout(workspace=workspace, history=history, contents=contents, pending=pending)
