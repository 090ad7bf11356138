"""What the node and a runner say to one another.

A *container* is named by the uid of its pod and its name; each time it is started is one
*attempt*, counted from 0.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from ruleengine.local.runtime.checks import Check, Checked, Purpose
from ruleengine.local.runtime.executing import Execution, Wanted
from ruleengine.local.runtime.storage import Bounds

COMPLETED: Final = "Completed"
ERROR: Final = "Error"
START_ERROR: Final = "StartError"
OUT_OF_MEMORY: Final = "OOMKilled"
NODE_RESTARTED: Final = "NodeRestarted"


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """A file that the node puts into a volume, with its permissions."""

    content: bytes = field(repr=False)
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of the pod under an absolute path of the container.

    ``files`` is what the node puts there, such as the keys of a ConfigMap; ``None`` where the
    containers write. ``claim`` is the uid of the claim whose folder it is; empty for the pod's.
    ``is_given`` says that the node puts it there by itself, and the pod states nothing of it.
    """

    volume: str
    path: str
    read_only: bool = False
    sub_path: str = ""
    claim: str = ""
    is_given: bool = False
    files: Mapping[str, VolumeFile] | None = field(default=None, repr=False)

    def place(self, uid: str) -> PurePosixPath:
        """Return what of all volumes it is, in the pod of a uid: the volume, and the part of it."""
        return PurePosixPath(self.claim or f"{uid}:{self.volume}") / self.sub_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a container may use: bytes of memory, thousandths of a CPU; 0 for all."""

    memory: int = 0
    cpu: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InImage:
    """How a container runs in its image: what it states itself, the rest is the image's.

    ``user`` is ``UID:GID`` or empty.
    """

    reference: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """Everything that is needed to start one attempt of a container."""

    uid: str
    container: str
    attempt: int
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    working_directory: str = "/"
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    termination_path: str = "/dev/termination-log"
    log_is_message: bool = False
    """Whether the end of the log is the termination message where a failure left none."""
    user: tuple[int, int] = (0, 0)
    """User and group that the process is, inside."""
    read_only_root: bool = False
    stop_signal: int = 15
    """The number of the signal that asks it to end."""
    tty: bool = False
    stdin: bool = False
    """Whether somebody who attaches can write to it; only the first may, with ``stdin_once``."""
    stdin_once: bool = False
    hostname: str = "localhost"
    hosts: tuple[str, ...] = ()
    """More lines of ``/etc/hosts``."""
    os_release: str = ""
    """What ``/etc/os-release`` says; empty for that of the machine."""
    address: str = "127.0.0.1"
    ports: tuple[int, ...] = ()
    """TCP ports on which it says to listen."""
    engine: bool = False
    """Whether the container runs this package."""
    inside: InImage | None = None
    """How it runs in its image; ``None`` for in the sandbox of this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of the newest attempt of a container; ``finished`` is ``None`` while it runs.

    ``message`` is the termination message; ``told`` says that it was asked to end.
    """

    attempt: int
    started: datetime
    finished: datetime | None = None
    code: int = 0
    reason: str = ""
    message: str = ""
    told: bool = False
    previous: "Seen | None" = None


class Runner(Protocol):
    """Starts, watches and ends the processes of containers. It never waits for them."""

    def problem(self) -> str:
        """Return why nothing can be run here, with the remedy; empty where it can."""

    def look(self, uid: str) -> Mapping[str, Seen]:
        """Return the newest attempt of each container of a pod."""

    def start(self, plan: ContainerPlan) -> None:
        """Start an attempt; one that cannot start is seen as ended with ``StartError``."""

    def refresh(self, uid: str, mounts: Iterable[Mount]) -> None:
        """Bring the files of volumes up to date, where they are no longer what they were."""

    def end(self, uid: str, container: str, *, kill: bool) -> None:
        """Ask a container to end, or end it."""

    def check(self, uid: str, check: Check) -> None:
        """Begin a try of a check."""

    def checked(self, uid: str) -> Mapping[tuple[str, Purpose], Checked]:
        """Return what is known of the checks of a pod, by container and purpose."""

    def weigh(self, uid: str, bounds: Bounds) -> None:
        """Find out what a pod uses of the disk, if that is not known of late."""

    def excess(self, uid: str) -> str:
        """Return what a pod uses too much of; empty where it keeps within its bounds."""

    def forget(self, uid: str) -> None:
        """End what is left of a pod and remove its files."""

    def forget_claim(self, uid: str) -> None:
        """Remove the folder of a PersistentVolumeClaim."""


class ProcessHost(Runner, Protocol):
    """What a control plane needs of a runner beyond running containers.

    ``changed`` is called with the uid of a pod of which something has ended, from any thread.
    """

    changed: Callable[[str], None]

    def has_image(self, reference: str) -> bool:
        """Tell whether a container engine has an image, and can run it."""

    def pull(self, uid: str, reference: str) -> bool:
        """Have an image pulled for a pod; return whether it is on its way.

        Raises ``PullError`` where it cannot be had.
        """

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return the file that an attempt logs to."""

    def execute(self, uid: str, container: str, wanted: Wanted) -> Execution:
        """Start a program in a container. Raises ``OSError`` where that does not run."""

    def retain(self, pods: set[str], claims: set[str]) -> None:
        """Forget every pod and every claim but these."""

    def close(self) -> None:
        """End every process; their containers count as ended by ``NodeRestarted``."""
