"""``ruleengine doctor``: what this machine and this repo lack, each with its remedy."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruleengine.app.remembered_settings import settings
from ruleengine.app.workspace import Workspace, require_config_repo
from ruleengine.model.errors import FailedError, UsageError

MINIMUM_PYTHON = (3, 11)
_PROGRAMS = {
    "git": ("the config repo is read through it", "install git", True),
    "kubectl": (
        "to look at clusters by hand; ruleengine itself does not need it",
        "install kubectl 1.29 or later",
        False,
    ),
    "pre-commit": ("to validate before every commit", "pip install pre-commit", False),
}
_LIBRARIES = ("pygit2", "kubernetes", "jsonschema_rs", "jinja2", "uvicorn", "cryptography")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. ``needed`` tells that the main job fails without it."""

    subject: str
    good: bool
    needed: bool
    message: str
    remedy: str = ""


def examine(workspace: Workspace) -> tuple[Check, ...]:
    """Return what was found on this machine and in the repo, in a fixed order."""
    return (
        _python(),
        _platform(),
        *(_program(name) for name in _PROGRAMS),
        *(_library(name) for name in _LIBRARIES),
        *((_sandbox(), _limits(), _engine()) if platform.system() == "Linux" else ()),
        *_repo(workspace),
    )


def _python() -> Check:
    version = platform.python_version()
    good = sys.version_info >= MINIMUM_PYTHON
    return Check(
        subject="Python",
        good=good,
        needed=True,
        message=version,
        remedy="" if good else "install Python 3.11 or later",
    )


def _platform() -> Check:
    name = platform.system()
    good = name == "Linux"
    return Check(
        subject="platform",
        good=good,
        needed=False,
        message=name,
        remedy=""
        if good
        else "Linux has everything; macOS validates, plans and applies; Windows validates",
    )


def _program(name: str) -> Check:
    why, remedy, needed = _PROGRAMS[name]
    path = shutil.which(name)
    if path is None:
        return Check(
            subject=name, good=False, needed=needed, message=f"not found: {why}", remedy=remedy
        )
    return Check(subject=name, good=True, needed=needed, message=_version(path))


def _version(path: str) -> str:
    argument = ["version", "--client"] if path.endswith("kubectl") else ["--version"]
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's own path
            [path, *argument], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "found, but it does not answer"
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines else "found"


def _library(name: str) -> Check:
    good = importlib.util.find_spec(name) is not None
    return Check(
        subject=name,
        good=good,
        needed=True,
        message="installed" if good else "not installed",
        remedy="" if good else "reinstall ruleengine: pip install --force-reinstall ruleengine",
    )


def _sandbox() -> Check:
    """Return whether pods can run on the local control plane, found out by trying."""
    from ruleengine.local.runtime.detecting import detect
    from ruleengine.local.runtime.launching import LauncherProcess
    from ruleengine.local.runtime.sandbox import Isolation

    launcher = LauncherProcess()
    try:
        found = detect(launcher)
    finally:
        launcher.close()
    message, _, remedy = found.problem.partition("; ")
    return Check(
        subject="sandbox",
        good=found.isolation is not Isolation.NONE,
        needed=False,
        message=message or f"pods can run: {found.told}",
        remedy=remedy,
    )


def _limits() -> Check:
    """Return whether pods can be limited as a whole."""
    from ruleengine.local.runtime.groups import Groups

    groups = Groups()
    groups.close()
    return Check(
        subject="limits",
        good=not groups.problem,
        needed=False,
        message=groups.problem or "pods can be limited by control groups",
        remedy="use cgroup v2 and a session of systemd; without one each process is limited alone"
        if groups.problem
        else "",
    )


def _engine() -> Check:
    """Return whether containers can run in their images."""
    from ruleengine.local.runtime.container_engine import ContainerEngine
    from ruleengine.local.runtime.engine_client import find_engine
    from ruleengine.step.preparing import static_busybox

    engine = ContainerEngine(find_engine(os.environ), Path(), os.environ)
    count = len(engine.images())
    engine.close()
    if engine.problem:
        remedy = "none is needed: programs then come from this machine; install podman for images"
        return _optional("container engine", engine.problem, remedy)
    said = f"{engine.command[0]}: containers run in the images that it has ({count})"
    if static_busybox() is None:
        problem = f"{said}, but for steps of workflows: there is no static busybox"
        return _optional("container engine", problem, "install one (Debian: busybox-static)")
    return Check(subject="container engine", good=True, needed=False, message=said)


def _optional(subject: str, problem: str, remedy: str) -> Check:
    return Check(subject=subject, good=False, needed=False, message=problem, remedy=remedy)


def _repo(workspace: Workspace) -> Iterator[Check]:
    """Yield what was found of the repo; a folder that is none is left as it is."""
    subject = "config repo"
    try:
        require_config_repo(workspace)
    except UsageError as error:
        message, remedy = error.message, error.remedy
        yield Check(subject=subject, good=False, needed=True, message=message, remedy=remedy)
        return
    yield Check(subject=subject, good=True, needed=True, message=str(workspace.root))
    yield _settings(workspace)
    yield _writable(workspace.state_folder)


def _settings(workspace: Workspace) -> Check:
    """Return whether commands can go by what the repo sets."""
    subject = "settings"
    try:
        found = settings(workspace)
    except FailedError as error:
        message, remedy = error.message, error.remedy
        return Check(subject=subject, good=False, needed=True, message=message, remedy=remedy)
    return Check(subject=subject, good=True, needed=True, message=f"engine {found.engine}")


def _writable(folder: Path) -> Check:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        probe = folder / ".probe"
        probe.write_text("probe")
        probe.unlink()
    except OSError as error:
        return Check(
            subject="state",
            good=False,
            needed=True,
            message=f"{folder}: {error.strerror}",
            remedy="make the folder writable, or use --state DIR",
        )
    return Check(subject="state", good=True, needed=True, message=f"{folder} can be written")
