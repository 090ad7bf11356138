"""``pipeline retry`` and ``pipeline resubmit`` on the cluster."""

from collections.abc import Mapping

from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.asking import suffix
from ruleengine.app.pipelines.places import Place
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.resubmitting import resubmit
from ruleengine.pipelines.verbs.retrying import Retry, retry


def retry_live(place: Place, name: str, asked: Retry) -> Object:
    """Have a workflow go on where it failed; return it.

    Pods of what is begun again are deleted first: Argo's controllers would take them for new
    ones. Raises as the verb does.
    """
    found = finding.workflow(place, name)
    gone = retry(found, changing.now(), asked).pods
    changing.delete(place, gone)
    own = str(found["metadata"]["name"])
    return changing.change(place, own, lambda one: retry(one, changing.now(), asked).workflow)


def resubmit_one(
    place: Place, workflow: Object, parameters: Mapping[str, str], *, memoized: bool
) -> Object:
    """Create a workflow like one that is live or archived; return it. Raises as the verb does."""
    made = resubmit(workflow, changing.now(), suffix(), parameters, memoized=memoized)
    return changing.create(place, made)
