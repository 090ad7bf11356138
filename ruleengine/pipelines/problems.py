"""What can be wrong with a workflow while it runs: values that end as messages of nodes."""


class NodeError(Exception):
    """A node cannot be what it should be: it ends with phase Error and this message."""


class WorkflowError(Exception):
    """The workflow as a whole cannot be run: it ends with this message."""


class InvalidSpecError(NodeError):
    """The spec of a workflow is against the rules: it has failed before it began."""

    def __init__(self, message: str) -> None:
        super().__init__(f"invalid spec: {message}")


class NoArgumentError(NodeError):
    """An argument of a workflow has no value any more: the workflow has failed."""

    def __init__(self, message: str) -> None:
        super().__init__(f"failed to set global parameters: {message}")


class AbsentError(NodeError):
    """The ConfigMap, or the key of it, that holds a value is not there."""


class NotYetError(Exception):
    """Something that a node refers to is not there yet: it is looked at again later."""
