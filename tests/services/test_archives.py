"""The archive of workflows: the same on SQLite and on a real PostgreSQL server."""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.apimachinery.selectors import parse_label_selector
from ruleengine.model.errors import StoreError, UnreachableError
from ruleengine.model.values import Object
from ruleengine.services.archives.archive import Archive, Query
from ruleengine.services.archives.opening import open_archive
from ruleengine.services.archives.postgresql import PostgresqlDatabase
from ruleengine.services.archives.sqlite import SqliteDatabase
from tests.e2e.process_kit import wait_for


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """Return an empty archive of either kind."""
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    made = open_archive(url, tmp_path / "archive.sqlite")
    yield made
    for one in made.list(Query()):
        made.delete(one.uid)
    made.close()


def workflow(name: str, *, phase: str = "Succeeded", hour: int = 6, **labels: str) -> Object:
    """Return a workflow that is over."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "ci", "uid": f"uid-{name}", "labels": labels},
        "spec": {"entrypoint": "a", "weird": "100% ? ' \u2603"},
        "status": {
            "phase": phase,
            "startedAt": "2026-11-28T05:00:00Z",
            "finishedAt": f"2026-11-28T{hour:02}:00:00Z",
        },
    }


def names(archive: Archive, **query: object) -> list[str]:
    """Return the names of what a query lists."""
    return [one.name for one in archive.list(Query(**query))]


def test_what_was_stored_comes_back_whole(archive: Archive) -> None:
    """Stored again it is replaced, labels and all: nothing is there twice."""
    archive.store(workflow("a", team="shop"))
    archive.store(workflow("a", phase="Failed", team="bank"))
    (entry,) = archive.list(Query())
    assert (entry.phase, entry.finished) == ("Failed", "2026-11-28T06:00:00Z")
    assert archive.get("uid-a") == workflow("a", phase="Failed", team="bank")
    assert names(archive, selector=parse_label_selector("team=shop")) == []
    assert archive.get("uid-b") is None


def test_lists_are_chosen_and_ordered_by_their_end(archive: Archive) -> None:
    """By namespace, name, prefix, phases and labels; the newest first, and not too many."""
    archive.store(workflow("build-1", hour=6, team="shop"))
    archive.store(workflow("build-2", hour=8, phase="Failed"))
    archive.store(workflow("test_1", hour=7, team="bank"))
    assert names(archive) == ["build-2", "test_1", "build-1"]
    assert names(archive, most=1) == ["build-2"]
    assert names(archive, prefix="build-") == ["build-2", "build-1"]
    assert names(archive, prefix="%") == []
    assert names(archive, name="test_1", namespace="ci") == ["test_1"]
    assert names(archive, namespace="other") == []
    assert names(archive, phases=("Failed", "Error")) == ["build-2"]
    assert names(archive, selector=parse_label_selector("team in (shop,bank)")) == [
        "test_1",
        "build-1",
    ]
    assert names(archive, selector=parse_label_selector("!team")) == ["build-2"]


def test_labels_are_listed_by_name_and_by_value(archive: Archive) -> None:
    """Each once and in order, in one namespace or in all."""
    archive.store(workflow("a", team="shop", tier="web"))
    archive.store(workflow("b", team="bank"))
    archive.store(workflow("c", team="shop", Zone="x"))
    assert sorted(archive.label_names()) == ["Zone", "team", "tier"]
    assert archive.label_names("ci") == archive.label_names()
    assert archive.label_values("team") == ["bank", "shop"]
    assert archive.label_values("team", "ci") == ["bank", "shop"]
    assert archive.label_values("tier") == ["web"]
    assert (archive.label_names("other"), archive.label_values("team", "other")) == ([], [])
    assert [archive.label_values(one) for one in ("none", "")] == [[], []]
    archive.delete("uid-c")
    assert sorted(archive.label_names()) == ["team", "tier"]


def test_the_last_good_run_of_a_template_is_found(archive: Archive) -> None:
    """That was started last, of this namespace and label, and succeeded."""
    archive.store(workflow("first", hour=9, template="build"))
    late = workflow("late", hour=8, template="build")
    archive.store({**late, "status": {**late["status"], "startedAt": "2026-11-28T06:00:00Z"}})
    archive.store(workflow("bad", hour=10, phase="Failed", template="build"))
    archive.store(workflow("other", hour=10, template="test"))
    found = archive.latest("ci", "template", "build")
    assert found is not None
    assert (found.name, found.started, found.finished) == (
        "late",
        "2026-11-28T06:00:00Z",
        "2026-11-28T08:00:00Z",
    )
    assert archive.latest("elsewhere", "template", "build") is None
    assert archive.latest("ci", "template", "b") is None


def test_what_is_old_is_forgotten(archive: Archive) -> None:
    """With its labels; what is younger stays."""
    archive.store(workflow("old", hour=6, team="shop"))
    archive.store(workflow("new", hour=8))
    assert archive.expire(datetime(2026, 11, 28, 7, tzinfo=UTC)) == 1
    assert names(archive) == ["new"]


def test_two_processes_make_the_tables_at_once(postgresql: str, tmp_path: Path) -> None:
    """Neither fails."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            open_archive(postgresql, tmp_path).close()
        except BaseException as error:  # noqa: BLE001 - counted by the test
            problems.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == []


