"""Control groups: what is written where, proven on folders that look like those of the system."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ruleengine.local.runtime.groups import Groups, files_of, old_files_of
from ruleengine.local.runtime.values import Limits

LIMITS = Limits(memory=64 << 20, cpu=250)


class System:
    """A mount of control groups in pretence: new groups have the files that they would have."""

    def __init__(self, mount: Path, controllers: str = "cpu memory pids") -> None:
        self.mount = mount
        self.controllers = controllers
        self.own = mount.with_name("own")
        self.make(mount)

    def make(self, folder: Path, processes: str = "") -> Path:
        """Make a group as the system does."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max"):
            if name.partition(".")[0] in self.controllers:
                (folder / name).write_text("max")
        (folder / "cgroup.controllers").write_text(self.controllers)
        (folder / "cgroup.subtree_control").write_text("")
        (folder / "cgroup.procs").write_text(processes)
        return folder

    def groups(self, user: int = 0, own: str = "0::/\n") -> Groups:
        """Return the groups of a server whose folders are already there."""
        self.own.write_text(own)
        return Groups(self.mount, self.own, user, self.make)


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a system on which every new folder is a group."""
    return System(tmp_path / "cgroup")


def test_limits_are_files_of_a_group() -> None:
    """What is not limited has no file, but for the number of processes."""
    assert files_of(LIMITS) == {
        "memory.max": "67108864",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "cpu.max": "25000 100000",
        "pids.max": "8192",
    }
    assert list(files_of(Limits())) == ["pids.max"]


def test_each_container_has_a_group_with_its_limits(system: System) -> None:
    """Below one of the server, which holds the launchers too."""
    groups = system.groups()
    groups.adopt(42)
    group = groups.make("c", LIMITS)
    assert (group is not None, groups.problem) == (True, "")
    assert group is not None
    assert (group.folders[0] / "memory.max").read_text() == "67108864"
    assert (group.folders[0] / "cpu.max").read_text() == "25000 100000"
    base = group.folders[0].parent
    assert base.parent == system.mount
    assert (base / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (base / "launchers" / "cgroup.procs").read_text() == "42"


def test_a_user_makes_groups_where_the_system_lets_them(system: System) -> None:
    """In the highest one of theirs that has no processes of its own."""
    session = system.make(system.mount / "user.slice" / "user@7.service")
    system.make(session / "app.slice")
    system.make(session / "app.slice" / "shell.scope", "4711")
    own = "0::/user.slice/user@7.service/app.slice/shell.scope\n"
    system.make(system.mount / "user.slice", "1")
    group = system.groups(1000, own).make("c", Limits())
    assert group is not None
    assert group.folders[0].parent.parent == session


@pytest.mark.parametrize("controllers", ["cpu pids", ""])
def test_without_memory_there_is_no_group(system: System, controllers: str) -> None:
    """And it is said why."""
    system.controllers = controllers
    groups = system.groups()
    assert groups.make("c", LIMITS) is None
    assert "memory is not delegated" in groups.problem


def test_a_machine_without_groups_says_so(tmp_path: Path) -> None:
    """Nothing fails for it."""
    groups = Groups(tmp_path, tmp_path / "own", 0)
    groups.adopt(1)
    assert groups.make("c", LIMITS) is None
    assert "this machine has none" in groups.problem
    groups.close()


def test_groups_of_another_server_are_left_alone(system: System) -> None:
    """A new one may be empty for a moment; those of one that was killed go."""
    others = [system.make(system.mount / f"ruleengine-{pid}") for pid in (os.getppid(), 1 << 30)]
    for folder in others:
        for file in folder.iterdir():
            file.unlink()  # the system has none that are in the way
    system.groups()
    assert [one.exists() for one in others] == [True, False]


@pytest.mark.parametrize("file", ["memory.events", "memory.oom_control"])
def test_what_ended_for_want_of_memory_is_known(system: System, file: str) -> None:
    """The system counts it, under another name before cgroup v2."""
    group = system.groups().make("c", LIMITS)
    assert group is not None
    assert not group.was_out_of_memory()
    (group.folders[0] / file).write_text("under_oom 1\noom_kill 0\n")
    assert not group.was_out_of_memory()
    (group.folders[0] / file).write_text("under_oom 0\noom_kill 1\n")
    assert group.was_out_of_memory()


OLD = ("memory.limit_in_bytes", "cpu.cfs_period_us", "cpu.cfs_quota_us")


def old_system(mount: Path) -> Callable[[Path], None]:
    """Lay out the trees of cgroup v1, one for each controller; return what makes a group."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        controller = folder.relative_to(mount).parts[0]
        for name in ("cgroup.procs", *(one for one in OLD if one.startswith(controller))):
            (folder / name).write_text("")

    for controller in ("cpu", "memory", "pids"):
        make(mount / controller)
    return make


def test_an_older_machine_has_a_group_in_each_tree(tmp_path: Path) -> None:
    """With the limits that are that tree's; what the system does not count is not written."""
    make = old_system(tmp_path)
    groups = Groups(tmp_path, tmp_path / "own", 0, make)
    groups.adopt(42)
    group = groups.make("c", LIMITS)
    assert (group is not None, groups.problem) == (True, "")
    assert group is not None
    assert [one.relative_to(tmp_path).parts[0] for one in group.folders] == ["cpu", "memory"]
    texts = {
        name: (one / name).read_text()
        for one in group.folders
        for name in OLD
        if (one / name).exists()
    }
    stated = old_files_of(LIMITS)
    assert texts == {name: stated[name] for name in OLD}
    assert stated["memory.memsw.limit_in_bytes"] == stated["memory.limit_in_bytes"] == "67108864"
    assert (stated["cpu.cfs_quota_us"], stated["cpu.cfs_period_us"]) == ("25000", "100000")


def test_without_limits_there_is_no_group_on_an_older_machine(tmp_path: Path) -> None:
    """To join some takes longer than to start a container; with one limit there is its own."""
    groups = Groups(tmp_path, tmp_path / "own", 0, old_system(tmp_path))
    assert groups.make("c", Limits()) is None
    group = groups.make("d", Limits(memory=1 << 20))
    assert group is not None
    assert [one.parent.parent.name for one in group.folders] == ["memory"]


def test_the_groups_of_an_older_machine_are_for_root(tmp_path: Path) -> None:
    """Others have none, which is said."""
    make = old_system(tmp_path)
    groups = Groups(tmp_path, tmp_path / "own", 1000, make)
    assert groups.make("c", LIMITS) is None
    assert "for root alone" in groups.problem
