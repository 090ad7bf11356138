"""``plan --from --to``: two revisions of a config repo, without any cluster.

Compared are the objects that the rules derive, and those that the applications among them
render to.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ruleengine.apimachinery.kinds import KindTable, argo_kinds
from ruleengine.app.checking import check
from ruleengine.app.declaring import Declared, declare
from ruleengine.app.planning import Planned
from ruleengine.app.rendering import make_render
from ruleengine.app.workspace import Workspace, open_workspace
from ruleengine.environments.observing import render_request
from ruleengine.environments.specification import read_specification
from ruleengine.environments.targets import normalise_targets
from ruleengine.model.documents import Derived, Origin
from ruleengine.model.findings import has_errors
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from ruleengine.reconcile import comparing
from ruleengine.rendering.answers import read_answer

Declarations = list[tuple[Object, Origin | None]]


def compare_revisions(directory: Path, old: str, new: str) -> Planned:
    """Return what leads from one revision to another; no ``new`` means the files as they lie.

    Raises ``UsageError`` for a revision that does not exist.
    """
    workspace = open_workspace(directory)
    before = declare(workspace, old)
    findings = check(directory, new)
    if has_errors(findings):
        return Planned(plan=None, findings=findings)
    after = declare(workspace, new)
    plan = comparing.compare_revisions(
        _declarations(before), _declarations(after), revision=after.tree.revision
    )
    rendered_before, _ = _rendered(workspace, before)
    rendered_after, doubts = _rendered(workspace, after)
    inside = comparing.compare_revisions(rendered_before, rendered_after, area="environments")
    plan = replace(plan, actions=(*plan.actions, *inside.actions), then=tuple(doubts))
    return Planned(plan=plan, findings=findings)


def _declarations(declared: Declared) -> Declarations:
    return [(one.object, one.origin) for one in declared.derived]


def _rendered(workspace: Workspace, declared: Declared) -> tuple[Declarations, list[str]]:
    """Return what all applications render to, and why some could not be rendered."""
    objects: Declarations = []
    doubts: list[str] = []
    render = make_render(workspace, declared, workspace.state_folder / "clones")
    kinds = KindTable.built_in().with_kinds(argo_kinds())
    for one in _applications(declared):
        specification = read_specification(one.object)
        answer = render(render_request(specification, specification.source, ""))
        if answer.error:
            doubts.append(f"{specification.name}: {answer.error}")
            continue
        found = read_answer(answer.value)
        doubts += [f"{specification.name}: {error}" for error in found.errors]
        desired, _ = normalise_targets(found.objects, specification, kinds, specification.name)
        objects += [(target.object, target.origin) for target in desired]
    return objects, doubts


def _applications(declared: Declared) -> Iterator[Derived]:
    for one in declared.derived:
        value = one.object
        if value.get("kind") == "Application" and value.get("apiVersion") == ARGO_API_VERSION:
            yield one
