"""Finding codes of the area ``render``: what is wrong with the source of an application."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "render-source-unsupported",
        "The source needs a generator that ruleengine does not have yet",
        "Point the application at a folder of plain YAML or JSON manifests until then.",
    ),
    Code(
        "render-source-ambiguous",
        "The source names more than one generator",
        "Keep exactly one of helm, kustomize, directory and plugin.",
    ),
    Code(
        "render-source-invalid",
        "A field of the source, or of an override file, has a value that cannot be used",
        "Correct the field that the message names.",
    ),
    Code(
        "render-path-missing",
        "The path of the source is no folder of the repo at that revision",
        "Correct source.path, or commit the folder.",
    ),
    Code(
        "render-path-outside",
        "The path of the source leaves the repo",
        "Write source.path relative to the root of the repo, without '..'.",
    ),
    Code(
        "render-folder-empty",
        "The source rendered no object at all",
        "Add manifests to the folder, set directory.recurse, or correct include and exclude.",
    ),
    Code(
        "render-file-ignored",
        "A file among the manifests is no Kubernetes object and was left out",
        "Move it elsewhere or name it in directory.exclude.",
    ),
    Code(
        "render-file-invalid",
        "A manifest cannot be read",
        "Correct the file, or name it in directory.exclude.",
    ),
    Code(
        "render-object-invalid",
        "A manifest lacks what every Kubernetes object has",
        "Give the object apiVersion, kind and metadata.name.",
    ),
    Code(
        "render-size-exceeded",
        "The manifests of one source are larger than the limit together",
        "Split the application, or exclude files that are no manifests.",
    ),
)
