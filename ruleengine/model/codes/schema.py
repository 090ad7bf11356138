"""Finding codes of the area ``schema``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "schema-field-unknown",
        "A field does not exist at its place",
        "Correct its name, move it to where it belongs, or remove it.",
    ),
    Code(
        "schema-field-missing",
        "A field is missing that the document cannot do without",
        "Add the field.",
    ),
    Code(
        "schema-field-deprecated",
        "A field is still accepted but has been replaced",
        "Write the field that replaces it.",
    ),
    Code(
        "schema-fields-exclusive",
        "Fields are given, or missing, that exclude or need one another",
        "Keep one of them.",
    ),
    Code(
        "schema-fields-doubtful",
        "Fields are given together of which only one takes effect",
        "Keep the one that is meant.",
    ),
    Code(
        "schema-value-type",
        "A value is of the wrong type",
        "Write a value of the type that is named; quote texts that look like numbers.",
    ),
    Code(
        "schema-value-unknown",
        "A value is not one of those that are allowed",
        "Use one of the values that are named.",
    ),
    Code(
        "schema-value-invalid",
        "A value has the right type and still does not fit",
        "Write a value that keeps to the rule that is named.",
    ),
    Code(
        "schema-kind-unknown",
        "A document is of a kind that does not exist in its API group",
        "Correct apiVersion and kind.",
    ),
    Code(
        "schema-kind-foreign",
        "A document is of a kind that we have no schema for",
        "Nothing, if the cluster knows the kind; a schema for it may be put into schemas/.",
    ),
    Code(
        "schema-kind-incomplete",
        "A document has only one of apiVersion and kind",
        "Write both, or neither for the short form.",
    ),
    Code(
        "schema-definition-broken",
        "A schema of the team's own cannot be used",
        "Correct the schema.",
    ),
    Code(
        "schema-workflow-invalid",
        "A workflow breaks a rule over several of its fields",
        "Do what the finding says; Argo refuses such a workflow when it is submitted.",
    ),
)
