"""What the local node starts for an image, and the programs that stand for some."""

import subprocess
from pathlib import Path

import pytest

import ruleengine.local
from ruleengine.local.runtime.images import Images, image_name
from ruleengine.local.settings import SettingsFile
from ruleengine.model.configuration import MOST_PODS, LocalSettings

PROGRAMS = Path(ruleengine.local.__file__).parent / "runtime" / "programs"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("busybox", "busybox"),
        ("docker.io/library/busybox:1.36", "busybox"),
        ("python:alpine3.23", "python"),
        ("localhost:5000/team/app", "localhost:5000/team/app"),
        ("localhost:5000/team/app:v1", "localhost:5000/team/app"),
        ("docker.io/argoproj/argosay:v2@sha256:0a", "argoproj/argosay"),
    ],
)
def test_the_name_of_an_image_has_no_tag_and_no_default_registry(reference: str, name: str) -> None:
    """One entry stands for all versions."""
    assert image_name(reference) == name


def test_a_stated_command_replaces_what_the_image_starts() -> None:
    """Stated arguments replace the image's own only."""
    image = Images({"acme/build": {"entrypoint": ["make"], "cmd": ["all"]}}).find("acme/build:3")
    assert image.arguments([], []) == ("make", "all")
    assert image.arguments([], ["test"]) == ("make", "test")
    assert image.arguments(["sh"], []) == ("sh",)
    assert image.arguments(["sh"], ["-c", "x"]) == ("sh", "-c", "x")


def test_an_image_that_no_entry_names_starts_nothing() -> None:
    """There is no guess."""
    assert Images().find("acme/build:3").arguments([], ["x"]) == ("x",)
    assert Images().find("acme/build:3").arguments([], []) == ()


def test_entries_of_a_team_go_before_the_built_in_ones() -> None:
    """A glob names many images at once."""
    images = Images({"acme/*": {"cmd": ["sh"]}, "python": {"cmd": ["pypy"], "env": {"A": "1"}}})
    assert images.find("acme/one:1").cmd == ("sh",)
    assert images.find("python:3.12").cmd == ("pypy",)
    assert images.find("python:3.12").env == {"A": "1"}


@pytest.mark.parametrize(
    ("reference", "lines"),
    [
        ("debian:9.1", ["ID=debian", 'VERSION_ID="9.1"', 'PRETTY_NAME="Debian GNU/Linux 9.1"']),
        ("alpine", ["ID=alpine", 'PRETTY_NAME="Alpine Linux"']),
        ("localhost:5000/ubuntu:24.04", []),
        ("ubuntu:24.04@sha256:0a", ["ID=ubuntu", 'VERSION_ID="24.04"']),
        ("python:3.12", ["ID=debian", 'PRETTY_NAME="Debian GNU/Linux"']),
        ("python:3.12-alpine3.20", ["ID=alpine", 'PRETTY_NAME="Alpine Linux"']),
        ("busybox:1.36", []),
        ("acme/build:alpine", []),
    ],
)
def test_an_image_says_which_distribution_it_is(reference: str, lines: list[str]) -> None:
    """As far as the table and the tag tell; a version of Python is none of Debian."""
    found = Images().find(reference).os_release
    assert set(lines) <= set(found.splitlines())
    assert bool(lines) is bool(found)


@pytest.mark.parametrize("reference", ["ruleengine", "registry.example:5000/acme/ruleengine:1.2"])
def test_our_own_image_is_known_in_every_registry(reference: str) -> None:
    """It runs this package."""
    assert Images().find(reference).engine
    assert Images().find(reference).entrypoint == ("ruleengine",)


def test_settings_that_are_written_count_at_once(tmp_path: Path) -> None:
    """The file is read again when it has changed."""
    settings = SettingsFile(tmp_path)
    assert settings.images().find("acme/build").cmd == ()
    SettingsFile(tmp_path).write(
        LocalSettings(images={"acme/build": {"cmd": ["make"]}}, most_pods=7)
    )
    assert settings.images().find("acme/build").cmd == ("make",)
    assert settings.most_pods() == 7
    SettingsFile(tmp_path).write(LocalSettings())
    assert settings.images().find("acme/build").cmd == ()
    assert settings.most_pods() == MOST_PODS


def run(program: str, *arguments: str, text: str = "") -> tuple[int, str]:
    """Run a program of ours; return its exit code and what it wrote."""
    done = subprocess.run(
        ["sh", PROGRAMS / program, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (0, "hello argo\n")),
        (("echo",), (0, "hello argo\n")),
        (("echo", "hi there"), (0, "hi there\n")),
        (("sleep", "10ms"), (0, "")),
        (("sleep", "0m0s"), (0, "")),
        (("sleep", "long"), (1, "")),
        (("exit",), (0, "")),
        (("exit", "3"), (3, "")),
        (("cat", "/nonexistent"), (1, "")),
        (("dance",), (1, "")),
    ],
)
def test_argosay_does_what_examples_ask_of_it(
    arguments: tuple[str, ...], expected: tuple[int, str]
) -> None:
    """Its image stands in many workflows."""
    assert run("argosay", *arguments) == expected


def test_argosay_writes_files_and_reads_them(tmp_path: Path) -> None:
    """A message with a file goes there, without a line end."""
    path = str(tmp_path / "deep" / "file")
    assert run("argosay", "echo", "hi", path) == (0, "")
    assert run("argosay", "cat", path, path) == (0, "hihi")
    assert run("argosay", "assert_contains", path, "h")[0] == 0
    assert run("argosay", "assert_contains", path, "x")[0] == 1


def test_cowsay_says_its_arguments() -> None:
    """In a balloon."""
    assert "< hello world >" in run("cowsay", "hello", "world")[1]
    assert "< from input >" in run("cowsay", text="from input")[1]
