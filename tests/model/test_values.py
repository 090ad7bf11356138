"""Looking into plain data, and writing paths the way people do."""

import pytest

from ruleengine.model.values import Path, format_path, lookup

DOCUMENT = {"spec": {"ports": [{"port": 80}], "selector": None}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("spec", "ports", 0, "port"), 80),
        (("spec", "ports", 1, "port"), "absent"),
        (("spec", "selector"), "absent"),
        (("spec", "ports", "port"), "absent"),
        (("spec", "ports", 0, "port", "deeper"), "absent"),
    ],
)
def test_a_path_that_leaves_the_data_gives_the_default(path: Path, expected: object) -> None:
    """Absent keys, indexes beyond the end and null all give the default."""
    assert lookup(DOCUMENT, *path, default="absent") == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "containers", 0, "image"), "spec.containers[0].image"),
        (
            ("metadata", "labels", "app.kubernetes.io/name"),
            'metadata.labels["app.kubernetes.io/name"]',
        ),
        ((), ""),
    ],
)
def test_paths_are_written_as_people_write_them(path: Path, text: str) -> None:
    """Plain keys are dotted, indexes and other keys stand in brackets."""
    assert format_path(path) == text
