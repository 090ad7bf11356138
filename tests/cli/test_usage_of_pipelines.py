"""Words after ``pipeline`` that cannot be meant: refused before anything is looked for."""

import os
from pathlib import Path

import pytest

from tests.e2e.command_line import call
from tests.validation.config_repos import make_repo

NO_TEXT = os.fsdecode(b"b\xffd")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--running", "--completed"), "--running and --completed exclude each other"),
        (
            ("run", "build", "--name", "a", "--generate-name", "b"),
            "--name and --generate-name exclude each other",
        ),
        (("list", "-n", "team/shop"), "'team/shop' is no name of a namespace: write lower case"),
        (("archive", "list", "--limit", "2147483648"), "is not in the range 1<=x<=2147483647"),
        (("sync", "set", "a", "--limit", "2147483648"), "is not in the range 0<=x<=2147483647"),
    ],
)
def test_options_that_cannot_be_meant_are_told(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    """Those that exclude each other, and values that no server or database takes."""
    found = call(tmp_path, "pipeline", *words)
    assert (found.code, told in found.errors) == (3, True), found.text


@pytest.mark.parametrize(
    "words",
    [
        ("get", NO_TEXT),
        ("list", "-l", f"a={NO_TEXT}"),
        ("run", "build", "-p", f"who={NO_TEXT}"),
        ("lint", NO_TEXT),
    ],
)
def test_bytes_that_are_no_text_are_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    """They are shown as they are written out."""
    found = call(tmp_path, "pipeline", *words)
    assert found.crash == ""
    assert (found.code, r"b\xffd' is no text: write or rename it in UTF-8" in found.errors) == (
        3,
        True,
    )


@pytest.mark.parametrize(
    ("files", "code", "told"),
    [
        ({"pipelines/build.yaml": "steps: [{name: a, image: b, run: c}]\n"}, 0, ""),
        ({"pipelines/build.yaml": "step: []\n"}, 1, ""),
        ({}, 3, "config/pipelines\n"),
    ],
)
def test_without_a_name_the_files_of_pipelines_are_checked(
    tmp_path: Path, files: dict[str, str], code: int, told: str
) -> None:
    """And no others, whatever is wrong with them."""
    wrong = {"environments/staging/web.yaml": "source: {pth: x}\n"}
    found = call(make_repo(tmp_path / "config", {**wrong, **files}).root, "pipeline", "lint")
    assert (found.code, told in found.errors, "web.yaml" in found.text) == (code, True, False)