def test_a_statement_that_is_held_up_is_given_up(postgresql: str) -> None:
    """By the server, and what was asked for can be asked for again."""
    holder = PostgresqlDatabase(postgresql)
    database = PostgresqlDatabase(postgresql, longest=0.2)
    archive = Archive(database)
    try:
        with holder.transaction():
            holder.execute("LOCK TABLE argo_archived_workflows", ())
            with pytest.raises(UnreachableError, match="statement timeout"):
                archive.store(workflow("held-up"))
        archive.store(workflow("held-up"))
        assert [one.name for one in archive.list(Query(name="held-up"))] == ["held-up"]
        archive.delete("uid-held-up")
    finally:
        holder.close()
        database.close()


def test_a_file_that_another_process_writes_is_waited_for_a_while(tmp_path: Path) -> None:
    """What was asked for can be asked for again."""
    path = tmp_path / "archive.sqlite"
    holder, database = SqliteDatabase(path), SqliteDatabase(path, patience=0.1)
    archive = Archive(database)
    with holder.transaction(), pytest.raises(UnreachableError, match="held by another process"):
        archive.store(workflow("held-up"))
    archive.store(workflow("held-up"))
    assert names(archive) == ["held-up"]
    holder.close()
    database.close()


def test_a_server_that_says_nothing_any_more_is_hung_up_on(postgresql: str) -> None:
    """It may even be stopped; then a connection is made anew."""
    database = PostgresqlDatabase(postgresql, longest=0.2)
    ((stopped,),) = database.execute("SELECT pg_backend_pid()", ())
    os.kill(stopped, signal.SIGSTOP)
    try:
        with pytest.raises(UnreachableError, match=r"it said nothing for 0\.3 s"):
            database.execute("SELECT 1", ())
        assert database.execute("SELECT 1", ()) == [(1,)]
    finally:
        os.kill(stopped, signal.SIGCONT)
        database.close()


def test_a_bound_of_the_database_itself_stays(postgresql: str) -> None:
    """Whoever sets one knows how long statements take there."""
    own = PostgresqlDatabase(f"{postgresql}?options=-cstatement_timeout%3D7s")
    usual = PostgresqlDatabase(postgresql)
    try:
        assert own.execute("SHOW statement_timeout", ()) == [("7s",)]
        assert usual.execute("SHOW statement_timeout", ()) == [("1min",)]
    finally:
        own.close()
        usual.close()


def test_a_lost_connection_is_made_anew(postgresql: str, tmp_path: Path) -> None:
    """The server ends connections when it restarts; the command that meets it says so once."""
    archive = open_archive(postgresql, tmp_path)
    other = open_archive(postgresql, tmp_path)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    other._database.execute(f"{end} AND backend_type = 'client backend'", ())
    with pytest.raises(UnreachableError):
        archive.list(Query())
    assert archive.list(Query()) == []
    archive.close()
    other.close()


def test_a_user_who_may_make_no_tables_leaves_no_connection(
    postgresql: str, tmp_path: Path
) -> None:
    """Who tries again and again would use up what the server has."""
    admin = open_archive(postgresql, tmp_path)
    admin._database.execute("CREATE ROLE guest LOGIN", ())
    url = postgresql.replace("//tester@", "//guest@") + "?options=-csearch_path%3Dnone"
    with pytest.raises(StoreError, match="refuses: no schema"):
        open_archive(url, tmp_path)
    count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'guest'"
    assert wait_for(lambda: admin._database.execute(count, ()) == [(0,)])
    admin.close()


def test_a_database_that_does_not_answer_says_where_and_nothing_secret(tmp_path: Path) -> None:
    """Neither user nor password is in the message."""
    with pytest.raises(UnreachableError) as caught:
        open_archive("postgresql://me:hunter2@127.0.0.1:1/builds", tmp_path)
    text = f"{caught.value.message} {caught.value.remedy}"
    assert "127.0.0.1/builds" in text
    assert "hunter2" not in text


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    """With what to do."""
    path = tmp_path / "archive.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError) as caught:
        open_archive("", path)
    assert "restore a backup" in caught.value.remedy
