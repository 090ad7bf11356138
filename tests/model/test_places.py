"""Places: where the values of derived objects stand in their document."""

from ruleengine.formats import yaml_reader
from ruleengine.model.documents import Document
from ruleengine.model.places import Places
from ruleengine.model.values import Object

TEXT = b"""\
steps:
- name: compile
  templateRef: {name: shared, template: work}
- name: publish
  template: shared
"""


def read() -> tuple[Object, Places]:
    """Return a document's value and its places."""
    (parsed,) = yaml_reader.read(TEXT, "pipelines/x.yaml").documents
    document = Document(
        path="pipelines/x.yaml",
        index=0,
        line=parsed.line,
        blob="",
        value=parsed.value,
        locator=parsed.locator,
    )
    return parsed.value, Places(document)


def test_a_value_that_was_taken_over_stands_where_it_was_read() -> None:
    """Whatever is built around it: a map with its fields, and a lone text."""
    value, places = read()
    first, second = value["steps"]
    made = {"tasks": [{"templateRef": first["templateRef"]}, {"template": second["template"]}]}
    assert str(places.value(made, ("tasks", 0, "templateRef", "name"))) == "pipelines/x.yaml:3:23"
    assert str(places.key(made, ("tasks", 1, "template"))) == "pipelines/x.yaml:5:3"


def test_a_field_that_is_missing_stands_at_its_nearest_parent() -> None:
    """That is where it would have to be written."""
    value, places = read()
    made = {"spec": {"reference": value["steps"][0]["templateRef"]}}
    assert str(places.key(made, ("spec", "reference", "clusterScope"))) == "pipelines/x.yaml:3:3"


def test_what_was_not_read_is_found_by_its_path_or_is_the_whole_document() -> None:
    """A short form may leave ``spec`` out."""
    _, places = read()
    made = {"spec": {"steps": [{"name": "made"}], "other": 1}}
    assert str(places.key(made, ("spec", "steps", 0, "name"))) == "pipelines/x.yaml:2:3"
    assert places.key(made, ("spec", "other")) == places.whole
