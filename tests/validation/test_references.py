"""Pointers are resolved with both ends located."""

from ruleengine.model.findings import Place, Severity
from ruleengine.model.references import Definition, Reference
from ruleengine.validation.references import resolve, resolve_path, suggestion

HERE = Place("triggers/push.yaml", 5, 3)
THERE = Place("pipelines/build.yaml", 1, 1)
BUILD = Definition(
    kind="WorkflowTemplate",
    namespace="shop",
    name="build",
    place=THERE,
    offers={"parameters": {"image": True, "revision": False}},
)


def _reference(*passes: str, namespace: str = "shop", partial: bool = False) -> Reference:
    return Reference(
        kind="WorkflowTemplate",
        namespace=namespace,
        name="build",
        place=HERE,
        passes={
            "parameters": tuple(
                (name, Place(HERE.path, 6 + line)) for line, name in enumerate(passes)
            )
        },
        partial=partial,
    )


def test_a_pointer_that_holds_is_no_finding() -> None:
    """Everything that is needed is handed over, nothing else is."""
    assert not resolve(_reference("image"), [BUILD])


def test_a_dangling_pointer_says_what_is_missing() -> None:
    """Kind, name and namespace are named."""
    (finding,) = resolve(_reference("image"), [])
    assert (finding.code, finding.place) == ("reference-target-missing", HERE)
    assert "'build'" in finding.message
    assert "'shop'" in finding.message


def test_a_pointer_into_the_wrong_namespace_shows_the_right_one() -> None:
    """The other end is located although it does not match."""
    (finding,) = resolve(_reference("image", namespace="other"), [BUILD])
    assert finding.related[0].place == THERE
    assert "'shop'" in finding.remedy


def test_a_missing_parameter_is_located_at_both_ends() -> None:
    """The caller is wrong, the declaration explains why."""
    (finding,) = resolve(_reference("revision"), [BUILD])
    assert finding.code == "reference-parameter-missing"
    assert (finding.place, finding.related[0].place) == (HERE, THERE)


def test_an_unknown_parameter_is_located_where_it_is_passed() -> None:
    """The remedy names the nearest that is declared."""
    (finding,) = resolve(_reference("image", "revison"), [BUILD])
    assert finding.code == "reference-parameter-unknown"
    assert (finding.place.line, finding.remedy) == (7, "did you mean 'revision'?")


def test_a_superfluous_argument_of_a_template_is_a_warning() -> None:
    """Argo ignores it inside a workflow, and refuses it nowhere."""
    template = BUILD._replace(kind="Template")
    (finding,) = resolve(_reference("image", "other")._replace(kind="Template"), [template])
    assert (finding.code, finding.severity) == ("reference-parameter-unknown", Severity.WARNING)


def test_a_partial_handover_may_leave_parameters_out() -> None:
    """Others may fill in the rest."""
    assert not resolve(_reference(partial=True), [BUILD])


def test_a_pointer_without_an_aspect_hands_nothing_over() -> None:
    """Only existence counts."""
    assert not resolve(_reference()._replace(passes={}), [BUILD])


def test_a_pointer_may_hand_over_for_several_aspects() -> None:
    """Each is held against what is offered for it, and the pointer dangles only once."""
    offers = {"parameters": {"image": True}, "artifacts": {"source": True}}
    both = _reference("image")._replace(passes={**_reference("image").passes, "artifacts": ()})
    (finding,) = resolve(both, [BUILD._replace(offers=offers)])
    assert "the artifact 'source'" in finding.message
    assert len(resolve(both, [])) == 1


def test_the_severity_of_a_dangling_pointer_is_the_references_own() -> None:
    """What may live outside the repo is doubtful, not wrong."""
    doubtful = Reference(
        kind="Service", namespace="shop", name="web", place=HERE, severity=Severity.WARNING
    )
    (finding,) = resolve(doubtful, [])
    assert finding.severity is Severity.WARNING


def test_a_missing_path_is_a_finding() -> None:
    """A path of the tree that nothing is at."""
    path = Reference(kind="Path", namespace="", name="apps/web", place=HERE)
    assert not resolve_path(path, exists=True)
    (finding,) = resolve_path(path, exists=False)
    assert (finding.code, finding.place) == ("reference-path-missing", HERE)


def test_a_path_through_a_link_or_out_of_the_repo_says_so() -> None:
    """Each has a text of its own, at the place of the pointer."""
    at = Place("environments/staging/shop.yaml", 1, 16)
    path = Reference(kind="Path", namespace="", name="apps/etc", place=at)
    (finding,) = resolve_path(path, exists=True, unread="a symbolic link")
    assert "is a symbolic link, which is not followed" in finding.message
    assert finding.place == at
    (finding,) = resolve_path(path._replace(name="../etc"), exists=False)
    assert finding.message == "'../etc' leaves the repo"


def test_only_a_near_name_is_suggested() -> None:
    """A wild guess would mislead."""
    assert suggestion("buidl", ["build", "test"]) == "did you mean 'build'?"
    assert suggestion("deploy", ["build", "test"]) == ""


def test_a_part_of_a_document_is_suggested_among_its_own() -> None:
    """What other documents call theirs is no help, unless the document itself is misspelt."""
    names = ["Workflow/one/compile", "Workflow/two/compiler"]
    assert suggestion("Workflow/one/complie", names) == "did you mean 'compile'?"
    assert suggestion("Workflow/tow/compiler", names) == "did you mean 'Workflow/two/compiler'?"
    assert suggestion("Workflow/deploy/compiler", names) == ""  # most of it is what all share
