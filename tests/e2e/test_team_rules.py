"""What a team's rule makes is checked as if it had been written."""

from pathlib import Path

from tests.e2e.command_line import call

RULE = """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: database}
match: {folder: databases, form: short}
emit:
- apiVersion: v1
  kind: Service
  metadata: {name: "${{ path.stem }}", namespace: shop}
  spec: {clusterIP: None, prots: [{port: 5432}]}
"""
SCHEMA = "x-ruleengine: {folder: databases}\ntype: object\n"


def test_a_wrong_field_in_what_a_rule_emits_is_told_at_the_rule(tmp_path: Path) -> None:
    """With the document that it was made of beside it, and the field that was meant."""
    files = {
        "ruleengine.yaml": "engine: native\n",
        "rules/databases.yaml": RULE,
        "schemas/databases.yaml": SCHEMA,
        "databases/orders.yaml": "size: 1\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    result = call(tmp_path, "validate")
    assert result.code == 1
    assert "rules/databases.yaml:" in result.output
    assert "did you mean 'ports'" in result.output
    assert "see databases/orders.yaml:1:1" in result.output
