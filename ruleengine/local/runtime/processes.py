"""Runs containers as processes of this machine, and finds them again after a restart.

Everything of an attempt lies in ``FOLDER/<pod uid>/containers/<name>/<attempt>/``:
``root`` (its private file system; still there when it has finished, see
:meth:`ProcessRunner.read_file`), ``log``, ``termination``, and ``record.json`` with pid,
start time and, in the end, the outcome. Volumes lie in ``FOLDER/<pod uid>/volumes/``.
A record without an outcome at the start of a server is a process that a killed server
left behind: it is ended, and its container counts as ended by ``NodeRestarted``.
"""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ruleengine.formats import json_text
from ruleengine.local.runtime.engine import engine_binds, provide_programs, search_paths
from ruleengine.local.runtime.files import mount_folder, read_inside
from ruleengine.local.runtime.sandbox import (
    Isolation,
    Sandbox,
    bind,
    detect,
    opened,
    own,
    specification,
)
from ruleengine.local.runtime.values import (
    COMPLETED,
    ERROR,
    NODE_RESTARTED,
    START_ERROR,
    ContainerPlan,
    Mount,
    Seen,
)
from ruleengine.model.times import format_time, parse_time

_LOG: Final = logging.getLogger(__name__)
_LONGEST_MESSAGE: Final = 4096
_PATIENCE: Final = 5.0


@dataclass(slots=True)
class _Running:
    """A process that this server has started."""

    process: subprocess.Popen[bytes]
    failure: int
    told: bool = False


