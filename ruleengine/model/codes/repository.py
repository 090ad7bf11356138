"""Finding codes of the area ``repository``: what of a Git tree is not read, and why."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "repository-link-unread",
        "A symbolic link is not followed",
        "Put the file itself in place of the link.",
    ),
    Code(
        "repository-submodule-unread",
        "The files of a submodule or nested repository are not read",
        "Name that repository as a source, or commit its files.",
    ),
    Code(
        "repository-file-unread",
        "An entry of the tree is no regular file",
        "Put a regular file in its place.",
    ),
    Code(
        "repository-file-unreadable",
        "A file cannot be read",
        "Check its owner and permissions.",
    ),
    Code(
        "repository-path-outside",
        "A path leaves the repo",
        "Rename the file.",
    ),
    Code(
        "repository-path-invalid",
        "A path is no UTF-8",
        "Rename the file.",
    ),
    Code(
        "repository-file-unmerged",
        "A file has a merge conflict",
        "Resolve the conflict and add the file.",
    ),
    Code(
        "repository-folder-mistaken",
        "A file has the name of one of the folders, so nothing is read there",
        "Make it a folder, or rename the file.",
    ),
    Code(
        "repository-folder-misspelt",
        "A folder's name is nearly that of one of the four, and nothing in it is read",
        "Rename the folder.",
    ),
    Code(
        "repository-folder-unclaimed",
        "A top-level folder holds documents that no rule is about and no environment points at",
        "Add a rule that matches the folder, name it as a source, or waive the finding.",
    ),
)
