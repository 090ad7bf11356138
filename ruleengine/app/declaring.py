"""What a config repo declares at one state: its documents through the rules to actions."""

from contextlib import suppress
from dataclasses import dataclass, field

from ruleengine.app.crds import crd_actions
from ruleengine.app.loaded_setups import load_setup
from ruleengine.app.repo_names import repo_name, with_repo
from ruleengine.app.setup_trees import SetupTree
from ruleengine.app.setups import is_setup
from ruleengine.app.workspace import Workspace
from ruleengine.model.actions import Action
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.documents import FOLDERS, Derived
from ruleengine.model.findings import Finding, order_findings
from ruleengine.model.trees import Snapshot, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A state of a config repo, evaluated. ``actions`` begin with what all of them need.

    ``repo`` is the identity of the config repo in inventories and owner annotations. ``unread``
    are those of the findings that tell what could not be read as it was meant.
    """

    tree: Tree = field(repr=False)
    snapshot: Snapshot = field(repr=False)
    configuration: Configuration
    derived: tuple[Derived, ...] = field(repr=False)
    actions: tuple[Action, ...] = field(repr=False)
    findings: tuple[Finding, ...]
    unread: tuple[Finding, ...]
    repo: str


def declare(workspace: Workspace, revision: str = "", only: tuple[str, ...] = ()) -> Declared:
    """Read and evaluate a revision of a config repo; without one, its working tree.

    ``only`` names the folders to read, where not all of them are needed.
    Raises ``UsageError`` for a revision that does not exist.
    """
    from ruleengine.repository import snapshots
    from ruleengine.repository.defaults import read_defaults
    from ruleengine.repository.entries import mistaken
    from ruleengine.repository.trees import open_revision, open_worktree
    from ruleengine.rules.evaluation import evaluate

    root = workspace.root
    tree = open_revision(root, revision) if revision else open_worktree(root)
    setup = load_setup(_setup_tree(tree))
    configuration = with_repo(setup.configuration, root)
    folders = only or tuple(dict.fromkeys((*FOLDERS, *setup.rules.folders)))
    snapshot = snapshots.read(tree, folders=folders)
    defaults = read_defaults(tree, configuration.defaults)
    evaluation = evaluate(snapshot.documents, defaults, configuration, setup.rules, tree.revision)
    native = configuration.engine is not Engine.HANDOVER
    crds = crd_actions() if native and evaluation.actions else ()
    wrong = (*mistaken(tree.files()), *setup.findings, *snapshot.findings, *defaults.findings)
    return Declared(
        tree=tree,
        snapshot=snapshot,
        configuration=configuration,
        derived=evaluation.derived,
        actions=(*crds, *evaluation.actions),
        findings=order_findings((*wrong, *evaluation.findings)),
        unread=order_findings(wrong),
        repo=repo_name(configuration, root),
    )


def _setup_tree(tree: Tree) -> SetupTree:
    contents = {}
    for path, entry in tree.files().items():
        if is_setup(path):
            with suppress(KeyError):  # it went away since the files were listed
                contents[path] = (entry.blob, tree.read(path))
    return SetupTree(contents=contents, revision=tree.revision, dirty=tree.dirty)
