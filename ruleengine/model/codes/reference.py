"""Finding codes of the area ``reference``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "reference-target-missing",
        "A document points at something that nothing declares",
        "Correct the name or the namespace, or add what it points at.",
    ),
    Code(
        "reference-target-unchecked",
        "Files outside of any config repo point at something that they do not declare",
        "Name the files that declare it, too, or check these in a config repo.",
    ),
    Code(
        "reference-path-missing",
        "A document points at a path that is not in the repository",
        "Correct the path, or add and commit what it points at.",
    ),
    Code(
        "reference-parameter-missing",
        "A parameter without a default is not handed over",
        "Hand the parameter over, or give it a default where it is declared.",
    ),
    Code(
        "reference-parameter-unknown",
        "A parameter is handed over that the target does not declare",
        "Correct the name, or declare the parameter at the target.",
    ),
    Code(
        "reference-task-missing",
        "A task waits for one that is not there",
        "Correct the name, or add the task.",
    ),
    Code(
        "reference-task-cycle",
        "Tasks wait for each other, so none of them ever runs",
        "Remove one of the dependencies.",
    ),
    Code(
        "reference-dependency-missing",
        "A trigger waits for a dependency that its sensor does not have",
        "Correct the name, or add the dependency.",
    ),
    Code(
        "reference-condition-invalid",
        "A condition over tasks or dependencies cannot be read",
        "Write names with `&&`, `||` and parentheses.",
    ),
    Code(
        "reference-tag-unresolved",
        "A tag names something that is not there to be named",
        "Correct the name, or declare what it names.",
    ),
    Code(
        "reference-expression-invalid",
        "An expression, condition or tag cannot be read",
        "Correct it; the message says what was expected and where.",
    ),
    Code(
        "reference-parameter-outside",
        "The value of a parameter is none of its `enum`",
        "Write one of the values that are allowed, or add this one.",
    ),
    Code(
        "reference-template-endless",
        "Templates call each other without a condition that ends it",
        "Give the call that goes round a `when`.",
    ),
)
