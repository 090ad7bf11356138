"""What users install works away from the checkout: the built wheel carries its data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    run = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*run, str(PROJECT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(target), str(wheel)], check=True, capture_output=True)
    return target


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "ruleengine", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_installed_wheel_makes_and_validates_a_config_repo(
    installed: Path, tmp_path: Path
) -> None:
    """``init`` and ``validate`` find schemas and rules in the package, not in the checkout."""
    where = subprocess.run(
        [sys.executable, "-c", "import ruleengine; print(ruleengine.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in where.stdout
    made = run(installed, tmp_path, "init", "config")
    assert made.returncode == 0, made.stderr
    checked = run(installed, tmp_path / "config", "validate")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "no findings" in checked.stdout
