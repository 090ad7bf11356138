"""Whatever a document holds, checking it ends in findings and never in an exception."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from ruleengine.model.documents import Document
from tests.schemas.reading import CHECKER, documents

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, labels: {b: c}}
spec:
  entrypoint: main
  arguments: {parameters: [{name: a, value: 1}]}
  templates:
  - name: main
    steps:
    - - name: one
        template: two
        withItems: [1, {a: b}]
  - name: two
    inputs: {parameters: [{name: a}]}
    container: {image: alpine, env: [{name: A, value: b}], resources: {limits: {cpu: 1}}}
  - name: three
    resource: {action: create, manifest: "apiVersion: v1\\nkind: Pod\\nmetadata: {name: a}"}
"""
SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: a}
spec:
  dependencies: [{name: a, eventSourceName: b, eventName: c}]
  triggers:
  - template:
      name: a
      k8s:
        operation: create
        source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}}
"""
SHORT = """\
"on": {push: {webhook: {port: 1}}}
do: [{pipeline: build, parameters: {a: b}}, {sync: {environment: a/b}}]
"""
GIVEN = (
    documents(WORKFLOW, "pipelines/a.yaml")[0],
    documents(SENSOR, "triggers/a.yaml")[0],
    documents(SHORT, "triggers/b.yaml")[0],
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside a value."""
    found: list[tuple[Any, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        found.append((*path, key))
        if isinstance(one, dict | list):
            found += places(one, (*path, key))
    return found


@given(
    document=some.sampled_from(GIVEN),
    picks=some.lists(some.tuples(some.integers(0, 999), VALUES, some.text()), max_size=3),
)
def test_a_mutated_document_never_raises(
    document: Document, picks: list[tuple[int, Any, str]]
) -> None:
    """Values replaced, fields renamed, anything at any place."""
    value = copy.deepcopy(document.value)
    for number, new, name in picks:
        known = places(value)
        if not known:
            break
        *parents, last = known[number % len(known)]
        holder = value
        for step in parents:
            holder = holder[step]
        holder[last] = new
        if isinstance(holder, dict) and number % 2:
            holder[name] = holder.pop(last)
    changed = Document(
        path=document.path,
        index=0,
        line=1,
        blob="",
        value=value,
        locator=document.locator,
    )
    for finding in CHECKER.check(changed):
        assert finding.message
        assert finding.remedy
        assert finding.place.path == document.path
