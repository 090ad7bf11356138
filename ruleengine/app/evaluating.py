"""What a folder of the config repo declares, remembered by content in the index.

The rules see one document at a time, so what they make of a file is kept with its facts. A
command that needs a folder of an unchanged repo loads neither the rules nor YAML.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ruleengine.app.checkouts import Checkout
from ruleengine.app.code_digests import code_digest
from ruleengine.app.learning import RepoLearner
from ruleengine.app.setups import RepoContexts, Setup
from ruleengine.app.validating import index_path
from ruleengine.formats import json_text
from ruleengine.model.actions import Action
from ruleengine.model.documents import Origin
from ruleengine.model.values import Object
from ruleengine.reporting.progress import SILENCE
from ruleengine.rules import records
from ruleengine.validation.facts import FileKey
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.index_files import with_index
from ruleengine.validation.updating import update


class Evaluated(NamedTuple):
    """What the documents of a folder declare: objects with their origins, and actions."""

    objects: tuple[tuple[Object, Origin], ...]
    actions: tuple[Action, ...]
    revision: str


def evaluate_folder(checkout: Checkout, folder: str) -> Evaluated:
    """Return what the documents of a folder declare in a state of the repo.

    What is wrong with them is for the checks to say (:mod:`ruleengine.app.checking`).
    """
    texts, _ = with_index(
        index_path(checkout.workspace),
        code_digest(),
        lambda index: _evaluations(index, checkout, folder),
    )
    commit = checkout.state.commit
    found = [one for text in texts for one in json_text.loads(text)]
    return Evaluated(
        objects=tuple(one for each in found for one in records.objects_of(each, commit)),
        actions=tuple(one for each in found for one in records.actions_of(each, commit)),
        revision=commit,
    )


def _evaluations(index: ValidationIndex, checkout: Checkout, folder: str) -> list[str]:
    """Return what the files of a folder evaluate to, in the order of their paths."""
    setup = Setup(index, checkout.contents)
    learner = RepoLearner(index, setup, checkout, 1, SILENCE)
    with index.transaction():
        update(index, checkout.state, checkout.history, lambda _: RepoContexts(setup), learner)
        known = index.evaluations(folder)
        missing = {key.number: key for key in _keys(index, setup, folder, known)}
        if missing:
            learnt = dict(zip(missing, learner.evaluate(list(missing.values())), strict=True))
            index.remember_evaluations(learnt)
            known |= learnt
    return [known[entry] for _, _, entry in index.files_below(folder) if entry in known]


def _keys(
    index: ValidationIndex, setup: Setup, folder: str, known: dict[int, str]
) -> Iterator[FileKey]:
    """Yield the keys of the documents below a folder whose evaluations are not known."""
    contexts = RepoContexts(setup)
    for path, blob, entry in index.files_below(folder):
        if entry is None or entry in known:
            continue
        context = contexts.of(path)
        if context is not None:
            yield FileKey(path, blob, context)
