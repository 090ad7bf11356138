"""Finds out by trying which sandbox works on this machine, the strongest first."""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Final

from ruleengine.local.runtime.containers import Containers, failure_of
from ruleengine.local.runtime.launching import LauncherProcess
from ruleengine.local.runtime.sandbox import Isolation, Sandbox
from ruleengine.local.runtime.values import ContainerPlan

ALLOW: Final = "RULEENGINE_ALLOW_UNSANDBOXED"
_PATIENCE: Final = 20.0


def detect(launcher: LauncherProcess) -> Sandbox:
    """Return the sandbox of this machine; trying takes a few hundredths of a second."""
    told = []
    for way in (Isolation.ROOT, Isolation.USER, Isolation.BUBBLEWRAP):
        for layered in (True, False):
            found = Sandbox(isolation=way, layered=layered)
            problem = attempt(found, launcher)
            if not problem:
                return found
        told.append(f"{way}: {problem}")
    if os.environ.get(ALLOW) == "1":
        return Sandbox(isolation=Isolation.NONE)
    problem = (
        f"no sandbox works on this machine ({', '.join(told)}); allow user namespaces, install "
        f"bubblewrap, or set {ALLOW}=1 for the local control plane if you trust what your pods run"
    )
    return Sandbox(isolation=Isolation.NONE, problem=problem)


def attempt(sandbox: Sandbox, launcher: LauncherProcess) -> str:
    """Run ``true`` in a sandbox; return what went wrong, empty for nothing."""
    impossible = _impossible(sandbox)
    if impossible:
        return impossible
    plan = ContainerPlan(
        uid="trial", container="trial", attempt=0, arguments=("true",), environment={}
    )
    with tempfile.TemporaryDirectory(prefix="ruleengine-sandbox-") as name:
        folder = Path(name, "attempt")
        folder.mkdir()
        folder.parent.chmod(0o711)
        over = threading.Event()
        try:
            with Containers(sandbox, Path(name, "template")).launch(plan, folder, ()) as asked:
                found = launcher.launch(asked, lambda _: over.set())
        except OSError as error:
            return str(error)
        if not over.wait(_PATIENCE):
            found.kill()
            return f"nothing happened for {_PATIENCE:.0f} seconds"
        if found.code == 0:
            return ""
        return failure_of(found, folder) or f"exit code {found.code}"


def _impossible(sandbox: Sandbox) -> str:
    match sandbox.isolation:
        case Isolation.ROOT if os.geteuid() != 0:
            return "the user is not root"
        case Isolation.BUBBLEWRAP if sandbox.layered or shutil.which("bwrap") is None:
            return "bwrap is not installed" if not sandbox.layered else "it has no layers"
    return ""
