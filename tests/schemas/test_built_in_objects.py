"""Objects of built-in kinds with every field set hold no field that we do not know."""

import pytest

from tests.schemas.reading import CHECKER, errors, read_file
from tests.vectors import vectors_folder

_ABOUT_FIELDS = {"schema-field-unknown", "schema-value-type", "schema-kind-unknown"}


@pytest.mark.vectors
def test_every_field_of_built_in_objects_is_known_with_its_type() -> None:
    """Their values are made up, so closed sets of values do not hold; names and types do."""
    folder = vectors_folder("kubernetes") / "api-objects"
    count = 0
    wrong = []
    for file in sorted(folder.glob("*.json")):
        found, _ = read_file(file, f"apps/{file.name}")
        for document in found:
            count += 1
            problems = errors(CHECKER.check(document))
            wrong += [one for one in problems if one.code in _ABOUT_FIELDS]
    print(f"kubernetes/api-objects: {count} objects, {len(wrong)} fields unknown or mistyped")
    assert count >= 30
    assert not wrong
