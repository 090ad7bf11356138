"""The settings of a config repo for commands that need nothing else of it.

What stands in ``ruleengine.yaml`` is remembered by the content of the file, so that a command
reads no YAML for it.
"""

import hashlib
from typing import Final

from ruleengine.app.code_digests import code_digest
from ruleengine.app.refusing import refuse_errors
from ruleengine.app.validating import index_path
from ruleengine.app.workspace import Workspace
from ruleengine.formats import json_text
from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import CONFIGURATION_FILE
from ruleengine.model.values import Value
from ruleengine.repository.configuration import read_text, read_value
from ruleengine.repository.entries import unreadable
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.index_files import with_index

_MORE_AT: Final = "ruleengine validate"


def settings(workspace: Workspace) -> Configuration:
    """Return the settings of a config repo. Raises ``FailedError`` where they are wrong.

    With others than are meant a command would look at another cluster than is meant.
    """
    try:
        data = (workspace.root / CONFIGURATION_FILE).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return Configuration()
    except OSError:
        refuse_errors([unreadable(CONFIGURATION_FILE)])
        raise
    path = index_path(workspace)
    if path is None:
        return _read(data)
    return with_index(path, code_digest(), lambda index: _remembered(index, data))[0]


def _remembered(index: ValidationIndex, data: bytes) -> Configuration:
    digest = hashlib.sha256(data).hexdigest()
    known, _, text = index.remembered("settings").partition(" ")
    if known == digest:
        return read_value(json_text.loads(text))
    configuration, findings = read_text(data)
    value = None if findings else _value(data)
    # What is wrong, and a waiver, has a place in the text.
    if isinstance(value, dict) and not configuration.waivers:
        index.remember(settings=f"{digest} {json_text.dumps(value)}")
    refuse_errors(findings, _MORE_AT)
    return configuration


def _value(data: bytes) -> Value:
    """Return the document of a file; ``None`` where it is empty."""
    from ruleengine.formats import yaml_reader

    documents = yaml_reader.read(data, CONFIGURATION_FILE).documents
    return documents[0].value if documents else None


def _read(data: bytes) -> Configuration:
    configuration, findings = read_text(data)
    refuse_errors(findings, _MORE_AT)
    return configuration
