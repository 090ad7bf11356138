"""Steps of a pipeline that cannot run in any order are told at the step."""

from pathlib import Path

import pytest

from tests.validation.config_repos import make_repo, told

A = "- {name: a, image: alpine}\n"


@pytest.mark.parametrize(
    ("steps", "places"),
    [
        (A + "- {name: b, image: alpine, needs: a}\n", []),
        (A + "- {name: b, image: alpine, needs: b}\n", ["3:28"]),
        (A + "- {name: b, image: alpine, needs: [a, b]}\n", ["3:28"]),
        (A + "- {name: b, image: alpine, needs: [a, c]}\n", ["3:28"]),
        (A + A, ["2:4", "3:4"]),
    ],
)
def test_steps_have_names_of_their_own_and_need_others(
    tmp_path: Path, steps: str, places: list[str]
) -> None:
    """A step that needs itself never starts; of two with one name, which one is meant?"""
    repo = make_repo(tmp_path / "config", {"pipelines/x.yaml": f"steps:\n{steps}"})
    found = [str(one.place).removeprefix("pipelines/x.yaml:") for one in told(repo.validate())]
    assert found == places
