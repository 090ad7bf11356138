"""Names that Kubernetes refuses are found before anything is applied."""

from pathlib import Path

import pytest

from tests.validation.config_repos import FILES, Repo, make_repo, told

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {METADATA}\n"
RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: notes}
match: {folder: environments, form: short}
emit:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: Notes_Of, namespace: shop}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a config repo without problems."""
    return make_repo(tmp_path / "config", FILES)


def _told(repo: Repo, files: dict[str, str | None]) -> list[tuple[str, str]]:
    repo.write(files)
    return [(str(one.place), one.code) for one in told(repo.validate())]


def test_a_path_that_makes_no_name_is_told_at_the_file(repo: Repo) -> None:
    """Name and destination namespace of an environment come from its path."""
    repo.write({"environments/Staging/My_App.yaml": "source: {path: apps/web}\n"})
    findings = told(repo.validate())
    assert {str(one.place) for one in findings} == {"environments/Staging/My_App.yaml"}
    assert [one.code for one in findings] == ["identity-name-invalid"] * 2
    assert all("rename the file" in one.remedy for one in findings)


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ("name: My_Map, namespace: shop", "3:18"),
        ("name: fine, namespace: Shop", "3:35"),
        ("generateName: My_, namespace: shop", "3:26"),
        ("name: fine.name, namespace: fine.shop", "3:40"),
    ],
)
def test_a_written_name_is_told_where_it_stands(repo: Repo, metadata: str, place: str) -> None:
    """Line and column of the value."""
    path = "environments/map.yaml"
    text = CONFIG_MAP.replace("METADATA", metadata)
    assert _told(repo, {path: text}) == [(f"{path}:{place}", "identity-name-invalid")]


@pytest.mark.parametrize(
    ("api_version", "kind", "name", "accepted"),
    [
        ("v1", "ConfigMap", "a.b", True),
        ("v1", "Namespace", "a.b", False),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:Reader_1", True),
    ],
)
def test_each_kind_has_its_own_rule(
    repo: Repo, api_version: str, kind: str, name: str, *, accepted: bool
) -> None:
    """Namespaces are labels, roles are nearly anything, most others are subdomains."""
    space = ", namespace: shop" if kind == "ConfigMap" else ""
    rules = "rules: []\n" if kind == "ClusterRole" else ""
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: '{name}'{space}}}\n{rules}"
    found = _told(repo, {"environments/one.yaml": text})
    assert [code for _, code in found] == ([] if accepted else ["identity-name-invalid"])


def test_a_name_that_a_rule_made_is_told_at_the_rule(repo: Repo) -> None:
    """With the document beside it."""
    repo.write({"rules/notes.yaml": RULE})
    findings = told(repo.validate())
    (finding,) = [one for one in findings if one.code == "identity-name-invalid"]
    assert finding.place.path == "rules/notes.yaml"
    assert finding.related[0].place.path == "environments/staging/web.yaml"
