"""What the pages tell a newcomer to write works as it stands there."""

import re
from pathlib import Path

from ruleengine.app.declaring import declare
from ruleengine.app.workspace import open_workspace
from tests.e2e.command_line import call

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
EXAMPLE = re.compile(r"```yaml\n# (\S+/\S+\.yaml)\n(.*?)```", re.DOTALL)


def test_the_example_of_a_teams_own_kind_works(tmp_path: Path) -> None:
    """Folder, schema and rule as on the page: validated, derived, and wrong fields refused."""
    files = dict(EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))
    assert set(files) == {"databases/orders.yaml", "schemas/databases.yaml", "rules/databases.yaml"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "ruleengine.yaml").write_text("engine: native\n")
    assert call(tmp_path, "validate").code == 0
    declared = declare(open_workspace(tmp_path))
    made = [(one.object["kind"], one.object["metadata"]["name"]) for one in declared.derived]
    assert made == [("StatefulSet", "orders-db"), ("Service", "orders-db")]
    (tmp_path / "databases/orders.yaml").write_text("engin: postgres\n")
    assert "did you mean 'engine'" in call(tmp_path, "validate").output
