"""The custom resource definitions of the Argo kinds, as actions of every plan.

They are minimal on purpose: structural with unknown fields preserved. Depth lives in
``validate``.
"""

from functools import cache

from ruleengine.formats import yaml_reader
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.data import data_folder
from ruleengine.model.documents import Origin
from ruleengine.model.names import MANAGER


@cache
def crd_actions() -> tuple[Action, ...]:
    """Return one ``apply`` per Argo kind, in the order of their names."""
    files = sorted((data_folder("schemas") / "crds").glob("*.yaml"))
    return tuple(
        Action(
            verb=Verb.APPLY,
            target=Target.of(document.value),
            manager=MANAGER,
            object=document.value,
            origin=Origin(path="<ruleengine>/schemas/crds", line=0),
        )
        for path in files
        for document in yaml_reader.read(path.read_bytes(), path.name).documents
    )
