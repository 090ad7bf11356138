"""The archive as workflows ask it: at once where many begin, and never in their way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ruleengine.app.archiving import make_archiving, make_last_runs, opened_archive
from ruleengine.app.clusters import LOCAL_NAME, Connected
from ruleengine.cluster.client import Client
from ruleengine.model.configuration import ArchiveSettings, Configuration
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import UnreachableError
from ruleengine.pipelines.archiving import archive_request
from tests.cluster.fake_api import FakeApi
from tests.services.test_archives import workflow

LABEL = "workflows.argoproj.io/workflow-template"


@dataclass
class Asking:
    """Somebody whose workflows begin, one after another."""

    folder: Path
    database: str = ""
    now: float = 0.0

    def __post_init__(self) -> None:
        """Begin with an archive that holds nothing."""
        self.settings = Configuration(archive=ArchiveSettings(database=self.database))
        self.cluster = Connected(client=Client(FakeApi()), local=True, name=LOCAL_NAME)
        of = (self.settings, self.cluster, self.folder)
        self.perform = make_last_runs(*of, lambda: self.now)

    def ask(self, *templates: str) -> Answer:
        """Return what a workflow of some templates hears."""
        labels = [[LABEL, one] for one in templates]
        payload = {"namespace": "ci", "labels": labels, "uid": "u"}
        return self.perform(Request(kind="last-run", payload=payload))

    def store(self, name: str, hour: int, template: str) -> None:
        """Put a run that began at five o'clock into the archive."""
        with opened_archive(self.settings, self.cluster, self.folder) as archive:
            archive.store(workflow(name, hour=hour, **{LABEL: template}))


def test_the_first_template_with_a_run_in_the_archive_tells(tmp_path: Path) -> None:
    """How many seconds that took; where none has one nothing is told."""
    asking = Asking(tmp_path)
    asking.store("one", 6, "build")
    asking.store("two", 8, "nightly")
    assert asking.ask("test") == Answer(value={})
    assert asking.ask("test", "build", "nightly") == Answer(value={"seconds": 3600})


def test_workflows_that_begin_at_once_share_an_answer(tmp_path: Path) -> None:
    """One that begins later hears of what ended in between."""
    asking = Asking(tmp_path)
    assert asking.ask("build") == Answer(value={})
    asking.store("one", 6, "build")
    assert asking.ask("build") == Answer(value={})
    asking.now += 10
    assert asking.ask("build") == Answer(value={"seconds": 3600})


def test_an_archive_that_failed_is_left_alone_for_a_while(tmp_path: Path) -> None:
    """Whoever begins meanwhile does not wait for it; then it is asked again."""
    asking = Asking(tmp_path)
    broken = tmp_path / "archive.sqlite"
    broken.write_bytes(b"no database" * 100)
    failed = asking.ask("build")
    assert "archive.sqlite" in failed.error
    broken.unlink()
    asking.store("one", 6, "nightly")
    assert asking.ask("nightly") == failed
    asking.now += 61
    assert asking.ask("nightly") == Answer(value={"seconds": 3600})


def test_an_archive_that_does_not_answer_says_where_and_nothing_secret(tmp_path: Path) -> None:
    """It is an answer like any other."""
    failed = Asking(tmp_path, "postgresql://me:hunter2@127.0.0.1:1/runs").ask("build")
    assert "127.0.0.1/runs does not answer" in failed.error
    assert "hunter2" not in f"{failed}"


def no_database(path: Path) -> None:
    """Put a damaged file in place of the archive."""
    path.write_bytes(b"no database" * 100)


@pytest.mark.parametrize(("hinder", "mend"), [(no_database, Path.unlink), (Path.mkdir, Path.rmdir)])
def test_what_hinders_archiving_is_no_answer_and_the_next_try_stores_it(
    tmp_path: Path, hinder: Callable[[Path], None], mend: Callable[[Path], None]
) -> None:
    """After an answer nobody would ask again; a full disk, or what is damaged, may be mended."""
    asking, api = Asking(tmp_path), FakeApi()
    over = api.add(workflow("one"))
    cluster = Connected(client=Client(api), local=True, name=LOCAL_NAME)
    perform = make_archiving(asking.settings, cluster, tmp_path)
    place = tmp_path / "archive.sqlite"
    hinder(place)
    with pytest.raises(UnreachableError, match=r"archive\.sqlite"):
        perform(archive_request(over))
    mend(place)
    assert perform(archive_request(over)) == Answer(value={"archived": True})
