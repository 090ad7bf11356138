"""Whole schemas are made once: the next process finds their texts."""

from ruleengine.validation.schema_catalog import Catalog
from ruleengine.validation.schemas import SchemaChecker
from tests.schemas.reading import documents

MISTAKEN = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web}
spec: {project: 1, destination: {namespace: web}, source: {repoURL: here}}
"""


class Texts:
    """A memory that counts how often it is told something."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.told = 0

    def remembered(self, name: str) -> str:
        """Return a text."""
        return self.texts.get(name, "")

    def remember(self, **values: str) -> None:
        """Keep texts."""
        self.texts.update(values)
        self.told += 1


def test_a_whole_schema_is_made_once() -> None:
    """Who comes later gets the text that the first one made."""
    memory = Texts()
    entry = Catalog().kinds[("argoproj.io/v1alpha1", "Application")]
    first = Catalog(memory=memory).text(entry)
    assert Catalog(memory=memory).text(entry) == first
    assert memory.told == 1


def test_a_remembered_schema_finds_and_explains_the_same() -> None:
    """Verdict and words do not depend on where the schema came from."""
    memory = Texts()
    (document,) = documents(MISTAKEN, "environments/web.yaml")
    findings = SchemaChecker().check(document)
    assert findings
    assert SchemaChecker(catalog=Catalog(memory=memory)).check(document) == findings
    assert SchemaChecker(catalog=Catalog(memory=memory)).check(document) == findings
    assert memory.told == 1
