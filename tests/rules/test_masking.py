"""What a Secret holds never comes back in a finding, whatever a rule does with it."""

import pytest

from tests.rules.helpers import evaluated

_SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: x, namespace: z}
stringData: {password: hunter2, pin: 8842}
data: {token: aHVudGVyMw==}
"""
_RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: r}
match: {kind: Secret}
"""
_EMIT = "emit:\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{a: '{}'}}}}\n"


@pytest.mark.parametrize(
    "body",
    [
        "require: [{that: 'false', message: 'not ${{ stringData.password }}', remedy: r}]\n",
        "require: [{that: 'false', message: m, remedy: 'not ${{ stringData.password }}'}]\n",
        "require: [{that: 'false', message: 'not ${{ stringData.pin }}', remedy: r}]\n",
        "require: [{that: 'false', message: 'not ${{ data.token }}', remedy: r}]\n",
        _EMIT.format("${{ path[stringData.password] }}"),
        _EMIT.format("${{ stringData.password() }}"),
        _EMIT.format("${{ [1][stringData.password] }}"),
    ],
)
def test_the_values_of_a_secret_are_masked_in_findings(body: str) -> None:
    """In the words of the team and in those of Jinja."""
    findings = evaluated("environments/x.yaml", _SECRET, _RULE + body).findings
    assert findings
    for finding in findings:
        for hidden in ("hunter2", "8842", "aHVudGVyMw==", "hunter3"):
            assert hidden not in repr(finding)


def test_a_secret_inside_another_document_is_one_too() -> None:
    """A sensor creates it."""
    sensor = "apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: m}\nspec:\n  made:\n"
    text = sensor + "".join(f"    {line}\n" for line in _SECRET.splitlines())
    rule = _RULE.replace("Secret", "Maker")
    body = "require: [{that: 'false', message: '${{ spec.made.stringData.password }}', remedy: r}]"
    (finding,) = evaluated("environments/x.yaml", text, rule + body).findings
    assert "hunter2" not in repr(finding)


def test_other_documents_are_quoted_as_they_are() -> None:
    """Only Secrets are masked."""
    text = _SECRET.replace("kind: Secret", "kind: ConfigMap").replace("stringData", "data", 1)
    text = text.replace("data: {token: aHVudGVyMw==}\n", "")
    rule = _RULE.replace("Secret", "ConfigMap")
    body = "require: [{that: 'false', message: 'not ${{ data.password }}', remedy: r}]\n"
    (finding,) = evaluated("environments/x.yaml", text, rule + body).findings
    assert "not hunter2" in finding.message
