"""Ends the launchers that a killed server may have left behind, with every container of them."""

import contextlib
import os
import select
import shutil
import signal
from pathlib import Path
from typing import Final

from ruleengine.formats import json_text

_PATIENCE: Final = 5000
"""Milliseconds for which a launcher that was killed is waited for."""


class LauncherFiles:
    """Remembers which processes the launchers of a state folder are, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, pid: int) -> None:
        """Remember a launcher: its pid may be another's one day, its start time will not."""
        record = {"pid": pid, "born": _born(pid), "boot": _boot()}
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / str(pid)).write_bytes(json_text.dump_bytes(record))

    def forget(self) -> None:
        """Remember none."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def end(self) -> None:
        """End the launchers that are remembered and still run. Their containers end with them."""
        for path in self._folder.glob("*"):
            self._end(path)
        self.forget()

    def _end(self, path: Path) -> None:
        try:
            record = json_text.loads(path.read_bytes())
            pid = int(record["pid"])
            process = os.pidfd_open(pid)
        except (OSError, ValueError, KeyError, TypeError):
            return
        try:
            if record.get("boot") == _boot() and record.get("born") == _born(pid):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                gone = select.poll()
                gone.register(process, select.POLLIN)
                gone.poll(_PATIENCE)
        finally:
            os.close(process)


def _born(pid: int) -> int:
    """Return the start time of a process in ticks since the boot; 0 where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
