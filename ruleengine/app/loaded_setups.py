"""Settings, rules and schemas of a repo, ready to be used. Importing this costs: do it late."""

from collections.abc import Iterable
from typing import NamedTuple

from ruleengine.app.setup_trees import SetupTree
from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding
from ruleengine.repository import configuration
from ruleengine.repository.snapshots import SUFFIXES, read_file
from ruleengine.rules import loading
from ruleengine.rules.ruleset import RuleSet
from ruleengine.validation.schema_catalog import Catalog, Memory
from ruleengine.validation.schema_team import read_team_schemas
from ruleengine.validation.schemas import SchemaChecker

_SCHEMAS = "schemas/"


class LoadedSetup(NamedTuple):
    """Settings, rules and schemas, ready to be used, and what is wrong with them."""

    configuration: Configuration
    rules: RuleSet
    checker: SchemaChecker
    findings: tuple[Finding, ...]


def load_setup(tree: SetupTree, memory: Memory | None = None) -> LoadedSetup:
    """Load what a setup tree holds; ``memory`` keeps what is made of our own schemas."""
    settings, wrong = configuration.read(tree)
    loaded = loading.load(tree, settings.engine)
    catalog = Catalog(memory=memory)
    team = read_team_schemas(_schemas(tree), catalog)
    return LoadedSetup(
        configuration=settings,
        rules=loaded.rules,
        checker=SchemaChecker(team=team, catalog=catalog),
        findings=(*wrong, *loaded.findings, *team.findings),
    )


def _schemas(tree: SetupTree) -> Iterable[Document]:
    for path, entry in tree.files().items():
        if path.startswith(_SCHEMAS) and path.endswith(SUFFIXES):
            yield from read_file(tree, path, entry.blob)[0]
