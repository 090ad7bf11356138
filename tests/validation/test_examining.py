"""Facts of files are learnt in one process or in several, with one result."""

from pathlib import Path

from ruleengine.app.contents import DiskContents
from ruleengine.app.examining import Task, examine_all
from ruleengine.app.setup_trees import SetupTree
from ruleengine.validation.facts import FileKey, decode_findings
from tests.validation.config_repos import FILES, Repo


def test_several_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """Good, wrong and missing files, shared among spawned workers."""
    repo = Repo(tmp_path)
    repo.write({**FILES, "pipelines/wrong.yaml": "steps: 7\n"})
    names = ["environments/staging/web.yaml", "pipelines/build.yaml", "triggers/on-push.yaml"]
    names += ["pipelines/wrong.yaml", "pipelines/missing.yaml"]
    keys = [FileKey(path, f"blob of {path}", "") for path in names]
    task = Task(contents=DiskContents(tmp_path), setup=SetupTree(contents={}))
    told: list[tuple[int, int]] = []
    alone = list(examine_all(task, keys, 1, lambda done, total: told.append((done, total))))
    shared = list(
        examine_all(task, keys, 2, lambda done, total: told.append((done, total)), worth=2)
    )
    assert sorted(shared) == sorted(alone)
    assert told == [(done, 5) for done in (1, 2, 3, 4, 5)] * 2
    wrong = {
        row.key.path
        for row in alone
        for one in decode_findings(row.findings)
        if one.code != "support-kind-recorded"
    }
    assert wrong == {"pipelines/wrong.yaml", "pipelines/missing.yaml"}
