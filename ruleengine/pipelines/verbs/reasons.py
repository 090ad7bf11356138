"""Why a workflow went wrong, in a line: its status need not say it (reference, Workflows 9)."""

import re
from typing import Final

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import is_wrong
from ruleengine.pipelines.verbs.kinship import is_hooked, is_inner
from ruleengine.pipelines.verbs.nesting import in_order

_BY_ID: Final = re.compile(r"child '[^']*' failed").fullmatch
"""Tells that a message only names a node, by its id: that of steps of which one went wrong."""


def reason_of(status: Object) -> str:
    """Return the message of a workflow's status, else what its first leaf that went wrong says.

    A DAG that went wrong has no message, and the workflow none by it; steps name a node by its id.
    Empty for one that is well.
    """
    message = str(lookup(status, "message", default="") or "")
    if not is_wrong(status) or (message and not _BY_ID(message)):
        return message
    nodes = lookup(status, "nodes", default={})
    wrong = [one for one in nodes.values() if is_wrong(one) and not is_inner(one)]
    first = min(in_order(wrong, nodes), key=is_hooked, default=None)
    if first is None:
        return message
    return f"{first['displayName']}: {first.get('message') or first['phase']}"
