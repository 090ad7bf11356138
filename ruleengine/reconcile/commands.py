"""What a person asks for with a command: one action, planned on what is there and performed."""

from datetime import datetime

from ruleengine.model.actions import Action, Change
from ruleengine.model.times import format_time
from ruleengine.reconcile.foreseeing import in_form, plan_action
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.writing import Done, Writer

_AREA = "command"


def perform_command(action: Action, surroundings: Surroundings, now: datetime) -> Done:
    """Perform one action; failures are outcomes. An equal object is not written.

    Raises ``UnreachableError`` where no server answers.
    """
    live = surroundings.client.get(action.target)
    asked = in_form(action, surroundings)
    planned, _ = plan_action(asked, _AREA, live, surroundings, format_time(now))
    return Writer(surroundings.client).perform(planned)


def is_in_place(action: Action, surroundings: Surroundings, now: datetime) -> bool:
    """Tell whether an action of the repo, stamped, would change nothing.

    Raises ``UnreachableError`` where no server answers.
    """
    live = surroundings.client.get(action.target)
    if live is None:
        return False
    asked = in_form(action, surroundings)
    planned, _ = plan_action(asked, _AREA, live, surroundings, format_time(now))
    return planned.change is Change.UNCHANGED