class ProcessRunner:
    """A ``Runner`` that starts real processes below ``folder``."""

    def __init__(
        self, folder: Path, *, sandbox: Callable[[], Sandbox] = detect, now: datetime
    ) -> None:
        self._folder = folder
        self._claims = folder.with_name("claims")
        self._find = sandbox
        self._sandbox: Sandbox | None = None
        self._running: dict[Path, _Running] = {}
        self._lock = threading.RLock()
        self._recover(now)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of this machine, tried when it is first needed and told once."""
        if self._sandbox is None:
            self._sandbox = self._find()
            text = self._sandbox.problem or f"isolation of processes: {self._sandbox.isolation}"
            _LOG.warning("the local node: %s", text)
        return self._sandbox

    def problem(self) -> str:
        """Return why nothing can be run here, with the remedy; empty where it can."""
        return self.sandbox.problem

    def look(self, uid: str, now: datetime) -> Mapping[str, Seen]:
        """Return the newest attempt of each container of a pod."""
        found = {}
        with self._lock:
            for container in _folders(self._folder / uid / "containers"):
                seen: Seen | None = None
                for attempt in sorted(_folders(container), key=lambda one: int(one.name))[-2:]:
                    seen = self._seen(attempt, now, seen)
                if seen is not None:
                    found[container.name] = seen
        return found

    def _seen(self, attempt: Path, now: datetime, previous: Seen | None) -> Seen | None:
        record = _read_record(attempt)
        if record is None:
            return previous
        running = self._running.get(attempt)
        if running is not None and running.process.poll() is not None:
            record = self._finish(attempt, record, running, now)
        finished = record.get("finished")
        return Seen(
            attempt=int(attempt.name),
            started=parse_time(record["started"]),
            finished=parse_time(finished) if finished else None,
            code=record.get("code", 0),
            reason=record.get("reason", ""),
            message=record.get("message", ""),
            told=running is not None and running.told,
            previous=previous,
        )

    def start(self, plan: ContainerPlan, now: datetime) -> None:
        """Start an attempt; one that cannot start is seen as ended with ``StartError``."""
        with self._lock:
            attempt = self._attempt(plan.uid, plan.container, plan.attempt)
            shutil.rmtree(attempt, ignore_errors=True)
            attempt.mkdir(parents=True, mode=0o700)
            record: dict[str, Any] = {"started": format_time(now)}
            # before the process: a server killed in between finds that there may be one
            _write_record(attempt, record)
            try:
                running = self._launch(plan, attempt)
            except OSError as error:
                record |= {"finished": format_time(now), "code": 128, "reason": START_ERROR}
                _write_record(attempt, {**record, "message": f"cannot start: {error}"})
                return
            self._running[attempt] = running
            record |= {"pid": running.process.pid, "born": _born(running.process.pid)}
            _write_record(attempt, {**record, "boot": _boot()})

    def _launch(self, plan: ContainerPlan, attempt: Path) -> _Running:
        sandbox = self.sandbox
        if sandbox.problem:
            raise OSError(sandbox.problem)
        root, message = attempt / "root", attempt / "termination"
        root.mkdir()
        sandbox.prepare(root)
        provide_programs(root)
        message.touch(mode=0o600)
        if sandbox.user:
            own(message, sandbox.user)
        working_directory = plan.working_directory
        if sandbox.isolation is Isolation.NONE:
            if plan.mounts:
                raise OSError("volumes can be mounted in a sandbox only, and there is none")
            working_directory = f"{root}{working_directory}"
        binds = [self._volume(plan.uid, mount) for mount in plan.mounts]
        isolated = sandbox.isolation is not Isolation.NONE
        if plan.engine and isolated:
            binds += engine_binds()
        spec = specification(
            sandbox,
            root,
            arguments=plan.arguments,
            environment={
                **search_paths("" if isolated else str(root), engine=plan.engine),
                **plan.environment,
            },
            binds=[*binds, bind(message, plan.termination_path)],
            working_directory=working_directory,
            memory=plan.memory,
        )
        command, (given, failure) = opened(sandbox, spec)
        log = os.open(attempt / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = subprocess.Popen(  # noqa: S603 - what the pod declares, in its sandbox
                command,
                pass_fds=(given, failure),
                env={"PATH": os.environ.get("PATH", os.defpath)},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError:
            os.close(failure)
            raise
        finally:
            os.close(given)
            os.close(log)
        return _Running(process, failure)

    def _volume(self, uid: str, mount: Mount) -> Mapping[str, Any]:
        claimed = self._claims / mount.claim
        source = claimed if mount.claim else self._folder / uid / "volumes" / mount.volume
        return mount_folder(source, mount, self.sandbox.user)

    def _finish(
        self, attempt: Path, record: dict[str, Any], running: _Running, now: datetime
    ) -> dict[str, Any]:
        """Write down how a process ended; what it left behind in its group ends too."""
        code = running.process.returncode
        _kill_group(running.process.pid, signal.SIGKILL)
        os.lseek(running.failure, 0, os.SEEK_SET)
        failure = os.read(running.failure, _LONGEST_MESSAGE).decode(errors="replace")
        os.close(running.failure)
        del self._running[attempt]
        code = code if code >= 0 else 128 - code
        reason = START_ERROR if failure else ERROR if code else COMPLETED
        message = failure or _termination_message(attempt / "termination")
        outcome = {"code": code, "reason": reason, "message": message}
        record = {**record, "finished": format_time(now), **outcome}
        _write_record(attempt, record)
        return record

    def end(self, uid: str, container: str, *, kill: bool) -> None:
        """Ask a container to end, or end it."""
        with self._lock:
            below = self._folder / uid / "containers" / container
            for attempt, running in self._running.items():
                if attempt.parent == below and running.process.poll() is None:
                    running.told = True
                    number = signal.SIGKILL if kill else signal.SIGTERM
                    _kill_group(running.process.pid, number)

    def forget_claim(self, uid: str) -> None:
        """Remove the folder of a PersistentVolumeClaim."""
        shutil.rmtree(self._claims / uid, ignore_errors=True)

    def forget(self, uid: str) -> None:
        """End what is left of a pod and remove its files."""
        with self._lock:
            below = self._folder / uid
            for attempt in [one for one in self._running if one.is_relative_to(below)]:
                self._reap(attempt)
            shutil.rmtree(below, ignore_errors=True)

    def retain(self, pods: set[str], claims: set[str]) -> None:
        """Forget every pod and claim but these: they went while no server ran."""
        for pod in _folders(self._folder):
            if pod.name not in pods:
                self.forget(pod.name)
        for claim in _folders(self._claims):
            if claim.name not in claims:
                self.forget_claim(claim.name)

    def close(self, now: datetime) -> None:
        """End every process; their containers count as ended by ``NodeRestarted``."""
        with self._lock:
            for attempt in list(self._running):
                self._reap(attempt)
                _interrupt(attempt, now)

    def _reap(self, attempt: Path) -> None:
        running = self._running.pop(attempt)
        os.close(running.failure)
        _kill_group(running.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(_PATIENCE)

    def _recover(self, now: datetime) -> None:
        for pod in _folders(self._folder):
            for container in _folders(pod / "containers"):
                for attempt in _folders(container):
                    record = _read_record(attempt)
                    if record is None or record.get("finished"):
                        continue
                    pid = int(record.get("pid", 0))
                    if record.get("boot") == _boot() and pid and _born(pid) == record.get("born"):
                        _kill_group(pid, signal.SIGKILL)
                    elif not pid:
                        _kill_inside(attempt / "root")
                    _interrupt(attempt, now)

    def _attempt(self, uid: str, container: str, attempt: int) -> Path:
        return self._folder / uid / "containers" / container / str(attempt)

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return the file that an attempt logs to."""
        return self._attempt(uid, container, attempt) / "log"

    def read_file(self, uid: str, container: str, path: str, *, most: int = 1 << 20) -> bytes:
        """Return a file of the newest attempt's private file system, as the container saw it.

        Volumes are not part of it. At most ``most`` bytes; no symbolic link is followed,
        because the container may have made it. Raises ``OSError``, ``FileNotFoundError``
        among them.
        """
        attempts = _folders(self._folder / uid / "containers" / container)
        if not attempts:
            raise FileNotFoundError(f"the container {container} has not been started")
        newest = max(attempts, key=lambda one: int(one.name))
        return read_inside(newest / "root", path, most)


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_dir())
    except OSError:
        return []


def _read_record(attempt: Path) -> dict[str, Any] | None:
    try:
        found = json_text.loads((attempt / "record.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_record(attempt: Path, record: dict[str, Any]) -> None:
    draft = attempt / "record.json.new"
    draft.write_bytes(json_text.dump_bytes(record))
    draft.replace(attempt / "record.json")


def _interrupt(attempt: Path, now: datetime) -> None:
    record = _read_record(attempt)
    if record is None or record.get("finished"):
        return
    message = "the local control plane stopped while this process ran, and ended it"
    outcome = {"code": 137, "reason": NODE_RESTARTED, "message": message}
    _write_record(attempt, {**record, "finished": format_time(now), **outcome})


def _termination_message(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - _LONGEST_MESSAGE, 0))
        return file.read(_LONGEST_MESSAGE).decode(errors="replace")


def _kill_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _kill_inside(root: Path) -> None:
    """End the processes whose file system is ``root``: those whose pid nobody wrote down."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if f"{root} / " in (entry / "mountinfo").read_text():
                os.kill(int(entry.name), signal.SIGKILL)


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
