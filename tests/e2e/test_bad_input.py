"""Bad input end to end: what is wrong, where and what to do; a documented exit code; no traceback.

Each case is a change to a good config repo, checked by the command line as a user calls it.
"""

import pytest

from tests.e2e import bad_documents
from tests.e2e.bad_documents import Case
from tests.e2e.command_line import Result, call, put, restore
from tests.validation.config_repos import Repo, make_repo


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a config repo without problems."""
    return make_repo(tmp_path_factory.mktemp("config"))


@pytest.fixture
def repo(good: Repo) -> Repo:
    """Return the good repo, brought back to its commit."""
    restore(good)
    return good


def state(repo: Repo) -> str:
    """Return what Git sees of a repo: which files differ, and how."""
    return repo.git("status", "--porcelain", "--untracked-files=all") + repo.git("diff")


def validated(repo: Repo, case: Case) -> Result:
    """Run ``validate`` over the files of a case; nothing may be written."""
    put(repo, case.files)
    before = state(repo)
    result = call(repo.root, "validate")
    assert state(repo) == before
    return result


def named(case: Case) -> str:
    """Return the name of a case."""
    return case.name


@pytest.mark.parametrize("case", bad_documents.FILES, ids=named)
def test_a_file_that_cannot_be_read_is_explained(repo: Repo, case: Case) -> None:
    """Syntax, encoding, size and depth."""
    check(validated(repo, case), case)


@pytest.mark.parametrize("case", bad_documents.SHAPES, ids=named)
def test_a_document_of_the_wrong_shape_is_explained(repo: Repo, case: Case) -> None:
    """Types, fields and kinds."""
    check(validated(repo, case), case)


@pytest.mark.parametrize("case", bad_documents.IDENTITIES, ids=named)
def test_two_documents_with_one_identity_are_located_both(repo: Repo, case: Case) -> None:
    """Each end names the other."""
    check(validated(repo, case), case)


@pytest.mark.parametrize("case", bad_documents.POINTERS, ids=named)
def test_a_dangling_reference_is_located(repo: Repo, case: Case) -> None:
    """At the end that points, and at the end that is pointed at where there is one."""
    check(validated(repo, case), case)


def check(result: Result, case: Case) -> None:
    """Check that a case is explained as it says."""
    result.check_explained(case.code)
    for words in case.says:
        assert words in result.output
    for words in case.never:
        assert words not in result.text
