"""``pipeline lint``: what ``validate`` finds in the files of pipelines."""

from datetime import UTC, datetime
from pathlib import Path

from ruleengine.app.pipelines.places import FOLDER
from ruleengine.app.validating import Validation, ValidationOptions, validate
from ruleengine.app.workspace import config_repo


def lint(directory: Path, paths: tuple[Path, ...], given: bytes | None = None) -> Validation:
    """Check files, and what is given besides, or the whole folder of pipelines.

    Raises ``UsageError`` for unknown paths, as that folder may be.
    """
    if not paths and given is None:
        paths = (config_repo(directory).root / FOLDER,)
    today = datetime.now(UTC).date()
    options = ValidationOptions(today=today, directory=directory, paths=paths, given=given)
    return validate(options)
