"""What is wrong is said in words, at the right place, with what to do."""

import pytest

from tests.schemas.reading import check, errors

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web}}
spec:
  destination: {{server: https://kubernetes.default.svc}}
  source: {{path: apps/web}}
{rest}"""

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: build-}}
spec:
  entrypoint: main
  templates:
  - name: main
{template}"""


def only(text: str, path: str = "environments/web.yaml") -> tuple[int, str, str, str]:
    """Return line, code, message and remedy of the only error in a text."""
    (finding,) = errors(check(text, path))
    return finding.place.line, finding.code, finding.message, finding.remedy


def test_a_misspelt_field_is_named_at_its_key() -> None:
    """The position is that of the key, and the remedy names the field that was meant."""
    (finding,) = check(APPLICATION.format(rest="  syncPolcy: {}\n"), "environments/web.yaml")
    assert (finding.place.line, finding.place.column) == (7, 3)
    assert finding.message == "there is no field 'syncPolcy' in 'spec'"
    assert finding.remedy == "did you mean 'syncPolicy'?"


def test_a_field_one_level_too_deep_is_sent_up() -> None:
    """A field that exists one level up is not called unknown without saying so."""
    rest = "  syncPolicy:\n    automated:\n      retry: {limit: 2}\n"
    line, _, _, remedy = only(APPLICATION.format(rest=rest))
    assert line == 9
    assert remedy == "move it one level up: 'retry' belongs in 'spec.syncPolicy'"


def test_a_field_one_level_too_high_is_sent_down() -> None:
    """A field that exists one level down is sent there."""
    line, _, _, remedy = only(APPLICATION.format(rest="  automated: {prune: true}\n"))
    assert (line, remedy) == (7, "move it below 'syncPolicy'")


def test_a_wrong_type_is_named_in_words() -> None:
    """Types are named as people name them."""
    line, code, message, _ = only(APPLICATION.format(rest="  revisionHistoryLimit: ten\n"))
    assert (line, code) == (7, "schema-value-type")
    assert message == "'spec.revisionHistoryLimit' must be a whole number, and is a text"


def test_a_number_where_a_text_belongs_is_to_be_quoted() -> None:
    """The commonest mistake of YAML has its own remedy."""
    template = "    container: {image: alpine, env: [{name: A, value: 1}]}\n"
    line, _, message, remedy = only(WORKFLOW.format(template=template), "pipelines/x.yaml")
    assert line == 8
    assert message.endswith("env[0].value' must be a text, and is a whole number")
    assert remedy == "put the value in quotes"


def test_a_wrong_word_comes_with_the_right_ones() -> None:
    """The allowed words are listed, and the nearest one is suggested."""
    template = "    container: {image: alpine, imagePullPolicy: IfNotPresnt}\n"
    _, code, message, remedy = only(WORKFLOW.format(template=template), "pipelines/x.yaml")
    assert code == "schema-value-unknown"
    assert "Always, Never or IfNotPresent, and is 'IfNotPresnt'" in message
    assert remedy == "did you mean 'IfNotPresent'?"


def test_a_missing_field_is_named_at_what_lacks_it() -> None:
    """The position is that of the map that lacks the field."""
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
    text += "spec:\n  source: {path: apps/web}\n"
    assert only(text)[:3] == (4, "schema-field-missing", "'spec' lacks the field 'destination'")


def test_a_misspelt_field_is_not_also_missing() -> None:
    """One mistake, one finding."""
    text = APPLICATION.format(rest="").replace("destination:", "destinaton:")
    assert only(text)[3] == "did you mean 'destination'?"


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        ("{server: a, name: b}", "'server' and 'name' exclude one another"),
        ("{namespace: a}", "needs exactly one of 'server' or 'name'"),
    ],
)
def test_fields_that_exclude_one_another_are_named(destination: str, words: str) -> None:
    """Both of them, or that one of them is needed."""
    text = APPLICATION.format(rest="").replace(
        "{server: https://kubernetes.default.svc}", destination
    )
    assert words in only(text)[2]


def test_a_template_needs_exactly_one_type() -> None:
    """A template with two types is refused at the second one."""
    template = "    suspend: {}\n    container: {image: alpine}\n"
    line, _, message, _ = only(WORKFLOW.format(template=template), "pipelines/x.yaml")
    assert line == 9
    assert message == "'suspend' and 'container' exclude one another in 'spec.templates[0]'"


def test_a_tag_may_stand_where_only_certain_words_may() -> None:
    """Argo renders it before it must be valid."""
    template = (
        "    container:\n      image: alpine\n      imagePullPolicy: '{{inputs.parameters.pull}}'\n"
        "      resources: {limits: {memory: '{{inputs.parameters.memory}}'}}\n"
    )
    assert not check(WORKFLOW.format(template=template), "pipelines/x.yaml")


def test_an_empty_field_counts_as_left_out() -> None:
    """``null`` is what Kubernetes takes for nothing at all."""
    assert not check(APPLICATION.format(rest="  syncPolicy:\n  info:\n"), "environments/a.yaml")


def test_an_empty_field_that_is_needed_is_missing() -> None:
    """``null`` is no value either."""
    text = APPLICATION.format(rest="").replace(" {server: https://kubernetes.default.svc}", "")
    assert only(text)[2] == "'spec' lacks the field 'destination'"


def test_a_deprecated_field_is_a_warning_that_names_its_successor() -> None:
    """It is still accepted."""
    template = "    container: {image: alpine}\n    synchronization: {mutex: {name: a}}\n"
    (finding,) = check(WORKFLOW.format(template=template), "pipelines/x.yaml")
    assert (finding.severity, finding.code) == ("warning", "schema-field-deprecated")
    assert finding.remedy == "write 'mutexes' in its place"
    assert finding.place.line == 9


def test_values_of_a_secret_are_never_repeated() -> None:
    """Not even where they are of the wrong type."""
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: [hunter2]}\n"
    text += "hunter3: hunter2\n"
    assert "hunter2" not in str([(one.message, one.remedy) for one in check(text, "apps/a.yaml")])


def test_a_limit_is_named() -> None:
    """Numbers out of bounds say what the bound is."""
    text = APPLICATION.format(rest="  revisionHistoryLimit: -1\n")
    assert only(text)[2] == "'spec.revisionHistoryLimit' must be at least 0"


def test_numbers_keep_within_what_servers_hold() -> None:
    """They have 64 bits, and those that may be percentages 32."""
    text = APPLICATION.format(rest=f"  revisionHistoryLimit: {2**63}\n")
    assert only(text)[2] == f"'spec.revisionHistoryLimit' must be at most {2**63 - 1}"
    budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec:\n"
    text = f"{budget}  minAvailable: {2**31}\n"
    assert only(text, "apps/a.yaml")[2] == f"'spec.minAvailable' must be at most {2**31 - 1}"
