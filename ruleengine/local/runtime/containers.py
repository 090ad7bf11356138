"""From a planned container to what the launcher starts: its folders, mounts and limits.

Everything of an attempt lies in one folder: ``root`` (its file system; with layers the layer that
it writes is ``upper``), ``log`` and ``termination``, the message that it leaves.
"""

import os
import shutil
import subprocess
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ruleengine.formats import json_text
from ruleengine.local.runtime.engine import (
    INTERPRETER,
    PACKAGE_PLACE,
    engine_binds,
    provide_programs,
    search_paths,
)
from ruleengine.local.runtime.files import last_bytes
from ruleengine.local.runtime.groups import Group
from ruleengine.local.runtime.inside.enter import PROTECTED
from ruleengine.local.runtime.launching import Contained, Launch
from ruleengine.local.runtime.sandbox import Isolation, Sandbox, bind, host_binds, own, prepare
from ruleengine.local.runtime.values import ContainerPlan, Mount
from ruleengine.model.names import ENGINE_IMAGE

_MOST_PROCESSES: Final = 8192
_UNSAFE: Final = (
    "bubblewrap cannot mount {} safely, since it {}; let this user make user namespaces, and "
    "ruleengine's own sandbox does it"
)
_UNSAFE_INSIDE: Final = (
    "the container engine cannot mount {} safely, since it {}; mount the whole volume"
)
_OPEN: Final = (
    "there is no sandbox, so {} cannot be mounted; allow user namespaces or install bubblewrap, "
    "and start the local control plane again"
)
_UNLAYERED: Final = frozenset(",:\\")
"""Characters that the paths of layers cannot have."""

_SUPERVISE: Final = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from ruleengine.local.runtime.inside.launcher import supervise; "
    "sys.exit(supervise(*map(int, sys.argv[2:])))"
)


