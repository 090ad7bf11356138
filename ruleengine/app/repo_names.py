"""What a config repo is called: by others, who fetch it, and in our own records."""

from dataclasses import replace
from pathlib import Path

from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.errors import UsageError


def repo_name(configuration: Configuration, root: Path) -> str:
    """Return the identity of a config repo in inventories and owner annotations."""
    return configuration.repo or root.name


def with_repo(configuration: Configuration, root: Path) -> Configuration:
    """Return the settings with the URL that stands for an omitted ``repoURL``.

    A cluster cannot read our disk: with engine ``handover`` a URL has to be known. Raises
    ``UsageError`` where it is not.
    """
    if configuration.engine is not Engine.HANDOVER or configuration.repo:
        return configuration
    from ruleengine.repository.git import Git

    origin = Git(root).ask("remote", "get-url", "origin")
    if not origin:
        raise UsageError(
            "Argo's controllers need the URL of this repo, and there is neither `repo:` nor a "
            "remote named origin",
            "set `repo:` in ruleengine.yaml",
        )
    return replace(configuration, repo=origin)
