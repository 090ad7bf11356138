"""The short forms, settings, defaults and rules have schemas too."""

from pathlib import Path

import pytest

from ruleengine.model.documents import FOLDERS, Form
from ruleengine.model.names import ARGO_API_VERSION
from tests.schemas.reading import CHECKER, check, documents, errors, read_file

PROJECT = Path(__file__).resolve().parent.parent.parent


def test_a_source_alone_is_a_complete_environment() -> None:
    """Everything else the path says."""
    assert not check("source: {path: apps/web}\n", "environments/staging/web.yaml")


def test_an_environment_knows_every_field_of_the_spec() -> None:
    """A misspelt one is found as in the full document."""
    text = "source: {path: apps/web}\nsyncPolicy: {automatd: {}}\n"
    (finding,) = check(text, "environments/staging/web.yaml")
    assert (finding.place.line, finding.remedy) == (2, "did you mean 'automated'?")


def test_a_pipeline_takes_steps_as_ci_users_write_them() -> None:
    """Steps, needs, env as a map, outputs as a map of files, parameters as a map."""
    text = """\
parameters: {revision: main, count: 3, image: null}
schedules: ["0 4 * * *"]
steps:
- {name: build, image: alpine, run: make, env: {A: 1}, outputs: {digest: /tmp/digest}}
- {name: test, image: alpine, needs: [build], when: "true", run: make, retryStrategy: {limit: 2}}
"""
    assert not check(text, "pipelines/build.yaml")


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("steps:\n- {name: a, imge: b}\n", 2, "did you mean 'image'?"),
        ("steps: []\n", 1, "keep within that limit"),
        ("step:\n- {name: a, image: b}\n", 1, "did you mean 'steps'?"),
    ],
)
def test_a_broken_pipeline_is_refused(text: str, line: int, remedy: str) -> None:
    """At its line."""
    (finding,) = errors(check(text, "pipelines/build.yaml"))
    assert (finding.place.line, finding.remedy) == (line, remedy)


def test_a_trigger_has_one_source_per_event() -> None:
    """Two sources under one event are refused."""
    text = "on:\n  push:\n    webhook: {endpoint: /a, port: '1', method: POST}\n"
    text += "    calendar: {interval: 1m}\n"
    text += "do:\n- pipeline: build\n"
    (finding,) = errors(check(text, "triggers/a.yaml"))
    assert (finding.place.line, finding.code) == (4, "schema-fields-exclusive")


def test_settings_are_checked() -> None:
    """An unknown engine is refused with the ones there are."""
    (finding,) = check("engine: natve\n", "ruleengine.yaml")
    assert (finding.severity, finding.remedy) == ("error", "did you mean 'native'?")


def test_defaults_need_nothing_and_misspell_nothing() -> None:
    """They complete other documents, so nothing is required of them."""
    assert not check("Application: {spec: {project: shop}}\n", "environments/_defaults.yaml")
    (finding,) = check("Application: {spec: {projct: shop}}\n", "environments/_defaults.yaml")
    assert finding.remedy == "did you mean 'project'?"


def test_what_defaults_give_is_not_missing() -> None:
    """A rollout may take its strategy from the folder's defaults."""
    text = "selector: {matchLabels: {a: b}}\ntemplate: {spec: {containers: [{name: a}]}}\n"
    (document,) = documents(text, "rollouts/staging/web.yaml")
    assert errors(CHECKER.check(document))
    defaults = {"Rollout": {"spec": {"strategy": {"canary": {}}}}}
    assert not CHECKER.check(document, defaults=defaults)
    unrelated = {"Rollout": {"spec": {"replicas": 2}}}
    assert errors(CHECKER.check(document, defaults=unrelated))


def test_the_sample_repo_and_the_scaffold_are_free_of_findings() -> None:
    """What newcomers read first is right."""
    count = 0
    for root in (PROJECT / "sample-repo", PROJECT / "ruleengine" / "app" / "starter"):
        for file in sorted(root.rglob("*.yaml")):
            found, _ = read_file(file, str(file.relative_to(root)))
            for document in found:
                count += 1
                assert not CHECKER.check(document), file
    assert count


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_sample_repo_shows_both_forms_in_each_folder(folder: str) -> None:
    """A short form, and one document of Argo unchanged."""
    root = PROJECT / "sample-repo"
    files = [one for one in (root / folder).rglob("*.yaml") if one.name != "_defaults.yaml"]
    found = [one for file in files for one in read_file(file, str(file.relative_to(root)))[0]]
    assert {one.form for one in found} == {Form.SHORT, Form.FULL}
    assert ARGO_API_VERSION in {one.value.get("apiVersion") for one in found}


def test_the_built_in_rules_keep_to_their_schema() -> None:
    """The schema of rules knows every key that the loader knows."""
    count = 0
    for file in sorted((PROJECT / "rules").rglob("*.yaml")):
        found, _ = read_file(file, str(file.relative_to(PROJECT)))
        for document in found:
            if document.value.get("kind") == "Rule":
                count += 1
                assert not CHECKER.check(document), file
    assert count


def test_the_schema_of_rules_lists_the_keys_of_the_loader() -> None:
    """Neither knows a key that the other does not."""
    from ruleengine.rules.reading import KEYS

    schema = CHECKER.catalog.named("Rule")
    assert schema is not None
    fields = schema["properties"]
    assert set(fields) == set(KEYS["rule"])
    assert set(fields["match"]["properties"]) == set(KEYS["match"])
    for part in ("require", "references", "definitions"):
        assert set(fields[part]["items"]["properties"]) == set(KEYS[part])
