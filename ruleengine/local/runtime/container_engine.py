"""A container engine (podman, docker) as its command line: which images it has, and how they run.

A container whose image the engine has runs in it; one that can only run in its image has that
pulled. All others run in the sandbox of this machine, which starts much more quickly.
The client of the engine runs in place of the container's process: what it writes is the log, its
exit code that of the container.
"""

import logging
import os
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ruleengine.formats import json_text
from ruleengine.local.runtime.engine_client import EngineClient
from ruleengine.local.runtime.launching import Ending, Launch
from ruleengine.local.runtime.surroundings import PullError
from ruleengine.local.runtime.values import ContainerPlan, InImage
from ruleengine.model.artifact_places import DRIVER_PREFIX
from ruleengine.model.digests import content_digest
from ruleengine.model.names import STATE

_LOG: Final = logging.getLogger(__name__)

_HUB: Final = "docker.io/"
_MOST_PROCESSES: Final = 8192
_MOST_FILES: Final = 1 << 20
_FRESH: Final = 5.0
"""Seconds for which a list of images is good."""

_FAILED_FOR: Final = 60.0
"""Seconds after which a pull that failed is tried again, and an engine that could not be used."""

_PULL_PATIENCE: Final = 900.0
_NO_PROGRAM: Final = 127
_TRIAL: Final = "/ruleengine-no-such-program"


def full_name(reference: str) -> str:
    """Return an image reference in full: with its registry, and its tag unless it has a digest."""
    name, at, digest = reference.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = head + slash + last
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"{_HUB}library/{name}"
    elif not (set(".:") & set(first) or first == "localhost"):
        name = _HUB + name
    name = name.replace("index.docker.io/", _HUB)
    return f"{name}@{digest}" if at else f"{name}:{tag or 'latest'}"


