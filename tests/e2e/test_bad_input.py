"""Bad input end to end: what is wrong, where and what to do; a documented exit code; no traceback.

Each case is a change to a good config repo, checked by the command line as a user calls it.
"""

import pytest

from tests.e2e import bad_documents, bad_setups
from tests.e2e.bad_documents import Case
from tests.e2e.command_line import Result, call, put, restore
from tests.validation.config_repos import Repo, make_repo

ENVIRONMENT = "environments/staging/web.yaml"


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


@pytest.mark.parametrize("case", bad_setups.SETUPS, ids=named)
def test_a_wrong_setup_is_explained(repo: Repo, case: Case) -> None:
    """Settings, defaults, rules and schemas; cycles of rules with every rule in them."""
    check(validated(repo, case), case)


@pytest.mark.parametrize("expression", bad_setups.FAILING.values(), ids=bad_setups.FAILING)
def test_an_expression_that_fails_is_located_in_its_rule(repo: Repo, expression: str) -> None:
    """The expression is shown, and the document on which it failed."""
    case = Case("", {bad_setups.RULES: bad_setups.emitting(expression)}, ())
    result = validated(repo, case)
    result.check_explained(1)
    assert f"{bad_setups.RULES}:9:10 error rule-" in result.output
    assert expression in result.output
    failed_on = f"see {ENVIRONMENT}:1:1: the document that it failed on"
    assert ("rule-template-broken" in result.output) != (failed_on in result.output)


@pytest.mark.parametrize("expression", bad_setups.LEAVING.values(), ids=bad_setups.LEAVING)
def test_no_expression_leaves_the_sandbox(repo: Repo, expression: str) -> None:
    """Nothing of Python is reached or shown, and no time and memory without bound."""
    case = Case("", {bad_setups.RULES: bad_setups.emitting(expression)}, ())
    result = validated(repo, case)
    result.check_explained(1)
    assert f"{bad_setups.RULES}:9:10 error rule-" in result.output
    for words in ("<class", "<function", "<bound", "<module", " at 0x", "uid="):
        assert words not in result.text


@pytest.mark.parametrize("case", bad_setups.SECRETS, ids=named)
def test_what_a_secret_holds_is_never_shown(repo: Repo, case: Case) -> None:
    """In no format: the place and the name of the field are enough."""
    check(validated(repo, case), case)
    for output in ("json", "yaml", "sarif", "junit"):
        result = call(repo.root, "validate", "-o", output)
        assert result.code == case.code
        for words in case.never:
            assert words not in result.text


def check(result: Result, case: Case) -> None:
    """Check that a case is explained as it says."""
    result.check_explained(case.code)
    for words in case.says:
        assert words in result.output
    for words in case.never:
        assert words not in result.text