class Containers:
    """Makes what the launcher needs, in one sandbox. ``template`` is where its root is kept."""

    def __init__(self, sandbox: Sandbox, template: Path) -> None:
        self.sandbox = sandbox
        self._template = template
        self._is_prepared = False

    def check_mounts(self, plan: ContainerPlan, others: Container[PurePosixPath]) -> None:
        """Raise ``OSError`` for mounts that could lead out of their volumes.

        Bubblewrap follows links on the way to what it mounts, and to where it mounts it; others
        that run could lay one at any moment. So do container engines, the former only. ``others``
        are the places that somebody writes who runs: whoever writes a part of a volume alone
        cannot replace what leads there.
        """
        if self.sandbox.isolation is not Isolation.BUBBLEWRAP and plan.inside is None:
            return
        written = [one for one in plan.mounts if one.files is None]
        for mount in plan.mounts if plan.inside is None else ():
            if any(PurePosixPath(one.path) in PurePosixPath(mount.path).parents for one in written):
                raise OSError(_UNSAFE.format(mount.path, "lies below a volume that is written"))
        for mount in written:
            if any(above in others for above in mount.place(plan.uid).parents):
                problem = _UNSAFE if plan.inside is None else _UNSAFE_INSIDE
                raise OSError(
                    problem.format(mount.path, "is a part of what another writes as a whole")
                )

    def mountable(self, plan: ContainerPlan) -> Sequence[Mount]:
        """Return what a container has mounted. Raises ``OSError`` for what cannot be.

        Without a sandbox a container sees the files of the machine, and nothing is put among them.
        """
        if self.sandbox.isolation is not Isolation.NONE or plan.inside is not None:
            return plan.mounts
        stated = [one.path for one in plan.mounts if not one.is_given]
        if stated and not self.sandbox.problem:
            raise OSError(_OPEN.format(", ".join(stated)))
        return ()

    @contextmanager
    def launch(
        self,
        plan: ContainerPlan,
        attempt: Path,
        volumes: Sequence[Mapping[str, Any]],
        group: Group | None = None,
    ) -> Iterator[Launch]:
        """Make the folders of an attempt and yield how to start it. Raises ``OSError``.

        Without a ``group`` its processes are limited one by one.
        """
        if self.sandbox.problem:
            raise OSError(self.sandbox.problem)
        isolated = self.sandbox.isolation is not Isolation.NONE
        root = attempt / "root"
        layers = self._make_root(attempt, root, plan)
        message = attempt / "termination"
        message.touch(mode=0o600)
        if self.sandbox.user:
            os.chown(message, self.sandbox.user, self.sandbox.user)
        binds = [*host_binds(), *volumes, bind(message, plan.termination_path)]
        if plan.engine or self.sandbox.isolation is Isolation.BUBBLEWRAP:
            binds += engine_binds()
        spec = self._specification(plan, root, layers, binds if isolated else [])
        spec["limits"] = _process_limits(plan, whole=group is None)
        log = os.open(attempt / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield Launch(
                specification=json_text.dump_bytes(spec),
                log=log,
                namespaces=self.sandbox.namespaces,
                command=self._command(root, binds, plan),
                groups=[str(one) for one in group.folders] if group else (),
            )
        finally:
            os.close(log)

    def _make_root(self, attempt: Path, root: Path, plan: ContainerPlan) -> str:
        """Make the private root; return the layers that it is mounted from, if any."""
        root.mkdir()
        if not self.sandbox.layered or _UNLAYERED & set(str(attempt)):
            self._prepare(root)
            self._add_files(root, root, plan)
            return ""
        if not self._is_prepared:
            shutil.rmtree(self._template, ignore_errors=True)
            self._template.mkdir(parents=True)
            self._prepare(self._template)
            self._is_prepared = True
        upper, work = attempt / "upper", attempt / "work"
        for folder in (upper, work):
            folder.mkdir()
            if self.sandbox.user:
                os.chown(folder, self.sandbox.user, self.sandbox.user)
        self._add_files(self._template, upper, plan)
        layers = f"lowerdir={self._template},upperdir={upper},workdir={work}"
        return layers + (",userxattr" if self.sandbox.isolation is Isolation.USER else "")

    def _add_files(self, template: Path, root: Path, plan: ContainerPlan) -> None:
        """Write into a root what this container alone has in ``/etc``."""
        found = {}
        if plan.hosts:
            known = template / "etc" / "hosts"
            text = known.read_text() if known.exists() else ""
            found["hosts"] = "\n".join([text.rstrip("\n"), *plan.hosts, ""])
        if plan.os_release:
            found["os-release"] = plan.os_release
        folder = root / "etc"
        if found:
            folder.mkdir(exist_ok=True)
        for name, text in found.items():
            (folder / name).write_text(text)
        if found and self.sandbox.user:
            own(folder, self.sandbox.user)

    def _prepare(self, root: Path) -> None:
        provide_programs(root)
        prepare(root, self.sandbox.user)

    def _specification(
        self, plan: ContainerPlan, root: Path, layers: str, binds: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        isolation = self.sandbox.isolation
        isolated = isolation is not Isolation.NONE
        prefix = "" if isolated else str(root)
        paths = search_paths(prefix, engine=plan.engine)
        return {
            "arguments": plan.arguments,
            "binds": binds,
            "builds": isolation in (Isolation.ROOT, Isolation.USER),
            "environment": {**paths, **plan.environment},
            "hostname": plan.hostname,
            "inner": plan.user,
            "isolated": isolated,
            "layers": layers,
            "outer": (os.geteuid(), os.getegid()),
            "read_only_root": plan.read_only_root,
            "root": str(root),
            "stdin": plan.stdin,
            "stdin_once": plan.stdin_once,
            "tty": plan.tty,
            "user": self.sandbox.user,
            "warm": plan.engine and plan.arguments[0] == ENGINE_IMAGE and not plan.stdin,
            "user_namespace": isolation is Isolation.USER,
            "working_directory": f"{prefix}{plan.working_directory}",
        }

    def _command(
        self, root: Path, binds: Sequence[Mapping[str, Any]], plan: ContainerPlan
    ) -> Sequence[str]:
        """Return the program that enters the sandbox, where that is not the launcher itself."""
        if self.sandbox.isolation is not Isolation.BUBBLEWRAP:
            return ()
        found = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
        found += ["--die-with-parent", "--cap-drop", "ALL", "--hostname", plan.hostname]
        found += _without_namespaces()
        found += ["--uid", str(plan.user[0]), "--gid", str(plan.user[1])]
        found += ["--bind", str(root), "/", "--dev", "/dev"]
        for one in binds:
            if not one["source"].startswith("/dev/"):
                way = "--ro-bind" if one["read_only"] else "--bind"
                found += [way, "/".join((one["source"], *one["inner"])), one["target"]]
        found += ["--dir", plan.working_directory, "--proc", "/proc"]
        for path in map("/proc/{}".format, PROTECTED):
            found += ["--ro-bind-try", path, path]
        if plan.read_only_root:
            found += ["--remount-ro", "/"]
        inner = [INTERPRETER, "-I", "-S", "-c", _SUPERVISE, PACKAGE_PLACE]
        return [*found, "--chdir", "/", "--", *inner]


@cache
def _without_namespaces() -> tuple[str, ...]:
    """Return bubblewrap's option that forbids user namespaces inside; it has it since 0.8."""
    option = "--disable-userns"
    try:
        known = subprocess.run(
            ["bwrap", "--help"],  # noqa: S607 - the program of the user's own path
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return (option,) if option in known.stdout + known.stderr else ()


def _process_limits(plan: ContainerPlan, *, whole: bool) -> dict[str, int]:
    """Return the limits of each process; ``whole`` where there are no others."""
    limits = {"RLIMIT_NPROC": _MOST_PROCESSES}
    if whole and plan.limits.memory:
        limits["RLIMIT_DATA"] = plan.limits.memory
    return limits


def failure_of(found: Contained, attempt: Path) -> str:
    """Return why a container that has ended could not be started; empty where it could."""
    if found.started or found.failure:
        return found.failure
    return last_bytes(attempt / "log", 1000).strip() or "the sandbox could not be entered"
