"""What is known of each attempt to run a container, in memory and in a file beside its files.

Everything of an attempt lies in ``FOLDER/<pod uid>/containers/<name>/<attempt>/``. Its
``record.json`` says when it was started and, in the end, how it ended. One without an end was cut
off by the end of a server.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ruleengine.formats import json_text
from ruleengine.local.runtime.files import replace_file
from ruleengine.local.runtime.groups import Group
from ruleengine.local.runtime.launching import Contained
from ruleengine.local.runtime.values import NODE_RESTARTED, ContainerPlan, Seen
from ruleengine.model.times import format_time, parse_time

_LOG: Final = logging.getLogger(__name__)
_RECORD: Final = "record.json"
_CUT_OFF: Final = "the local control plane stopped while this process ran, and ended it"


@dataclass(slots=True)
class Attempt:
    """One attempt; ``contained`` is there while it runs."""

    folder: Path
    started: datetime
    finished: datetime | None = None
    code: int = 0
    reason: str = ""
    message: str = ""
    told: bool = False
    stop_signal: int = 15
    contained: Contained | None = field(default=None, repr=False)
    group: Group | None = None
    plan: ContainerPlan | None = field(default=None, repr=False)
    """The plan of one that runs in a container engine."""
    writes: tuple[PurePosixPath, ...] = ()
    """The places of the mounts that it may write."""

    @property
    def number(self) -> int:
        """How many attempts came before."""
        return int(self.folder.name)

    def finish(self, now: datetime, code: int, reason: str, message: str) -> None:
        """Write down how it ended; what the disk refuses is known to this server alone."""
        self.finished, self.contained = now, None
        self.code, self.reason, self.message = code, reason, message
        try:
            self.write()
        except FileNotFoundError:
            return  # the pod was forgotten meanwhile
        except OSError as error:
            _LOG.warning("the end of %s cannot be written: %s", self.folder, error)

    def cut_off(self, now: datetime) -> None:
        """Write down that the server ended before it did."""
        self.finish(now, 137, NODE_RESTARTED, _CUT_OFF)

    def write(self) -> None:
        """Write what is known to the record."""
        record: dict[str, Any] = {"started": format_time(self.started)}
        if self.plan is not None:
            record["engine"] = True
        if self.finished is not None:
            record["finished"] = format_time(self.finished)
            record |= {"code": self.code, "reason": self.reason, "message": self.message}
        replace_file(self.folder / _RECORD, json_text.dump_bytes(record), 0o600)


def read_attempt(folder: Path) -> Attempt | None:
    """Return the attempt whose record lies in a folder, ``None`` where none can be read."""
    try:
        record = json_text.loads((folder / _RECORD).read_bytes())
        finished = record.get("finished")
        return Attempt(
            folder,
            parse_time(record["started"]),
            parse_time(finished) if finished else None,
            record.get("code", 0),
            record.get("reason", ""),
            record.get("message", ""),
        )
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def ran_in_engine(folder: Path) -> bool:
    """Tell whether an attempt ran in a container engine."""
    try:
        return bool(json_text.loads((folder / _RECORD).read_bytes()).get("engine"))
    except (OSError, ValueError, AttributeError):
        return False


def seen(attempts: list[Attempt]) -> Seen | None:
    """Return what there is to see of the attempts of a container, oldest first."""
    found: Seen | None = None
    for one in attempts[-2:]:
        found = Seen(
            attempt=one.number,
            started=one.started,
            finished=one.finished,
            code=one.code,
            reason=one.reason,
            message=one.message,
            told=one.told,
            previous=found,
        )
    return found


def folders(path: Path) -> list[Path]:
    """Return the folders in a folder; none where it is missing."""
    try:
        return sorted(one for one in path.iterdir() if one.is_dir())
    except OSError:
        return []
