"""Artifacts before and after a step: real processes, in folders instead of a pod."""

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.services.artifacts.store import ArtifactError
from ruleengine.step.access import PodAccess
from ruleengine.step.loading import load_all, manifest_text
from ruleengine.step.plan import Plan, StepError
from ruleengine.step.preparing import prepare
from ruleengine.step.waiting import IncompleteError, collect, wait
from tests.step.planes import plan
from tests.step.test_wrapping import begin

CLAIM = "ruleengine-artifacts"


def kept_at(key: str) -> Object:
    """Return a location in the default directory."""
    return {"plugin": {"name": "directory", "key": key}}


def kept(path: Path, key: str = "k", **more: Any) -> Object:
    """Return an output artifact as a plan states it."""
    location = kept_at(key)
    return {"name": "a", "path": str(path), "location": location, "reported": location, **more}


class Pod:
    """The folders of a pod."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.access = PodAccess(root / "argo")
        self.store = root / "argo" / "artifacts" / CLAIM
        self.store.mkdir(parents=True)

    def plan(self, **fields: Any) -> Plan:
        """Return a plan in a folder of its own."""
        folder = self.root / f"run-{len(list(self.root.iterdir()))}"
        folder.mkdir()
        return plan(folder, **fields)

    def run(self, made: Plan, *command: str) -> Object:
        """Run a command; return what is reported."""
        with begin(made, *command) as process:
            process.communicate()
        return collect(made, wait(made), self.access)

    def keep(self, script: str, *artifacts: Object) -> Object:
        """Run a script that makes artifacts; return what is reported."""
        return self.run(self.plan(artifacts=artifacts), "sh", "-c", script)

    def load(self, location: Object, **more: Any) -> Path:
        """Load an artifact; return where it is."""
        place = self.root / "loaded"
        load_all([{"name": "a", "path": str(place), "location": location, **more}], self.access)
        return place


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    """Return an empty pod."""
    return Pod(tmp_path)


ARCHIVES: list[Object] = [
    {},
    {"archive": {"tar": {}}},
    {"archive": {"tar": {"compressionLevel": 0}}},
    {"archive": {"zip": {}}},
    {"archive": {"none": {}}},
]


@pytest.mark.parametrize("archive", ARCHIVES, ids=str)
def test_what_is_kept_comes_back_as_it_was(pod: Pod, archive: Object) -> None:
    """A file, and a folder with what is in it, under whatever name it is loaded."""
    folder, file = pod.root / "made  di\\r ", pod.root / "-file"
    script = (
        f"mkdir -p '{folder}/in'; cd '{folder}'; echo 1 >in/one; printf 2 >two; echo x >'{file}'"
    )
    found = pod.keep(script, kept(folder, "d/k", **archive), kept(file, "f", **archive))
    location, other = kept_at("d/k"), kept_at("f")
    assert found["artifacts"] == [
        {"name": "a", "path": str(folder), **archive, **location},
        {"name": "a", "path": str(file), **archive, **other},
    ]
    place = pod.load(location, **archive)
    files = {
        one.relative_to(place).as_posix(): one.read_text()
        for one in place.rglob("*")
        if one.is_file()
    }
    assert files == {"in/one": "1\n", "two": "2"}
    assert pod.load(other, **archive).read_text() == "x\n"


def test_what_is_kept_is_reported_with_what_is_said_of_it(pod: Pod) -> None:
    """By which name the whole workflow knows it, and when it goes; where it lies is as stated."""
    more = {"globalName": "g", "artifactGC": {"strategy": "Never"}, "archive": {"none": {}}}
    path = pod.root / "file"
    stated = kept(path, "k", **more, optional=True, reported={"plugin": {"key": "k"}})
    found = pod.keep(f"echo x >{path}", stated)
    reported = {"name": "a", "path": str(path), **more, "plugin": {"key": "k"}}
    assert found == {"artifacts": [reported]}


def test_archives_are_compressed_as_much_as_is_asked_for(pod: Pod) -> None:
    """Not at all for level 0."""
    sizes = []
    for level in (0, 9):
        archive = {"tar": {"compressionLevel": level}}
        path = pod.root / "zeros"
        pod.keep(f"head -c 100000 /dev/zero >{path}", kept(path, archive=archive))
        sizes.append((pod.store / "k").stat().st_size)
    assert sizes[0] > 100_000
    assert sizes[1] < 10_000


def test_an_archive_is_recognised_by_its_content(pod: Pod) -> None:
    """Unless it is said that it is none; several things at its top make a folder."""
    with tarfile.open(pod.store / "several", "w:gz") as archive:
        for name in ("one", "two"):
            (pod.root / name).write_text(name)
            archive.add(pod.root / name, name)
    assert sorted(one.name for one in pod.load(kept_at("several")).iterdir()) == ["one", "two"]
    assert pod.load(kept_at("several"), archive={"none": {}}).is_file()


@pytest.mark.parametrize("before", ["nothing", "file", "folder", "link", "dangling"])
@pytest.mark.parametrize("content", ["file", "folder", "link"])
def test_an_artifact_takes_the_place_of_what_is_there(pod: Pod, before: str, content: str) -> None:
    """Also of a link, not of what that points to; nothing else is left beside it."""
    outside = pod.root / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    place = pod.root / "new" / "deep" / "place"
    if before != "nothing":
        place.parent.mkdir(parents=True)
    match before:
        case "file":
            place.touch()
        case "folder":
            (place / "old").mkdir(parents=True)
        case "link":
            place.symlink_to(outside)
        case "dangling":
            place.symlink_to(pod.root / "none")
    source = pod.root / "source"
    make = {"file": "printf x >", "folder": "mkdir ", "link": "ln -s x "}[content]
    if content == "link":  # the only thing in an archive
        with tarfile.open(pod.store / "k", "w:gz") as archive:
            entry = tarfile.TarInfo("link")
            entry.type, entry.linkname = tarfile.SYMTYPE, "x"
            archive.addfile(entry)
    else:
        pod.keep(f"{make}{source}", kept(source))
    found = {"name": "a", "path": str(place), "location": kept_at("k"), "mode": 0o750}
    load_all([found], pod.access)
    assert [one.name for one in place.parent.iterdir()] == ["place"]
    assert place.is_symlink() is (content == "link")
    if content == "folder":
        assert list(place.iterdir()) == []
    elif content == "file":
        assert place.read_text() == "x"
    assert [one.name for one in outside.iterdir()] == ["precious"]
    assert not (pod.root / "none").exists()


def test_a_mode_is_never_set_through_a_link(pod: Pod) -> None:
    """Neither that of what a link in a folder points to, nor that beside the artifact."""
    with tarfile.open(pod.store / "k", "w:gz") as archive:
        for name, target in (("d/in", "."), ("d/none", "gone")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    place = pod.load(kept_at("k"), mode=0o700, recurseMode=True)
    assert sorted(one.name for one in place.iterdir()) == ["in", "none"]


def test_a_manifest_may_be_an_artifact(pod: Pod) -> None:
    """It has to be text."""
    (pod.store / "k").write_text("kind: ü", encoding="utf-8")
    stated = {"name": "m", "location": kept_at("k")}
    assert manifest_text(stated, pod.access) == "kind: ü"
    (pod.store / "k").write_bytes(b"\xff")
    with pytest.raises(StepError, match="the manifest in the artifact is no text"):
        manifest_text(stated, pod.access)


def test_text_in_the_document_is_a_file(pod: Pod) -> None:
    """As it is written."""
    assert pod.load({"raw": {"data": "a\nb"}}).read_text() == "a\nb"


def test_modes_are_set_as_they_are_stated(pod: Pod) -> None:
    """On the top alone, or on everything; never through a link."""
    folder, outside = pod.root / "made", pod.root / "outside"
    outside.touch(mode=0o600)
    pod.keep(f"mkdir {folder}; touch {folder}/x; ln -s x {folder}/link", kept(folder))
    place = pod.load(kept_at("k"), mode=0o711)
    assert [one.stat().st_mode & 0o777 for one in (place, place / "x")] == [0o711, 0o644]
    place = pod.load(kept_at("k"), mode=0o700, recurseMode=True)
    assert [one.stat().st_mode & 0o777 for one in (place, place / "x")] == [0o700, 0o700]


def test_a_mode_that_is_none_is_told(pod: Pod) -> None:
    """As an error of the artifact."""
    (pod.store / "k").write_text("1")
    with pytest.raises(StepError, match="`mode` must be a whole number such as 0644, not 'rw'"):
        pod.load(kept_at("k"), mode="rw")


def test_a_folder_that_may_not_be_written_keeps_its_mode(pod: Pod) -> None:
    """Although it is moved to its place."""
    folder = pod.root / "made"
    pod.keep(f"mkdir {folder}; touch {folder}/x; chmod 500 {folder}", kept(folder))
    assert pod.load(kept_at("k")).stat().st_mode & 0o777 == 0o500


def test_what_is_not_there_is_told_unless_it_is_optional(pod: Pod) -> None:
    """Before and after the step."""
    absent = pod.root / "absent"
    with pytest.raises(StepError, match=f"'a' is not there: the step wrote nothing to {absent}"):
        pod.keep("true", kept(absent))
    assert pod.keep("true", kept(absent, optional=True)) == {}
    assert pod.keep("exit 3", kept(absent)) == {}
    with pytest.raises(StepError, match="'a' cannot be loaded: there is no artifact under 'none'"):
        pod.load(kept_at("none"))
    assert not pod.load(kept_at("none"), optional=True).exists()


def test_what_is_there_is_kept_where_something_is_not(pod: Pod) -> None:
    """The logs too, which say why."""
    logs = {"name": "main-logs", "location": kept_at("logs"), "reported": kept_at("logs")}
    parameters = ({"name": "p", "path": str(pod.root / "none")},)
    with pytest.raises(IncompleteError, match="'p' has no value") as caught:
        pod.run(pod.plan(logs=logs, result=True, parameters=parameters), "echo", "why")
    assert caught.value.outputs["result"] == "why"
    assert [one["name"] for one in caught.value.outputs["artifacts"]] == ["main-logs"]
    assert (pod.store / "logs").read_text() == "why\n"


def test_a_step_that_failed_keeps_what_it_made(pod: Pod) -> None:
    """People want to see it."""
    path = pod.root / "report"
    assert pod.keep(f"echo bad >{path}; exit 1", kept(path))["artifacts"]


def test_a_link_that_is_declared_is_kept_as_what_it_stands_for(pod: Pod) -> None:
    """The file, not the link."""
    file, link = pod.root / "file", pod.root / "link"
    pod.keep(f"echo x >{file}; ln -s {file} {link}", kept(link))
    assert pod.load(kept_at("k")).read_text() == "x\n"


def test_what_cannot_be_packed_is_told(pod: Pod) -> None:
    """In the words of the program that packs."""
    made = pod.plan(artifacts=(kept(pod.root / "x"),))
    prepare(made)
    (made.directory / "artifacts" / "0.said").write_text("tar: cannot read x\n")
    with pytest.raises(StepError, match="'a' cannot be kept: tar: cannot read x"):
        collect(made, 0, pod.access)


def test_a_pipe_is_no_artifact(pod: Pod) -> None:
    """Also where one is optional: it is there, and it is none; below a folder it is left out."""
    pipe = pod.root / "pipe"
    with pytest.raises(StepError, match=r"'a' cannot be kept: .*/pipe is neither a file nor a f"):
        pod.keep(f"mkfifo {pipe}", kept(pipe, optional=True))
    folder = pod.root / "folder"
    pod.keep(f"mkdir {folder}; mkfifo {folder}/pipe; touch {folder}/file", kept(folder))
    assert [one.name for one in pod.load(kept_at("k")).iterdir()] == ["file"]


LEFT = ["output", "parameters/0", "artifacts/0.tar", "main.log"]


@pytest.mark.parametrize("name", LEFT)
@pytest.mark.parametrize("way", ["link", "folder", "pipe"])
def test_a_step_cannot_make_us_read_what_only_we_can_see(pod: Pod, name: str, way: str) -> None:
    """No link that it lays is followed, also not on the way, and no pipe is waited for."""
    secret = pod.root / "argo" / "secret" / "s"
    secret.mkdir(parents=True)
    for one in ("output", "0", "0.tar", "main.log"):
        (secret / one).write_text("top secret")
    logs = {"name": "main-logs", "location": kept_at("logs"), "reported": kept_at("logs")}
    artifacts = (kept(pod.root / "x", optional=True, archive={"none": {}}),)
    parameters = ({"name": "p", "path": "/p", "default": "d"},)
    made = pod.plan(result=True, parameters=parameters, artifacts=artifacts, logs=logs)
    prepare(made)
    place = made.directory / name
    if way == "folder" and "/" in name:
        place.parent.rmdir()
        place.parent.symlink_to(secret)
    elif way == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(secret / place.name)
    found = collect(made, 0, pod.access)
    assert ("result" in found, found["parameters"][0]["value"]) == (False, "d")
    assert [one["name"] for one in found["artifacts"]] == ["main-logs"]
    assert (pod.store / "logs").read_text() == ""


def test_the_logs_of_a_step_are_kept(pod: Pod) -> None:
    """Both of its streams, beside its result; they go on to where they went."""
    logs = {"name": "main-logs", "location": kept_at("logs"), "reported": kept_at("logs")}
    made = pod.plan(result=True, logs=logs)
    found = pod.run(made, "sh", "-c", "echo out; echo error >&2; echo last")
    assert sorted((pod.store / "logs").read_text().splitlines()) == ["error", "last", "out"]
    assert found["result"] == "out\nlast"
    assert found["artifacts"] == [{"name": "main-logs", "archive": {"none": {}}, **kept_at("logs")}]


def test_a_key_of_a_secret_is_read_where_it_is_mounted(pod: Pod) -> None:
    """A newline at its end is none of it; one that is missing is told, but not what it is."""
    folder = pod.root / "argo" / "secret" / "s"
    folder.mkdir(parents=True)
    (folder / "k").write_text("value\n")
    found = pod.access.secret({"name": "s", "key": "k"})
    assert found is not None
    assert found.reveal() == "value"
    assert pod.access.secret({"name": "s", "key": "none", "optional": True}) is None
    with pytest.raises(ArtifactError, match="the Secret 's' has no key 'none'"):
        pod.access.secret({"name": "s", "key": "none"})
