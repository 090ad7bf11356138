"""Performs the request ``render``: which tree a source means, and what it renders to."""

from collections.abc import Callable
from pathlib import Path

from ruleengine.app.declaring import Declared
from ruleengine.app.workspace import Workspace
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError
from ruleengine.model.trees import Tree
from ruleengine.model.values import Object

Render = Callable[[Request], Answer]


def make_render(workspace: Workspace, declared: Declared, clones: Path) -> Render:
    """Return the performer of ``render`` for one snapshot of one config repo.

    An omitted ``repoURL``, or this repo's own, means the snapshot itself unless the source
    names another revision. Other repositories are fetched into ``clones``. Answers are
    kept: the same request renders once.
    """
    answers: dict[str, Answer] = {}

    def perform(request: Request) -> Answer:
        if request.key not in answers:
            answers[request.key] = _render(request.payload, workspace, declared, clones)
        return answers[request.key]

    return perform


def _render(payload: Object, workspace: Workspace, declared: Declared, clones: Path) -> Answer:
    from ruleengine.rendering.answers import to_answer
    from ruleengine.rendering.rendering import render

    source: Object = payload["source"]
    try:
        tree = _tree(source, str(payload.get("revision") or ""), workspace, declared, clones)
    except RuleEngineError as error:
        return Answer(error=error.message, remedy=error.remedy)
    rendered = render(source, tree, payload["application"])
    return Answer(value=to_answer(rendered, tree.revision, dirty=tree.dirty))


def _tree(
    source: Object, revision: str, workspace: Workspace, declared: Declared, clones: Path
) -> Tree:
    wanted = revision or str(source.get("targetRevision") or "HEAD")
    url = str(source.get("repoURL") or "")
    if url and url != declared.configuration.repo:
        from ruleengine.repository.clones import Clones

        return Clones(clones).fetch(url).tree(wanted)
    if wanted in ("HEAD", declared.tree.revision):
        return declared.tree
    from ruleengine.repository.trees import open_revision

    return open_revision(workspace.root, wanted)
