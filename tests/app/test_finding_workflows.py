"""What people name and what is found by it, of the repo and of a control plane in this process."""

from pathlib import Path

import pytest

from ruleengine.app.pipelines.sources import find_source
from ruleengine.model.errors import UsageError
from tests.app.places import SETTINGS, empty_place

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"
SPEC = "spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}\n"


def test_what_is_named_is_found_beside_files_of_another_shape(tmp_path: Path) -> None:
    """Only those are refused; of what has no name nobody is told."""
    files = {
        "pipelines/good.yaml": f"{HEAD}metadata: {{generateName: good-}}\n{SPEC}",
        "pipelines/nameless.yaml": f"{HEAD}metadata: {{}}\n{SPEC}",
        "pipelines/odd.yaml": f"{HEAD}metadata: 3\n{SPEC}",
    }
    place = empty_place(tmp_path, {**SETTINGS, **files})
    assert find_source(place, "good")["metadata"]["generateName"] == "good-"
    with pytest.raises(UsageError) as raised:
        find_source(place, "zzz")
    assert raised.value.remedy == "there are: good"
