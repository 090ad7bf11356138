"""The launcher: one small process that forks the first process of every container.

A container starts quickly because nothing has to be loaded for it, and safely because this process
has one thread and knows nothing: a specification is read in the forked process. It is told by
messages on a socket: ``{"id": 3, "namespaces": 0, "groups": []}`` with three descriptors
(specification, log, control), or a command of another launcher program in ``command``; it answers
``{"id": 3, "pid": 99}`` with a descriptor of the process, and in the end ``{"id": 3, "code": 0}``.
When the socket is closed it ends, and every container with it.
"""

import contextlib
import errno
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from typing import Any, Final, NoReturn

from ruleengine.local.runtime.inside import kernel, warm
from ruleengine.local.runtime.inside.enter import enter
from ruleengine.local.runtime.inside.supervise import START_FAILED, Supervisor

_LARGEST: Final = 1 << 16
_DESCRIPTORS: Final = 3
_PATIENCE: Final = 10.0


class Launcher:
    """Forks containers for one server."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._selector = selectors.DefaultSelector()
        self._processes: dict[int, tuple[int, int]] = {}
        self._endings: dict[int, dict[str, Any]] = {}

    def serve(self) -> None:
        """Fork what is asked for until the server is gone."""
        self._selector.register(self._channel, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._reap(key.data)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._channel, _LARGEST, _DESCRIPTORS)
                if not message:
                    self._end()
                    return
                self._launch(json.loads(message), descriptors)

    def _launch(self, asked: dict[str, Any], descriptors: list[int]) -> None:
        number = asked["id"]
        try:
            _check_room(descriptors)
            pid = kernel.fork_into(asked["namespaces"])
        except OSError as error:
            for one in descriptors:
                os.close(one)
            self._say({"id": number, "failure": str(error)})
            return
        if pid == 0:
            self._become(asked, descriptors)
        for one in descriptors:
            os.close(one)
        process = os.pidfd_open(pid)
        self._processes[pid] = (number, process)
        if "ending" in asked:
            self._endings[pid] = asked["ending"]
        self._selector.register(process, selectors.EVENT_READ, pid)
        self._say({"id": number, "pid": pid}, process)

    def _become(self, asked: dict[str, Any], descriptors: list[int]) -> NoReturn:
        """Go on as the first process of a container, with nothing of the launcher open."""
        code = START_FAILED
        try:
            self._selector.close()
            self._channel.close()
            for _, process in self._processes.values():
                os.close(process)
            code = contain(asked, descriptors)
        finally:
            os._exit(code)

    def _reap(self, pid: int) -> None:
        number, process = self._processes.pop(pid)
        self._endings.pop(pid, None)
        self._selector.unregister(process)
        os.close(process)
        _, status = os.waitpid(pid, 0)
        self._say({"id": number, "code": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, Any], *descriptors: int) -> None:
        with contextlib.suppress(OSError):
            socket.send_fds(self._channel, [json.dumps(message).encode()], descriptors)

    def _end(self) -> None:
        for _, process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        for pid in self._processes:
            os.waitpid(pid, 0)
        ending = [_begin(one) for one in self._endings.values()]
        for one in ending:
            if one is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    one.wait(_PATIENCE)


def _check_room(descriptors: list[int]) -> None:
    """Raise ``OSError`` where the kernel has dropped descriptors that it found no room for."""
    if len(descriptors) < _DESCRIPTORS:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _begin(ending: dict[str, Any]) -> "subprocess.Popen[bytes] | None":
    """Begin to end a container that is no process of ours."""
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603 - the command of the container engine
            ending["command"],
            env=ending["environment"],
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
        )
    except OSError:
        return None


def contain(asked: dict[str, Any], descriptors: list[int]) -> int:
    """Be the first process of a container; return its exit code."""
    given, log, control = descriptors
    for folder in asked["groups"]:
        with open(f"{folder}/cgroup.procs", "w") as file:  # noqa: PTH123
            file.write("0")
    _heed_signals()
    os.setsid()
    os.umask(0o022)
    with open("/dev/null", "r+b", buffering=0) as nothing:  # noqa: PTH123
        for stream in range(3):
            os.dup2(nothing.fileno(), stream)
    if "command" in asked:
        os.dup2(log, 2)  # what the program says if it fails
        for one in descriptors:
            os.set_inheritable(one, True)
        command = [*asked["command"], *(str(one) for one in descriptors)]
        os.execvpe(command[0], command, {"PATH": os.environ.get("PATH", os.defpath)})  # noqa: S606
    return supervise(given, log, control)


def _heed_signals() -> None:
    """Undo what the server was told to ignore (by ``nohup``, say): containers are not.

    What Python itself ignores, whoever starts a program gives back.
    """
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def supervise(given: int, log: int, control: int) -> int:
    """Enter the container that a specification describes, and run it to its end."""
    with os.fdopen(given, "rb") as file:
        spec = json.load(file)
    channel = socket.socket(fileno=control)
    try:
        spec["terminal"] = os.openpty() if spec["tty"] else None
        if spec["builds"]:
            enter(spec)
        # what runs in the container is the same user: it must not reach what this process holds
        kernel.be_private()
        kernel.end_with_parent()
        return Supervisor(spec, log, channel).run()
    except (OSError, ValueError, KeyError) as error:
        with contextlib.suppress(OSError):
            channel.send(json.dumps({"failure": str(error)}).encode())
        return START_FAILED


def main() -> int:
    """Serve on the descriptor that the command line names, with what it says to load."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    asked = json.loads(sys.argv[2])
    if asked:
        warm.load(asked["modules"], tuple(asked["package"]), asked["libraries"])
    Launcher(channel).serve()
    return 0
