"""The names and ids of nodes, and the names of their pods (reference, Workflows 9).

They are Argo's to the letter, because people and tools find nodes by them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.digests import fnv1a
from ruleengine.model.values import Object, Value, lookup

ON_EXIT: Final = ".onExit"
INSIDE: Final = frozenset("[.(")
"""What begins the rest of the name of a node that is inside of another."""

_OWN_HOOK: Final = re.compile(r"\.onExit(?![^\[.(])|\.hooks\.")
_DISPLAY_NAME: Final = "workflows.argoproj.io/display-name"
_SHOWN: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]")
_LONGEST_PREFIX: Final = 242


def is_exiting(name: str) -> bool:
    """Tell by the name of a node whether it belongs to an exit handler."""
    return ON_EXIT in name


@lru_cache(maxsize=65536)
def node_id(workflow: str, name: str) -> str:
    """Return the id of the node with a name: the root's is the name of the workflow."""
    return workflow if name == workflow else f"{workflow}-{fnv1a(name.encode())}"


@lru_cache(maxsize=65536)
def pod_name(workflow: str, name: str, template: str) -> str:
    """Return the name of a node's pod; ``template`` is empty for one written in place."""
    if name == workflow:
        return workflow
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[:_LONGEST_PREFIX]}-{fnv1a(name.encode())}"


def group_name(parent: str, index: int) -> str:
    """Return the name of the group of steps at an index."""
    return f"{parent}[{index}]"


def child_name(parent: str, name: str) -> str:
    """Return the name of a step in a group, of a task, or of a hook."""
    return f"{parent}.{name}"


def group_index(parent: str, name: str) -> int:
    """Return the index of the group that a node stands in, below its steps.

    >>> group_index("wf", "wf[12].a(0:x)")
    12
    """
    return int(name.removeprefix(f"{parent}[").partition("]")[0])


def task_name(parent: str, name: str) -> str:
    """Return the name of the task that a node stands for, below its DAG.

    >>> task_name("wf", "wf.a(0:x)")
    'a'
    """
    return name.removeprefix(f"{parent}.").partition("(")[0]


def attempt_name(parent: str, attempt: int) -> str:
    """Return the name of an attempt under a node that retries."""
    return f"{parent}({attempt})"


def attempt_of(name: str) -> tuple[str, int]:
    """Return what an attempt is of, and its number.

    >>> attempt_of("wf.a(0:x)(2)")
    ('wf.a(0:x)', 2)
    """
    parent, _, number = name.rpartition("(")
    return parent, int(number.rstrip(")"))


def shown_as(template: Object) -> str:
    """Return the name under which a template wants its node to be shown; empty: its own."""
    name = str(lookup(template, "annotations", _DISPLAY_NAME, default=""))
    return name if _SHOWN.fullmatch(name) else ""


def is_inside(name: str, holder: str) -> bool:
    """Tell whether a node is inside of another by their names, and no hook of that one.

    >>> is_inside("wf[0].a", "wf[0]"), is_inside("wf[0]", "wf"), is_inside("wf[1]", "wf[0]")
    (True, True, False)
    >>> is_inside("wf.a.onExit", "wf.a"), is_inside("wf.a.hooks.running", "wf.a")
    (False, False)
    """
    rest = name.removeprefix(holder)
    if rest == name or rest[:1] not in INSIDE:
        return False
    return _OWN_HOOK.match(rest) is None


def item_name(name: str, index: int, item: Value) -> str:
    """Return the name of a step that was expanded for one item of a loop."""
    described = _described(item).replace("(", "").replace(")", "")
    return f"{name}({index}:{described})"


def _described(item: Value) -> str:
    """Return what the name of a node says of an item, which is not all that its step is given.

    >>> _described([1, "a"]), _described({"b": 1, "a": "x"})
    ('[1 a]', 'a:x,b:1')
    """
    if isinstance(item, Mapping):
        return ",".join(sorted(f"{key}:{_inside(value)}" for key, value in item.items()))
    if isinstance(item, list):
        return f"[{' '.join(map(_inside, item))}]"
    return item if isinstance(item, str) else dumps(item)


def _inside(item: Value) -> str:
    text = dumps(item)
    return text[1:-1] if isinstance(item, str) else text


def display_name(name: str, boundary: str) -> str:
    """Return the name of a node as it is shown below its boundary (empty: none)."""
    if not boundary or not name.startswith(boundary):
        return name
    rest = name[len(boundary) :]
    if rest.startswith("["):
        index, _, step = rest.partition("].")
        return step or f"{index.rstrip(']')}]"
    return rest.removeprefix(".")
