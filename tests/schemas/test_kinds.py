"""A misspelt kind is an error, a foreign one an info."""

import pytest

from tests.schemas.reading import check


def found(api_version: str, kind: str) -> tuple[str, str, int]:
    """Return severity, remedy and line of the only finding for a document of a kind."""
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"
    (finding,) = check(text, "apps/a.yaml")
    return finding.severity, finding.remedy, finding.place.line


@pytest.mark.parametrize(
    ("api_version", "kind", "remedy", "line"),
    [
        ("argoproj.io/v1alpha1", "Aplication", "did you mean 'Application'?", 2),
        ("apps/v1", "Deploymnt", "did you mean 'Deployment'?", 2),
        ("argoproj.io/v1", "Rollout", "did you mean 'apiVersion: argoproj.io/v1alpha1'?", 1),
        ("argproj.io/v1alpha1", "Rollout", "did you mean 'apiVersion: argoproj.io/v1alpha1'?", 1),
        ("v1", "Deployment", "did you mean 'apiVersion: apps/v1'?", 1),
        ("batch/v1beta1", "CronJob", "did you mean 'apiVersion: batch/v1'?", 1),
        ("v1alpha1", "Rollout", "did you mean 'apiVersion: argoproj.io/v1alpha1'?", 1),
        ("v2", "Service", "did you mean 'apiVersion: v1'?", 1),
        ("v2", "Widget", "did you mean 'apiVersion: v1'?", 1),
    ],
)
def test_a_misspelt_kind_is_an_error(api_version: str, kind: str, remedy: str, line: int) -> None:
    """With what was meant, at the line that is wrong."""
    assert found(api_version, kind) == ("error", remedy, line)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.com/v1", "Database"), ("serving.knative.dev/v1", "Service")],
)
def test_a_foreign_kind_is_an_info(api_version: str, kind: str) -> None:
    """The cluster may know it; we do not check it."""
    assert found(api_version, kind)[0] == "info"


def test_a_kind_without_an_api_version_is_an_error_in_our_folders() -> None:
    """It is neither a full document nor the short form."""
    (finding,) = check("kind: Application\nspec: {}\n", "environments/staging/a.yaml")
    assert (finding.severity, finding.code) == ("error", "schema-kind-incomplete")


@pytest.mark.parametrize(
    ("text", "line"),
    [("apiVersion: 5\nkind: Job\n", 1), ("apiVersion: v1\nkind: [Job]\n", 2)],
)
def test_a_kind_that_is_no_text_is_an_error(text: str, line: int) -> None:
    """The document says that it is whole, so it is not taken for a short form."""
    (finding,) = check(text, "environments/staging/a.yaml")
    assert (finding.severity, finding.code, finding.place.line) == (
        "error",
        "schema-value-type",
        line,
    )


def test_a_values_file_is_nobodys() -> None:
    """Files below ``apps/`` that are no objects have no findings."""
    assert not check("replicas: 2\n", "apps/web/values.yaml")
