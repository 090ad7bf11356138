"""Runs containers as processes of this machine, and tells when one has ended.

Volumes of pods lie in ``FOLDER/<pod uid>/volumes/``, those of claims in ``claims`` beside FOLDER.
Containers end with the server, however it ends; what the next server finds without an
end counts as ended by ``NodeRestarted``.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ruleengine.local.clock import Clock
from ruleengine.local.runtime.addresses import check_ports
from ruleengine.local.runtime.attempts import Attempt, folders, ran_in_engine, read_attempt, seen
from ruleengine.local.runtime.checking import Checks
from ruleengine.local.runtime.checks import Check, Checked, Purpose
from ruleengine.local.runtime.container_engine import ContainerEngine
from ruleengine.local.runtime.containers import Containers
from ruleengine.local.runtime.detecting import detect
from ruleengine.local.runtime.engine import warm_loads
from ruleengine.local.runtime.engine_client import find_engine
from ruleengine.local.runtime.executing import Execution, Wanted, attach, execute
from ruleengine.local.runtime.files import (
    check_names,
    mount_folder,
    refresh_files,
    remove,
)
from ruleengine.local.runtime.groups import Groups
from ruleengine.local.runtime.launching import Contained, Launch, LauncherProcess
from ruleengine.local.runtime.leftovers import LauncherFiles
from ruleengine.local.runtime.outcomes import outcome_of
from ruleengine.local.runtime.sandbox import Sandbox
from ruleengine.local.runtime.storage import INTERVAL, Bounds, excess, measure
from ruleengine.local.runtime.values import (
    START_ERROR,
    ContainerPlan,
    Mount,
    Seen,
    VolumeFile,
)

_LOG: Final = logging.getLogger(__name__)
_START_FAILED: Final = 128
_KEPT: Final = 2
"""Attempts of a container that are kept, as on a cluster: the newest, and the one before it."""

_PATIENCE: Final = 5.0
_LAST_GRACE: Final = 2.0
"""Seconds that containers have to end in order when the server ends."""


class ProcessRunner:
    """A ``Runner`` that starts real processes below ``folder``.

    ``changed`` is called with the uid of a pod when something of it has ended, from
    another thread.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        sandbox: Callable[[LauncherProcess], Sandbox] = detect,
        engine: Sequence[str] | None = None,
    ) -> None:
        self._folder = folder
        self._claims = folder.with_name("claims")
        self._clock = clock
        self._find = sandbox
        self._leftover = LauncherFiles(folder.with_name("launchers"))
        self._launcher = LauncherProcess(self._begun)
        self._warm_launcher = LauncherProcess(self._begun, warm_loads())
        command = find_engine(os.environ) if engine is None else engine
        self._engine = ContainerEngine(command, folder, os.environ)
        self._groups: Groups | None = None
        self._containers: Containers | None = None
        self._lock = threading.RLock()
        self._closing = False
        self._files: dict[Path, Mapping[str, VolumeFile] | None] = {}
        self._scales = ThreadPoolExecutor(1, thread_name_prefix="weigh")
        self._weighed: dict[str, datetime] = {}
        self._excess: dict[str, str] = {}
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="remove")
        self._pods: dict[str, dict[str, list[Attempt]]] = {}
        self.changed: Callable[[str], None] = lambda _: None
        self._checks = Checks(self, clock, self._notify)
        self._recover()

    @property
    def containers(self) -> Containers:
        """Containers in the sandbox of this machine, tried when first needed and told once."""
        if self._containers is None:
            sandbox = self._find(self._launcher)
            text = sandbox.problem or f"isolation of processes: {sandbox.told}"
            _LOG.warning("the local node: %s", text)
            if self.groups.problem:
                text = "limits are those of each process, and of memory only"
                _LOG.warning("the local node: %s: %s", text, self.groups.problem)
            self._containers = Containers(sandbox, self._folder.with_name("sandbox"))
        return self._containers

    @property
    def groups(self) -> Groups:
        """The control groups of this server."""
        if self._groups is None:
            self._groups = Groups()
        return self._groups

    def _begun(self, pid: int) -> None:
        """Take in a launcher that was started."""
        self._leftover.write(pid)
        self.groups.adopt(pid)

    def problem(self) -> str:
        """Return why nothing can be run here, with the remedy; empty where it can."""
        problem = self.containers.sandbox.problem
        return "" if problem and self._engine.images() else problem

    def has_image(self, reference: str) -> bool:
        """Tell whether a container engine has an image, and can run it."""
        return self._engine.has(reference)

    def pull(self, uid: str, reference: str) -> bool:
        """Have an image pulled for a pod; return whether it is on its way.

        Raises ``PullError`` where it cannot be had.
        """
        return self._engine.pull(reference, lambda: self._notify(uid))

    def look(self, uid: str) -> Mapping[str, Seen]:
        """Return the newest attempt of each container of a pod."""
        with self._lock:
            found = {name: seen(one) for name, one in self._pods.get(uid, {}).items()}
        return {name: one for name, one in found.items() if one is not None}

    def start(self, plan: ContainerPlan) -> None:
        """Start an attempt; one that cannot start is seen as ended with ``StartError``."""
        check_names(plan.uid, plan.container, *(one.volume for one in plan.mounts))
        folder = self._folder / plan.uid / "containers" / plan.container / str(plan.attempt)
        attempt = Attempt(folder, self._clock.now(), stop_signal=plan.stop_signal)
        attempt.plan = plan if plan.inside else None
        with self._lock:
            attempts = self._pods.setdefault(plan.uid, {}).setdefault(plan.container, [])
            attempts.append(attempt)
            for old in attempts[:-_KEPT]:
                self._remove(old.folder, folder.parents[1])
            del attempts[:-_KEPT]
            try:
                remove(folder)
                folder.mkdir(parents=True, mode=0o700)
                # before the process: a server killed in between finds that there may have been one
                attempt.write()
                check_ports(plan.address, plan.ports)
                self.containers.check_mounts(plan, self._written())
                mounts = self.containers.mountable(plan)
                attempt.writes = tuple(
                    one.place(plan.uid) for one in mounts if one.files is None and not one.read_only
                )
                volumes = [self._volume(plan.uid, mount) for mount in mounts]
                with self._launch(plan, attempt, volumes) as asked:
                    launcher = self._warm_launcher if plan.engine else self._launcher
                    attempt.contained = launcher.launch(
                        asked, lambda found: self._ended(plan, attempt, found)
                    )
            except OSError as error:
                if attempt.group is not None:
                    attempt.group.remove()
                message = f"cannot start: {error}"
                attempt.finish(self._clock.now(), _START_FAILED, START_ERROR, message)

    def _launch(
        self, plan: ContainerPlan, attempt: Attempt, volumes: Sequence[Mapping[str, Any]]
    ) -> AbstractContextManager[Launch]:
        if plan.inside:
            ours = self.containers.sandbox.user
            return self._engine.launch(plan, attempt.folder, volumes, ours)
        name = f"{plan.uid}-{plan.container}-{plan.attempt}"
        attempt.group = self.groups.make(name, plan.limits)
        return self.containers.launch(plan, attempt.folder, volumes, attempt.group)

    def _volume(self, uid: str, mount: Mount) -> Mapping[str, Any]:
        claimed = self._claims / mount.claim
        source = claimed if mount.claim else self._folder / uid / "volumes" / mount.volume
        self._files[source] = mount.files
        return mount_folder(source, mount, self.containers.sandbox.user)

    def refresh(self, uid: str, mounts: Iterable[Mount]) -> None:
        """Bring the files of volumes up to date, where they are no longer what they were."""
        for mount in mounts:
            source = self._folder / uid / "volumes" / mount.volume
            if mount.files is None or mount.files == self._files.get(source):
                continue
            self._files[source] = mount.files
            try:
                refresh_files(source, mount.files, self.containers.sandbox.user)
            except OSError as error:
                _LOG.warning("the files of the volume %s stay as they are: %s", source, error)

    def _ended(self, plan: ContainerPlan, attempt: Attempt, found: Contained) -> None:
        """Write down how a container ended; from the listening thread."""
        # beside the lock: an engine may take its time to answer
        ran_out = self._engine.was_out_of_memory
        end = None if self._closing else outcome_of(plan, attempt, found, ran_out)
        if attempt.group is not None:
            attempt.group.remove()
        if attempt.plan is not None and end is not None:
            self._remover.submit(self._engine.remove, attempt.plan)
        with self._lock:
            if end is None or self._closing:
                return
            attempt.finish(self._clock.now(), end.code, end.reason, end.message)
        self._notify(plan.uid)

    def _notify(self, uid: str) -> None:
        self.changed(uid)

    def end(self, uid: str, container: str, *, kill: bool) -> None:
        """Ask a container to end, or end it."""
        with self._lock:
            for attempt in self._pods.get(uid, {}).get(container, ()):
                if attempt.contained is None:
                    continue
                attempt.told = True
                if kill:
                    attempt.contained.kill()
                else:
                    attempt.contained.signal(attempt.stop_signal)

    def execute(self, uid: str, container: str, wanted: Wanted) -> Execution:
        """Start a program in a container, or be there for the one that runs.

        Raises ``OSError`` where it does not run.
        """
        with self._lock:
            attempts = self._pods.get(uid, {}).get(container, ())
            found = attempts[-1].contained if attempts else None
            plan = attempts[-1].plan if attempts else None
        if found is None:
            raise ProcessLookupError(f"the container {container} does not run")
        if plan is not None and wanted.arguments:
            asked = self._engine.execution(plan, wanted.arguments, tty=wanted.tty)
            wanted = replace(wanted, arguments=asked)
        return execute(found, wanted) if wanted.arguments else attach(found, wanted)

    def check(self, uid: str, check: Check) -> None:
        """Begin a try of a check against the newest attempt of a container."""
        with self._lock:
            attempts = self._pods.get(uid, {}).get(check.container)
        if attempts:
            self._checks.begin(uid, check, attempts[-1].number)

    def checked(self, uid: str) -> Mapping[tuple[str, Purpose], Checked]:
        """Return what is known of the checks of a pod, by container and purpose."""
        return self._checks.look(uid)

    def weigh(self, uid: str, bounds: Bounds) -> None:
        """Find out what a pod uses of the disk, if that is not known of late."""
        now = self._clock.now()
        with self._lock:
            if now < self._weighed.get(uid, now):
                return
            self._weighed[uid] = now + INTERVAL
        with contextlib.suppress(RuntimeError):  # the server ends
            self._scales.submit(self._weigh, uid, bounds)

    def _weigh(self, uid: str, bounds: Bounds) -> None:
        text = excess(bounds, measure(self._folder / uid))
        with self._lock:
            known = text and uid in self._weighed
            if known:
                self._excess[uid] = text
        if known:
            self._notify(uid)

    def excess(self, uid: str) -> str:
        """Return what a pod uses too much of; empty where it keeps within its bounds."""
        return self._excess.get(uid, "")

    def forget(self, uid: str) -> None:
        """End what is left of a pod and remove its files."""
        self._checks.forget(uid)
        with self._lock:
            self._weighed.pop(uid, None)
            self._excess.pop(uid, None)
            running = self._running(uid)
            self._pods.pop(uid, None)
        for attempt in running:
            self._reap(attempt)
        folder = self._folder / uid
        self._files = {path: one for path, one in self._files.items() if folder not in path.parents}
        self._remove(folder)

    def forget_claim(self, uid: str) -> None:
        """Remove the folder of a PersistentVolumeClaim."""
        self._remove(self._claims / uid)

    def _remove(self, folder: Path, beside: Path | None = None) -> None:
        """Remove a folder beside the work: it may hold a lot.

        Until then it lies ``beside`` another under a name that nobody looks for.
        """
        gone = (beside or folder).with_name(f".{folder.name}.{time.monotonic_ns()}")
        with contextlib.suppress(FileNotFoundError, RuntimeError):
            folder.rename(gone)
            self._remover.submit(remove, gone)

    def retain(self, pods: set[str], claims: set[str]) -> None:
        """Forget every pod and claim but these: they went while no server ran."""
        for pod in folders(self._folder):
            if pod.name not in pods:
                self.forget(pod.name)
        for claim in folders(self._claims):
            if claim.name not in claims:
                self.forget_claim(claim.name)

    def close(self) -> None:
        """End every process, asked first; their containers count as ended by ``NodeRestarted``."""
        with self._lock:
            self._closing = True
            running = [one for uid in self._pods for one in self._running(uid)]
            asked = [(one.contained, one.stop_signal) for one in running]
        for found, number in asked:
            if found is not None:
                found.signal(number)
        end = time.monotonic() + _LAST_GRACE
        for found, _ in asked:
            if found is not None:
                found.over.wait(max(end - time.monotonic(), 0))
        self._checks.close()
        self._scales.shutdown(cancel_futures=True)
        for launcher in (self._launcher, self._warm_launcher):
            launcher.close()
        if any(one.plan is not None for one in running):
            self._engine.remove_all()  # at once: there may be many, and they have ended
        self._engine.close()
        self._remover.shutdown()
        # at last: if this server is killed before, the next one finds what it has left
        for attempt in running:
            attempt.cut_off(self._clock.now())
        self._leftover.forget()
        if self._groups is not None:
            self._groups.close()

    def _running(self, uid: str) -> list[Attempt]:
        attempts = (one for name in self._pods.get(uid, {}).values() for one in name)
        return [one for one in attempts if one.contained is not None]

    def _written(self) -> set[PurePosixPath]:
        """Return the places of volumes that somebody writes who runs."""
        return {place for uid in self._pods for one in self._running(uid) for place in one.writes}

    def _reap(self, attempt: Attempt) -> None:
        found = attempt.contained
        if found is not None:
            found.kill()
            found.over.wait(_PATIENCE)

    def _recover(self) -> None:
        """Take in what an earlier server has left, and end what it has left running."""
        self._leftover.end()
        unfinished = []
        for pod in folders(self._folder):
            for container in folders(pod / "containers"):
                numbers = sorted(folders(container), key=lambda one: int(one.name))
                attempts = [one for one in map(read_attempt, numbers) if one is not None]
                self._pods.setdefault(pod.name, {})[container.name] = attempts
                unfinished += [one for one in attempts if one.finished is None]
        # before they count as ended: if this server is killed too, the next one finds them
        if any(ran_in_engine(one.folder) for one in unfinished):
            self._engine.remove_all()
        for attempt in unfinished:
            attempt.cut_off(self._clock.now())

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return the file that an attempt logs to."""
        return self._folder / uid / "containers" / container / str(attempt) / "log"
