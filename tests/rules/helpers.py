"""Short ways to documents, rules and their evaluation."""

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.documents import Document
from ruleengine.model.values import Object
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import Loaded, Source, load_sources
from ruleengine.rules.results import DocumentEvaluation


def documents(path: str, text: str) -> list[Document]:
    """Return the documents of a file with that content."""
    parsed = yaml_reader.read(text.encode(), path)
    assert parsed.findings == ()
    return [
        Document(
            path=path,
            index=index,
            line=one.line,
            blob="b" * 40,
            value=one.value,
            locator=one.locator,
        )
        for index, one in enumerate(parsed.documents)
    ]


def document(path: str, text: str) -> Document:
    """Return the only document of a file."""
    (one,) = documents(path, text)
    return one


def rules(*texts: str, engine: Engine = Engine.NATIVE) -> Loaded:
    """Return the built-in rules with a team's files ``rules/0.yaml``, ``rules/1.yaml``..."""
    return load_sources(
        [
            Source(f"rules/{at}.yaml", str(hash(text)), text.encode())
            for at, text in enumerate(texts)
        ],
        engine,
    )


def evaluated(
    path: str,
    text: str,
    *rule_texts: str,
    defaults: Object | None = None,
    configuration: Configuration | None = None,
) -> DocumentEvaluation:
    """Return what the rules make of a file with one document."""
    settings = configuration or Configuration()
    loaded = rules(*rule_texts, engine=settings.engine)
    assert loaded.findings == ()
    return evaluate_document(document(path, text), defaults or {}, settings, loaded.rules)


def objects(*arguments: str, **options: object) -> dict[str, Object]:
    """Return the objects that a file stands for, by ``Kind/name``."""
    found = evaluated(*arguments, **options)  # type: ignore[arg-type]
    assert found.findings == ()
    return {
        f"{one.object['kind']}/{one.object['metadata']['name']}": one.object
        for one in found.derived
    }
