"""``step init``: lays out the script and the artifacts of a step, and the wrapper around it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from ruleengine.services.artifacts.store import Access
from ruleengine.step.access import PodAccess
from ruleengine.step.loading import load_all
from ruleengine.step.members import members
from ruleengine.step.plan import Plan, StepError
from ruleengine.step.progress import FILE as PROGRESS

_WRAPPER: Final = Path(__file__).with_name("wrapper")
_PROGRAM: Final = Path(__file__).with_name("program")
_MEMBER: Final = Path(__file__).with_name("member")
_HEAD: Final = 4096
_TOOLS: Final = ("sh", "cp", "env", "mkfifo", "mv", "sleep", "stat", "tar", "tee", "tr")
"""The programs that the wrapper calls; images of users may have none of them."""


def prepare(plan: Plan, access: Access | None = None) -> None:
    """Write the script, the artifacts, and the wrapper with its tools. Raises ``StepError``."""
    source = plan.script.get("source")
    try:
        if source:
            _write(Path(plan.script["path"]), str(source))
        if plan.inputs:
            load_all(plan.inputs, access or PodAccess())
        if plan.progress:
            (plan.directory / PROGRESS).touch()
            (plan.directory / PROGRESS).chmod(0o666)  # the step may run as another user
        if plan.members:
            _lay_out_set(plan)
        elif plan.result or plan.parameters or plan.artifacts or plan.logs or plan.progress:
            _lay_out(plan)
    except OSError as error:
        raise StepError(f"cannot prepare the step: {error}") from error


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _lay_out_set(plan: Plan) -> None:
    _bring_tools(plan.directory / "bin")
    for one in members(plan):
        folder = one.directory
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        (folder / "bin").symlink_to("../../bin")
        _lay_out(one)
        (stated,) = one.members
        _write(folder / "member", _MEMBER.read_text(encoding="utf-8"))
        for word in ("needs", "awaits"):
            listed = "".join(f"{name}\n" for name in stated.get(word) or ())
            (folder / word).write_text(listed, encoding="utf-8")
        retries = f"{stated.get('retries') or 0} {stated.get('pause') or 0}\n"
        (folder / "retries").write_text(retries, encoding="utf-8")


def _lay_out(plan: Plan) -> None:
    folder = plan.directory
    for name in ("parameters", "artifacts"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o777)  # the step may run as another user
    alive = folder / "alive"
    alive.unlink(missing_ok=True)
    os.mkfifo(alive)
    alive.chmod(0o666)
    for script in (_WRAPPER, _PROGRAM):
        _write(folder / script.name, script.read_text(encoding="utf-8"))
    for name, declared in (("outputs", plan.parameters), ("kept", plan.artifacts)):
        paths = ((number, one.get("path")) for number, one in enumerate(declared))
        listed = "".join(f"{number} {_in_one_line(path)}\n" for number, path in paths if path)
        (folder / name).write_text(listed, encoding="utf-8")
    for name, is_kept in (("keep-output", plan.result), ("keep-log", plan.logs)):
        if is_kept:
            (folder / name).touch()
    if not plan.members:
        _bring_tools(folder / "bin")


def _in_one_line(path: str) -> str:
    """Return a path; the wrapper reads one a line. Raises ``StepError``."""
    if "\n" in path:
        told = f"an output cannot lie at {path!r}, whose name has several lines"
        raise StepError(f"{told}: let the step write it to another place")
    return path


def static_busybox() -> Path | None:
    """Return a busybox that runs in any image, ``None`` where this machine or image has none.

    One that needs a loader and libraries runs only where these are the same.
    """
    found = shutil.which("busybox")
    try:
        return Path(found) if found and not _is_linked(Path(found)) else None
    except OSError:
        return None


def _is_linked(program: Path) -> bool:
    """Tell whether a program needs a loader: it names it near its beginning."""
    with program.open("rb") as file:
        return b"/ld-" in file.read(_HEAD)


def _applets_of(busybox: Path) -> str:
    """Return the names of the programs that a busybox is. Raises ``StepError``."""
    try:
        asked = [str(busybox), "--list"]
        found = subprocess.check_output(asked, text=True)  # noqa: S603 - what this image brings
    except (OSError, subprocess.CalledProcessError) as error:
        raise StepError(f"the busybox of this image does not run here: {error}") from error
    return " ".join(found.split())


def _bring_tools(folder: Path) -> None:
    """Provide what the wrapper calls: by one static program, or by what the machine has."""
    folder.mkdir(exist_ok=True)
    busybox = static_busybox()
    if busybox:
        shutil.copyfile(busybox, folder / "busybox")
        (folder / "busybox").chmod(0o755)
        applets = f"applets='{_applets_of(folder / 'busybox')}'\n"
        (folder / "applets").write_text(applets, encoding="utf-8")
    for tool in _TOOLS:
        target = folder / "busybox" if busybox else shutil.which(tool)
        if target is None:
            raise StepError(f"this image has neither a static busybox nor {tool}")
        link = folder / tool
        link.unlink(missing_ok=True)
        link.symlink_to(target)