class ContainerEngine:
    """The engine that a command stands for. ``state`` tells the containers of servers apart.

    ``run`` runs a command to its end; it is there so that a test can look at what is asked.
    ``problem`` says why the engine is not used, empty where it is; ``again`` seconds later it is
    tried again. Both turns are told in the log.
    """

    def __init__(
        self,
        command: Sequence[str],
        state: Path,
        environment: Mapping[str, str],
        run: Callable[..., "subprocess.CompletedProcess[str]"] = subprocess.run,
        *,
        again: float = _FAILED_FOR,
    ) -> None:
        self.command = tuple(command)
        self.problem = "" if command else "there is no container engine"
        self._is_podman = "podman" in Path(command[0]).name if command else False
        self._label = f"{STATE}={content_digest(str(state))[:32]}"
        self._client = EngineClient(command, environment, run)
        self._lock = threading.Lock()
        self._images: frozenset[str] = frozenset()
        self._listed = -_FRESH
        self._tried = ""
        self._again = again
        self._due = 0.0
        self._pulls: dict[str, tuple[str, float]] = {}
        self._pulling = threading.Lock()
        self._closed = False

    def has(self, reference: str) -> bool:
        """Tell whether a container of an image can run in it."""
        if not self._is_usable():
            return False
        if time.monotonic() - self._listed >= _FRESH:
            self._take_in(self._list())
        found = self._knows(reference)
        if found and not self._tried:
            self._take_in(self._try(reference))
        return found and not self.problem

    def images(self) -> frozenset[str]:
        """Return the full names of the images that are there."""
        if self._is_usable() and self._listed < 0:
            self._take_in(self._list())
        return self._images

    def _knows(self, reference: str) -> bool:
        name = full_name(reference)
        local = "localhost/" + name.removeprefix(f"{_HUB}library/").removeprefix(_HUB)
        return name in self._images or local in self._images

    def _is_usable(self) -> bool:
        """Tell whether the engine is used; one that was not for a while is tried again beside."""
        with self._lock:
            due = bool(self.problem and self.command) and time.monotonic() >= self._due
            if due:
                self._due = float("inf")
        if due:
            threading.Thread(target=self._try_again, name="engine", daemon=True).start()
        return not self.problem

    def _try_again(self) -> None:
        problem = self._list()
        if not problem and self._knows(self._tried):
            problem = self._try(self._tried)
        elif not problem:
            self._tried = ""
        self._take_in(problem)

    def _take_in(self, problem: str) -> None:
        """Take in why the engine cannot be used, empty where it can, and tell what is new."""
        if problem:
            problem = f"the container engine {self.command[0]} {problem}"
        with self._lock:
            before, self.problem = self.problem, problem
            self._due = time.monotonic() + self._again
        if problem != before:
            again = f"the container engine {self.command[0]} can be used again"
            _LOG.warning("the local node: %s", self._told() if problem else again)

    def _told(self) -> str:
        """Return why the engine is not used, and when it is tried again."""
        when = f"; it is tried again every {self._again:g} seconds" if self.command else ""
        return self.problem + when

    def _list(self) -> str:
        """Take in which images there are; return why that cannot be said."""
        fields = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
        try:
            text = self._client.call("images", "--digests", "--format", fields)
        except OSError as error:
            return f"cannot be used: {error}"
        names = (one for one in text.split() if "<none>" not in one)
        self._images = frozenset(full_name(one) for one in names)
        self._listed = time.monotonic()
        return ""

    def _try(self, reference: str) -> str:
        """Find out whether the engine starts anything here: a program that is not there."""
        self._tried = reference
        asked = [*self._options(), "--rm", "--entrypoint", _TRIAL, reference]
        done = self._client.run("run", *asked)
        if done.returncode == _NO_PROGRAM:
            return ""
        why = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        return f"starts no container: {why}"

    def pull(self, reference: str, changed: Callable[[], None]) -> bool:
        """Have an image pulled; return whether it is on its way. ``changed`` is called then.

        Raises ``PullError`` where it cannot be had.
        """
        if self.problem:
            raise PullError(self._told())
        with self._lock:
            problem, at = self._pulls.get(reference, ("", 0.0))
            if at and not problem:
                return True
            if problem and time.monotonic() - at < _FAILED_FOR:
                raise PullError(problem)
            self._pulls[reference] = "", time.monotonic()
        # nobody waits for it when the server ends, as for the threads of a pool
        asked = (reference, changed)
        threading.Thread(target=self._pull, args=asked, name="pull", daemon=True).start()
        return True

    def _pull(self, reference: str, changed: Callable[[], None]) -> None:
        problem = ""
        with self._pulling:  # one at a time
            if self._closed:
                return
            try:
                self._client.call("pull", "--quiet", reference, patience=_PULL_PATIENCE)
            except OSError as error:
                problem = str(error)
        with self._lock:
            if problem:
                self._pulls[reference] = problem, time.monotonic()
            else:
                del self._pulls[reference]
        self._listed = -_FRESH
        changed()

    @contextmanager
    def launch(
        self,
        plan: ContainerPlan,
        attempt: Path,
        volumes: Sequence[Mapping[str, Any]],
        ours: int = 0,
    ) -> Iterator[Launch]:
        """Yield how to start a container in its image. Raises ``OSError``.

        ``ours`` is the host's user that containers of the sandbox are, 0 for the present one.
        """
        if plan.inside is None:
            raise AssertionError("a plan without an image is not the engine's")
        message = attempt / "termination"
        message.touch()
        message.chmod(0o666)
        bound = {"source": str(message), "inner": (), "target": plan.termination_path}
        name = name_of(plan)
        variables, environment = _variables(plan.environment, self._client.environment)
        spec = {
            "arguments": [
                *(*self.command, "run", "--name", name, "--label", self._label),
                *(*self._options(), *_wishes(plan), *self._read_only(plan), *variables),
                *(part for one in [*volumes, bound] for part in _mount(one)),
                *_started(plan.inside, self._user(plan, plan.inside, ours)),
            ],
            "builds": False,
            "environment": environment,
            "isolated": False,
            "limits": {},
            "signal_with": [*self.command, "kill", "--signal", "{signal}", name],
            "stdin": plan.stdin,
            "stdin_once": plan.stdin_once,
            "tty": plan.tty,
            "warm": False,
            "working_directory": "/",
        }
        log = os.open(attempt / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield Launch(
                specification=json_text.dump_bytes(spec),
                log=log,
                ending=Ending(self._removal(name), self._client.environment),
            )
        finally:
            os.close(log)

    def _user(self, plan: ContainerPlan, inside: InImage, ours: int) -> str:
        """Return whom a container runs as; empty where the image says it.

        An artifact driver meets containers of the sandbox at a socket, which is open to its maker
        alone: it runs as the user that they are on the host.
        """
        if not plan.container.startswith(DRIVER_PREFIX):
            return inside.user
        present = os.geteuid()
        if present and self._is_podman:
            present = 0  # without root: who is root inside is ourselves outside
        return str(ours or present)

    def _options(self) -> list[str]:
        """Return what every container is started with."""
        found = ["--pull=never", "--log-driver=none", "--network=host"]
        found += ["--security-opt=no-new-privileges", f"--pids-limit={_MOST_PROCESSES}"]
        for name, most in (("nofile", _MOST_FILES), ("nproc", _MOST_PROCESSES)):
            _, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
            number = most if hard == resource.RLIM_INFINITY else min(most, hard)
            found.append(f"--ulimit={name}={number}:{number}")
        return found

    def _read_only(self, plan: ContainerPlan) -> list[str]:
        if not plan.read_only_root:
            return []
        # podman would lay folders that can be written over it
        whole = ["--read-only-tmpfs=false"] if self._is_podman else []
        return ["--read-only", *whole]

    def execution(self, plan: ContainerPlan, arguments: Sequence[str], *, tty: bool) -> list[str]:
        """Return the command that runs another program in a container."""
        way = ["--interactive", *(["--tty"] if tty else [])]
        return [*self.command, "exec", *way, name_of(plan), *arguments]

    def was_out_of_memory(self, plan: ContainerPlan) -> bool:
        """Tell whether the system ended a container for want of memory."""
        asked = ("inspect", "--format", "{{.State.OOMKilled}}", name_of(plan))
        return self._client.run(*asked).stdout.strip() == "true"

    def remove(self, plan: ContainerPlan) -> None:
        """Remove a container that has ended."""
        self._client.run(*self._removal(name_of(plan))[len(self.command) :])

    def remove_all(self) -> None:
        """End and remove every container that a server of this state folder has left."""
        listed = self._client.run("ps", "--all", "--quiet", "--filter", f"label={self._label}")
        if names := listed.stdout.split():
            self._client.run(*self._removal(*names)[len(self.command) :])

    def _removal(self, *names: str) -> list[str]:
        # podman would ask and wait before it forces
        at_once = ["--time=0"] if self._is_podman else []
        return [*self.command, "rm", "--force", *at_once, *names]

    def close(self) -> None:
        """Pull nothing more."""
        self._closed = True


def name_of(plan: ContainerPlan) -> str:
    """Return the name of a container in the engine."""
    return f"ruleengine-{plan.uid}-{plan.container}-{plan.attempt}"


def _wishes(plan: ContainerPlan) -> Iterator[str]:
    """Yield the options that a container's own wishes come to."""
    yield f"--hostname={plan.hostname}"
    for line in plan.hosts:
        address, *names = line.split()
        yield from (f"--add-host={name}:{address}" for name in names)
    if plan.limits.memory:
        yield f"--memory={plan.limits.memory}"
    if plan.limits.cpu:
        yield f"--cpus={plan.limits.cpu / 1000:g}"
    if plan.stdin:
        yield "--interactive"
    if plan.tty:
        yield "--tty"


def _variables(
    stated: Mapping[str, str], own: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return options and an environment that give a container its variables.

    Values are not written into the command line, where everybody could read them, but for those
    whose names the engine's own client needs for itself.
    """
    found = []
    environment = {**stated, **own}
    for name, text in stated.items():
        found.append(f"--env={name}={text}" if name in own else f"--env={name}")
    return found, environment


def _mount(bind: Mapping[str, Any]) -> Iterator[str]:
    source = "/".join((bind["source"], *bind["inner"]))
    if "," in source + bind["target"] or '"' in source + bind["target"]:
        raise OSError(f"the container engine cannot mount {bind['target']}: a comma or quote")
    read_only = ",readonly" if bind.get("read_only") else ""
    yield f"--mount=type=bind,source={source},target={bind['target']}{read_only}"


def _started(inside: InImage, user: str) -> Iterator[str]:
    """Yield the image and what it starts, as a user if one is named."""
    if user:
        yield f"--user={user}"
    if inside.working_directory:
        yield f"--workdir={inside.working_directory}"
    first, *rest = (*inside.command,) or ("",)
    if first:
        yield f"--entrypoint={first}"
    yield inside.reference
    yield from rest
    yield from inside.args
