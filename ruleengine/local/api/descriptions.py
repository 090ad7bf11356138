"""What types and fields mean, in a sentence: what ``kubectl explain`` shows.

The sentences are those of the schemas that editors use.
"""

from functools import cache
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.data import data_folder
from ruleengine.model.values import Object, lookup

_EVERYWHERE: Final = {
    "apiVersion": "Group and version that the object is written in.",
    "kind": "What the object is.",
    "metadata": "Name, labels and whatever else every object has.",
    "spec": "What is wanted.",
    "status": "What became of it.",
}


@cache
def _definitions() -> Object:
    text = (data_folder("schemas") / "kubernetes" / "definitions.json").read_bytes()
    found: Object = json_text.loads(text)["$defs"]
    return found


def of_type(type_name: str) -> str:
    """Return what a type is for; empty where nobody has written it."""
    return str(lookup(_definitions(), type_name.replace("/", "."), "description", default=""))


def of_field(type_name: str, field: str) -> str:
    """Return what a field of a type is for; empty where nobody has written it."""
    place = (type_name.replace("/", "."), "properties", field, "description")
    return str(lookup(_definitions(), *place, default=_EVERYWHERE.get(field, "")))


def described(node: Object, text: str) -> Object:
    """Return a node of an OpenAPI document with a description, where there is one."""
    return {"description": text, **node} if text else node
