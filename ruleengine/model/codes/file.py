"""Finding codes of the area ``file``: what is wrong with a file before its meaning counts."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "file-syntax-invalid",
        "A document is no YAML",
        "Correct the line that is named, or the one above it.",
    ),
    Code(
        "file-template-unquoted",
        "A value that begins with {{ is not in quotes",
        "Put the whole value in quotes: YAML takes the braces for a mapping.",
    ),
    Code(
        "file-key-duplicate",
        "A key is written twice in one mapping",
        "Remove one of the two; kubectl would silently take the last one.",
    ),
    Code(
        "file-key-invalid",
        "A key is not a text",
        "Put the key in quotes.",
    ),
    Code(
        "file-value-invalid",
        "A value cannot be written as JSON, or is not of the type that its tag names",
        "Put the value in quotes.",
    ),
    Code(
        "file-tag-unknown",
        "A value has a YAML tag that Kubernetes does not know",
        "Remove the tag, or put the text in quotes.",
    ),
    Code(
        "file-alias-unknown",
        "An alias has no anchor before it",
        "Correct the name, or put the text in quotes if it is no alias.",
    ),
    Code(
        "file-alias-circular",
        "An alias stands inside of what it points at",
        "Write the part out in place of the alias.",
    ),
    Code(
        "file-merge-invalid",
        "A merge key points at something that is no mapping",
        "Point it at an anchored mapping, or at a list of them.",
    ),
    Code(
        "file-aliases-exceeded",
        "Following the aliases would make the document too large",
        "Write the repeated parts out, or split the file.",
    ),
    Code(
        "file-depth-exceeded",
        "A document is nested too deeply",
        "Flatten it.",
    ),
    Code(
        "file-nodes-exceeded",
        "A document has too many values",
        "Split the file.",
    ),
    Code(
        "file-size-exceeded",
        "A file is too large to be read",
        "Split it, or keep generated files elsewhere.",
    ),
    Code(
        "file-text-binary",
        "A file with the name of a document is binary",
        "Remove it, or give it another ending than .yaml, .yml and .json.",
    ),
    Code(
        "file-encoding-invalid",
        "A file is neither UTF-8 nor UTF-16",
        "Save it as UTF-8.",
    ),
    Code(
        "file-character-invalid",
        "A file holds a control character",
        "Remove the character, or write it as an escape in double quotes.",
    ),
    Code(
        "file-document-invalid",
        "A document is no mapping",
        "Write keys and values at the top level.",
    ),
    Code(
        "file-document-missing",
        "A file holds no document",
        "Write one, or remove the file.",
    ),
    Code(
        "file-name-unread",
        "A file in one of the folders is not read",
        "Give it the ending .yaml, .yml or .json, or move it elsewhere.",
    ),
    Code(
        "file-path-missing",
        "A file or folder that was named does not exist",
        "Correct the path; an ignored file has to be added to Git first.",
    ),
)
