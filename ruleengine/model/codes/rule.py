"""Finding codes of the area ``rule``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "rule-convention-unmet",
        "A document breaks a convention of the config repo that a built-in rule checks",
        "Do what the finding says; the built-in rule that it names explains the convention.",
    ),
    Code(
        "rule-document-foreign",
        "A document in the folder rules/ is no rule",
        "Write apiVersion and kind of a rule, or move the file out of rules/.",
    ),
    Code(
        "rule-document-unmatched",
        "No rule says what a short form stands for",
        "Write apiVersion and kind, or add a rule that matches the folder with form: short.",
    ),
    Code(
        "rule-emit-cycle",
        "Rules emit objects for one another without end",
        "Narrow the match of one of the rules that the finding names.",
    ),
    Code(
        "rule-emit-unbounded",
        "One document stands for too many objects",
        "Let the rules emit fewer objects, or split the document.",
    ),
    Code(
        "rule-expression-failed",
        "An expression of a rule failed on a document",
        "Mend the expression or the document; `when` can leave documents out.",
    ),
    Code(
        "rule-key-unknown",
        "A rule has a key that rules do not have",
        "Correct the spelling; docs/rules.md lists the keys.",
    ),
    Code(
        "rule-name-taken",
        "Two rules have one name",
        "Give the rule a name of its own, or say which built-in rule it replaces.",
    ),
    Code(
        "rule-replacement-unknown",
        "A rule replaces a built-in rule that does not exist",
        "Name one of the built-in rules that `ruleengine rules list` shows.",
    ),
    Code(
        "rule-set-conflict",
        "Two rules of equal rank set one field differently",
        "Let one of them set the field, or write it in the document.",
    ),
    Code(
        "rule-template-broken",
        "An expression of a rule cannot be read",
        "Mend the expression; docs/rules.md lists what expressions may use.",
    ),
    Code(
        "rule-test-failed",
        "A test of a rule got something else than it expects",
        "Correct the rule, or the expectation of the test.",
    ),
    Code(
        "rule-test-invalid",
        "A test of a rule cannot be run as it is written",
        "Correct the keys that the finding names; docs/rules.md shows a test.",
    ),
    Code(
        "rule-value-invalid",
        "A key of a rule has a value of the wrong shape",
        "Write the value as docs/rules.md describes the key.",
    ),
)
