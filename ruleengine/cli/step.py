"""``ruleengine step``: what runs inside the pods of workflows. Not meant for people."""

import os
from collections.abc import Callable

import click

from ruleengine.step.plan import TERMINATION_LOG, FailedStepError, Plan, StepError, read_plan

_FAILURE = 1
_FAULT = 64
"""The exit code that says: not the step failed, but what is around it."""


@click.group(hidden=True)
def command() -> None:
    """Prepare, report or perform a step, as its pod's environment says."""


def _run(work: Callable[[Plan], int]) -> int:
    """Do some work for the plan in the environment; say in the pod's status what went wrong."""
    try:
        return work(read_plan(os.environ))
    except StepError as error:
        click.echo(str(error), err=True)
        if TERMINATION_LOG.exists():
            TERMINATION_LOG.write_text(str(error)[:4096], encoding="utf-8")
        return _FAILURE if isinstance(error, FailedStepError) else _FAULT


@command.command()
def init() -> int:
    """Lay out the script of a step and the wrapper that it runs through."""
    from ruleengine.step.preparing import prepare

    def work(plan: Plan) -> int:
        prepare(plan)
        return 0

    return _run(work)


@command.command()
def wait() -> int:
    """Wait for the end of a step, and report what it made."""
    from ruleengine.step.api import Api
    from ruleengine.step.members import wait_for_all
    from ruleengine.step.progress import progress_of, telling
    from ruleengine.step.reporting import report
    from ruleengine.step.waiting import IncompleteError, collect
    from ruleengine.step.waiting import wait as wait_for

    def work(plan: Plan) -> int:
        api = Api(os.environ)
        with telling(plan, lambda said: report(plan, api, {}, said, final=False)):
            made, code = wait_for_all(plan) if plan.members else (plan, wait_for(plan))
        if plan.reports:
            said = progress_of(plan)
            try:
                report(plan, api, collect(made, code), said)
            except IncompleteError as error:
                report(plan, api, error.outputs, said)
                raise
        return 0

    return _run(work)


@command.command()
def data() -> int:
    """List the paths of artifacts, transform them, and report what came of it."""
    from ruleengine.step.access import PodAccess
    from ruleengine.step.api import Api
    from ruleengine.step.data import result_of
    from ruleengine.step.reporting import report

    def work(plan: Plan) -> int:
        result = result_of(plan, PodAccess())
        click.echo(result)
        if plan.reports:
            report(plan, Api(os.environ), {"result": result})
        return 0

    return _run(work)


@command.command()
def collect() -> int:
    """Delete the artifacts that tasks name, and say in these which are gone."""
    from ruleengine.step.access import PodAccess
    from ruleengine.step.api import Api
    from ruleengine.step.collecting import collect as collect_all

    def work(plan: Plan) -> int:
        collect_all(plan, Api(os.environ), PodAccess())
        return 0

    return _run(work)


@command.command()
def resource() -> int:
    """Create, change, read or delete an object, and report what was asked of it."""
    from ruleengine.step.api import Api
    from ruleengine.step.reporting import report
    from ruleengine.step.resources import perform

    def work(plan: Plan) -> int:
        api = Api(os.environ)
        outputs = perform(plan, api)
        if outputs:
            report(plan, api, outputs)
        return 0

    return _run(work)


@command.command()
def http() -> int:
    """Make an HTTP call, and report its reply."""
    from ruleengine.step.api import Api
    from ruleengine.step.calling import perform
    from ruleengine.step.reporting import report

    def work(plan: Plan) -> int:
        outputs = perform(plan, os.environ)
        if plan.reports:
            report(plan, Api(os.environ), outputs)
        return 0

    return _run(work)


@command.command()
def tokens() -> int:
    """Write the tokens that executor plugins are shown."""
    from ruleengine.step.plugins import write_tokens

    def work(plan: Plan) -> int:
        write_tokens(plan)
        return 0

    return _run(work)


@command.command()
def plugin() -> int:
    """Ask executor plugins to do the work of a template, and report what came of it."""
    from time import sleep

    from ruleengine.step.api import Api
    from ruleengine.step.plugins import perform
    from ruleengine.step.reporting import report

    def work(plan: Plan) -> int:
        done = perform(plan, sleep)
        report(plan, Api(os.environ), done.outputs)
        done.judge()
        return 0

    return _run(work)
