"""Ends the launcher that a killed server may have left behind, with every container of it."""

import contextlib
import os
import select
import signal
from pathlib import Path
from typing import Final

from ruleengine.formats import json_text

_PATIENCE: Final = 5000
"""Milliseconds for which a launcher that was killed is waited for."""


class LauncherFile:
    """Remembers which process the launcher of a state folder is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pid: int) -> None:
        """Remember a launcher: its pid may be another's one day, its start time will not."""
        record = {"pid": pid, "born": _born(pid), "boot": _boot()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(json_text.dump_bytes(record))

    def forget(self) -> None:
        """Remember none."""
        self._path.unlink(missing_ok=True)

    def end(self) -> None:
        """End the launcher that is remembered, if it still runs. Its containers end with it."""
        try:
            record = json_text.loads(self._path.read_bytes())
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
