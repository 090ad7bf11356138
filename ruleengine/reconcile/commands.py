"""What a person asks for with a command: one action, planned on what is there and performed."""

from dataclasses import replace
from datetime import datetime

from ruleengine.model.actions import Action
from ruleengine.model.times import format_time
from ruleengine.reconcile.foreseeing import desired, plan_action
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.writing import Done, Writer

_AREA = "command"


def perform_command(action: Action, surroundings: Surroundings, now: datetime) -> Done:
    """Perform one action; failures are outcomes. An equal object is not written.

    Raises ``UnreachableError`` where no server answers.
    """
    asked = replace(action, object=desired(action, surroundings))
    live = surroundings.client.get(action.target)
    planned, _ = plan_action(asked, _AREA, live, surroundings, format_time(now))
    return Writer(surroundings.client).perform(planned)
