"""``step init``: lays out the script of a step, and the wrapper that it runs through."""

import shutil
from pathlib import Path
from typing import Final

from ruleengine.step.plan import Plan, StepError

_WRAPPER: Final = Path(__file__).with_name("wrapper")
_TOOLS: Final = ("sh", "cp", "flock", "mkfifo", "mv", "tee")
"""The programs that the wrapper calls; images of users may have none of them."""


def prepare(plan: Plan) -> None:
    """Write the script, and the wrapper with its tools. Raises ``StepError``."""
    source = plan.script.get("source")
    try:
        if source:
            _write(Path(plan.script["path"]), str(source))
        if plan.result or plan.parameters:
            _lay_out(plan)
    except OSError as error:
        raise StepError(f"cannot prepare the step: {error}") from error


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _lay_out(plan: Plan) -> None:
    folder = plan.directory
    (folder / "parameters").mkdir(exist_ok=True)
    _write(folder / "wrapper", _WRAPPER.read_text(encoding="utf-8"))
    paths = ((number, one.get("path")) for number, one in enumerate(plan.parameters))
    listed = "".join(f"{number} {path}\n" for number, path in paths if path)
    (folder / "outputs").write_text(listed, encoding="utf-8")
    if plan.result:
        (folder / "keep-output").touch()
    _bring_tools(folder / "bin")
    (folder / "parameters").chmod(0o777)  # the step may run as another user


def _bring_tools(folder: Path) -> None:
    """Provide what the wrapper calls: by one static program, or by what the machine has."""
    folder.mkdir(exist_ok=True)
    busybox = shutil.which("busybox")
    if busybox:
        shutil.copyfile(busybox, folder / "busybox")
        (folder / "busybox").chmod(0o755)
    for tool in _TOOLS:
        target = folder / "busybox" if busybox else shutil.which(tool)
        if target is None:
            raise StepError(f"this image has neither busybox nor {tool}")
        link = folder / tool
        link.unlink(missing_ok=True)
        link.symlink_to(target)
