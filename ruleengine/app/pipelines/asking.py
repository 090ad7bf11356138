"""What a person asks to be run, as a value."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from ruleengine.pipelines.verbs.submitting import Submission

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What suffixes of names are made of: no vowels, so that no words come about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks to be run: a name or a file of the repo, or ``source`` as it is live.

    ``source`` is ``KIND/NAME``; ``submission`` is what is asked for beside it.
    """

    name: str = ""
    source: str = ""
    submission: Submission = field(default_factory=lambda: Submission(suffix=suffix()))


def suffix() -> str:
    """Return what makes a generated name unique."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))
