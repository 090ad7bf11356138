"""One state of a config repo that is looked at: the working tree, the index, or a revision."""

from dataclasses import dataclass

from ruleengine.app.contents import BlobContents, Contents, DiskContents
from ruleengine.app.tree_states import GitHistory, PlainHistory
from ruleengine.app.workspace import Workspace
from ruleengine.repository.git import Git, no_repository
from ruleengine.validation.states import TreeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One state of a workspace, and how its files are read."""

    workspace: Workspace
    history: GitHistory | PlainHistory
    state: TreeState
    contents: Contents

    @property
    def on_disk(self) -> bool:
        """Whether the working tree is looked at."""
        return isinstance(self.contents, DiskContents)


def open_checkout(workspace: Workspace, *, staged: bool = False, revision: str = "") -> Checkout:
    """Return a state of a workspace: a revision, what is staged, or the working tree.

    Raises ``UsageError`` for an unknown revision, and for both where there is no Git.
    """
    root = workspace.root
    if workspace.git_root is None:
        if staged or revision:
            raise no_repository(root)
        plain = PlainHistory(root)
        return Checkout(
            workspace=workspace,
            history=plain,
            state=plain.worktree(),
            contents=DiskContents(root),
        )
    history = GitHistory(Git(root), workspace.prefix)
    if revision:
        state = TreeState(commit=history.commit(revision))
    else:
        state = history.staged() if staged else history.worktree()
    contents: Contents = BlobContents(root) if staged or revision else DiskContents(root)
    return Checkout(workspace=workspace, history=history, state=state, contents=contents)
