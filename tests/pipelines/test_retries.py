"""Retries: attempts until one is good enough, or nothing says to go on.

(Reference, Workflows 10.)
"""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from ruleengine.model.values import Object
from tests.pipelines.worlds import START, End, MemoryWorld, Script, run, world_of


def retried(strategy: str) -> str:
    """Return a workflow whose one step retries."""
    return f"""
entrypoint: main
templates:
- name: main
  retryStrategy: {strategy}
  container: {{image: alpine, command: [flaky]}}
"""


def attempts(world: MemoryWorld) -> list[str]:
    """Return the phases of the attempts, in their order."""
    return [one["phase"] for one in world.nodes() if one.get("nodeFlag", {}).get("retried")]


def fails(times: int, code: int = 1) -> Script:
    """Return a script in which the first attempts fail."""

    def script(name: str, _: Object) -> End:
        number = int(name.rpartition("(")[2].rstrip(")"))
        return End(code=code if number < times else 0)

    return script


def test_an_attempt_that_succeeds_ends_the_retries() -> None:
    """Every attempt is a node below the one that retries, with a pod of its own."""
    world = run(retried("{limit: 3}"), fails(2))
    assert world.status("phase") == "Succeeded"
    assert world.began == ["(0)", "(1)", "(2)"]
    assert attempts(world) == ["Failed", "Failed", "Succeeded"]
    assert world.node("wf")["type"] == "Retry"


def test_the_limit_counts_what_comes_after_the_first_attempt() -> None:
    """Then the node ends as its last attempt did."""
    world = run(retried("{limit: '2'}"), fails(9))
    assert attempts(world) == ["Failed"] * 3
    assert world.status("phase") == "Failed"
    assert world.node("wf")["message"] == "No more retries left"


@pytest.mark.parametrize(
    "strategy",
    [
        "{limit: 3, backoff: {duration: 60s}}",
        "{limit: 3, backoff: {duration: 60s, maxDuration: 1s}}",
        "{limit: 0, retryPolicy: OnTransientError, expression: 'true'}",
    ],
)
def test_nothing_is_waited_for_after_an_attempt_that_succeeded(strategy: str) -> None:
    """No back-off, no policy and no duration has a word in it."""
    world = run(retried(strategy), fails(0))
    assert (world.status("phase"), world.node("wf").get("message")) == ("Succeeded", None)
    assert world.node("wf")["finishedAt"] == world.node("wf(0)")["finishedAt"]


@pytest.mark.parametrize(
    ("policy", "code", "count"),
    [
        ("OnFailure", 1, 2),
        ("OnError", 1, 1),
        ("OnError", 64, 2),
        ("OnFailure", 64, 1),
        ("Always", 64, 2),
        ("Always", 1, 2),
    ],
)
def test_the_policy_says_which_ends_are_retried(policy: str, code: int, count: int) -> None:
    """The exit code 64 is an error, not a failure."""
    world = run(retried(f"{{limit: 1, retryPolicy: {policy}}}"), fails(9, code))
    assert len(attempts(world)) == count


def test_transient_errors_are_known_by_their_message() -> None:
    """Others are not retried under that policy."""
    strategy = retried("{limit: 1, retryPolicy: OnTransientError}")
    assert len(attempts(run(strategy, lambda *_: End(code=1, message="i/o timeout")))) == 2
    assert len(attempts(run(strategy, lambda *_: End(code=64, message="Too many requests")))) == 2
    assert len(attempts(run(strategy, lambda *_: End(code=1, message="no such file")))) == 1


def test_messages_of_transient_errors_may_be_added() -> None:
    """By a pattern, beside those that are known."""
    for message, count in (("no space left", 2), ("i/o timeout", 2), ("no such file", 1)):
        world = world_of(
            retried("{limit: 1, retryPolicy: OnTransientError}"),
            lambda *_, said=message: End(code=1, message=said),
        )
        world.transient = "no spa.e"
        world.settle()
        assert len(attempts(world)) == count


def test_a_message_that_is_too_long_for_its_pattern_is_an_error() -> None:
    """Of the node, and no decision that takes for ever."""
    world = world_of(
        retried("{limit: 1, retryPolicy: OnTransientError}"),
        lambda *_: End(code=1, message="x" * 100_000),
    )
    world.transient = "(a{100}){10}b"
    world.settle()
    assert world.node("wf")["phase"] == "Error"
    assert world.node("wf")["message"].startswith("the pattern of transient errors: ")


def test_a_policy_that_nobody_knows_is_an_error_that_names_all() -> None:
    """The node says so when there is something to retry."""
    world = run(retried("{limit: 1, retryPolicy: Never}"), fails(9))
    told = "retryPolicy 'Never' is none of Always, OnError, OnFailure, OnTransientError"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)


def test_back_off_waits_longer_each_time_up_to_its_cap() -> None:
    """From the end of an attempt to the beginning of the next."""
    world = run(retried("{limit: 4, backoff: {duration: '10', factor: 2, cap: 30s}}"), fails(9))
    nodes = [one for one in world.nodes() if one.get("nodeFlag", {}).get("retried")]
    waits = [_seconds(one, other) for one, other in pairwise(nodes)]
    assert waits == [10, 20, 30, 30]


def _seconds(one: Object, other: Object) -> int:
    begun, ended = (datetime.fromisoformat(t) for t in (other["startedAt"], one["finishedAt"]))
    return int((begun - ended) / timedelta(seconds=1))


def test_a_longest_duration_ends_the_retries() -> None:
    """It is counted from the beginning of the first attempt."""
    world = run(retried("{limit: 9, backoff: {duration: 40s, maxDuration: 1m}}"), fails(9))
    assert attempts(world) == ["Failed", "Failed"]
    assert world.node("wf")["message"] == "Backoff would exceed max duration limit"
    assert world.now - START < timedelta(minutes=1)


@pytest.mark.parametrize(("longest", "count"), [(11, 2), (10, 1)])
def test_an_attempt_may_begin_with_the_last_second_of_the_longest_duration(
    longest: int, count: int
) -> None:
    """The first one takes a second, then ten are waited for; a later one is none."""
    strategy = f"{{limit: 5, backoff: {{duration: 10s, maxDuration: {longest}s}}}}"
    world = run(retried(strategy), fails(1))
    assert len(attempts(world)) == count


def test_back_off_without_a_duration_is_an_error() -> None:
    """As in Argo."""
    world = run(retried("{limit: 1, backoff: {factor: 2}}"), fails(9))
    assert world.node("wf")["message"] == "no base duration specified for retryStrategy"


def test_steps_can_be_retried_as_a_whole() -> None:
    """Each attempt has groups of its own."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 1}
  steps:
  - - {name: one, template: say}
- name: say
  container: {image: alpine, command: [echo]}
""",
        lambda name, _: End(code=int(name.startswith("(0)"))),
    )
    assert world.status("phase") == "Succeeded"
    assert world.began == ["(0)[0].one", "(1)[0].one"]


def test_attempts_see_their_number_and_how_the_last_one_ended() -> None:
    """In the tags of the retried template."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 1}
  container:
    image: alpine
    command: [echo]
    args:
    - "{{retries}} {{lastRetry.exitCode}} {{lastRetry.status}} {{lastRetry.duration}}"
    - "{{lastRetry.message}}"
""",
        fails(1, 3),
    )
    args = [one["spec"]["containers"][0]["args"] for one in world.pods()]
    assert sorted(args) == [["0 0  0", ""], ["1 3 Failed 1", "main: Error (exit code 3)"]]


def test_the_default_strategy_of_a_workflow_holds_for_every_template() -> None:
    """For one without a strategy of its own."""
    world = run(
        """
entrypoint: main
retryStrategy: {limit: 1}
templates:
- name: main
  container: {image: alpine, command: [flaky]}
""",
        fails(1),
    )
    assert attempts(world) == ["Failed", "Succeeded"]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("lastRetry.exitCode == '3'", 3),
        ("asInt(lastRetry.duration) == 1", 3),
        ("asInt(lastRetry.exitCode) > 3", 1),
        ("asInt(retries) < 1", 2),
        ("lastRetry.status == 'Failed' && lastRetry.message contains 'exit code 3'", 3),
    ],
)
def test_an_expression_decides_whether_to_go_on(expression: str, count: int) -> None:
    """It sees the number of the last attempt and how that ended."""
    world = run(retried(f'{{limit: 2, expression: "{expression}"}}'), fails(9, 3))
    assert len(attempts(world)) == count
    assert world.status("phase") == "Failed"


def test_the_longest_duration_bounds_the_pods_of_later_attempts() -> None:
    """It counts from the first attempt, which itself may take its time."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 3, backoff: {duration: 1s, maxDuration: 30s}}
  container: {image: alpine, command: [work]}
""",
        lambda *_: End(code=1, seconds=10),
    )
    limits = [one["spec"].get("activeDeadlineSeconds") for one in world.pods()]
    assert limits[0] is None
    assert sorted(limits[1:]) == [8, 19]


def test_without_a_limit_there_is_none() -> None:
    """And no wait either, as in Argo."""
    world = run(retried("{backoff: {duration: '100', factor: 2}}"), fails(6))
    assert attempts(world) == ["Failed"] * 6 + ["Succeeded"]
    nodes = [one for one in world.nodes() if one.get("nodeFlag", {}).get("retried")]
    assert max(_seconds(one, other) for one, other in pairwise(nodes)) <= 1


@pytest.mark.parametrize(
    ("strategy", "code", "count"),
    [
        ("{limit: 1}", 1, 2),
        ("{limit: 1}", 64, 1),
        ("{limit: 1, expression: 'true'}", 64, 2),
        ("{limit: 1, expression: 'true', retryPolicy: OnFailure}", 64, 1),
    ],
)
def test_without_a_policy_failures_are_retried_and_with_an_expression_all(
    strategy: str, code: int, count: int
) -> None:
    """A stated policy counts beside the expression."""
    assert len(attempts(run(retried(strategy), fails(9, code)))) == count


def test_back_off_without_a_factor_waits_the_same_each_time() -> None:
    """A factor is no must."""
    world = run(retried("{limit: 3, backoff: {duration: 7s}}"), fails(9))
    nodes = [one for one in world.nodes() if one.get("nodeFlag", {}).get("retried")]
    assert [_seconds(one, other) for one, other in pairwise(nodes)] == [7, 7, 7]


def test_an_attempt_that_took_longer_than_all_may_is_the_last() -> None:
    """That is said before anything else is looked at, the limit among it."""
    strategy = "{limit: 0, backoff: {duration: 1s, maxDuration: 10s}}"
    world = run(retried(strategy), lambda *_: End(code=1, seconds=60))
    assert attempts(world) == ["Failed"]
    assert world.node("wf")["message"] == "Max duration limit exceeded"


def test_the_limit_is_looked_at_before_the_expression_and_the_policy_before_both() -> None:
    """The message says which of them ended it."""
    both = run(retried("{limit: 0, expression: 'false'}"), fails(9))
    assert both.node("wf")["message"] == "No more retries left"
    told = run(retried("{limit: 3, expression: 'false'}"), fails(9))
    assert told.node("wf")["message"] == "retryStrategy.expression evaluated to false"
    policy = run(retried("{limit: 0, retryPolicy: OnError}"), fails(9))
    assert policy.node("wf")["message"] == "main: Error (exit code 1)"


def test_a_step_that_never_ran_has_the_exit_code_minus_one() -> None:
    """Its pod was evicted, say, and nothing of it ended."""
    strategy = "{limit: 1, expression: \"lastRetry.exitCode == '-1'\"}"
    world = world_of(retried(strategy), lambda *_: None)
    world.turn()
    for number in (1, 2):
        pod = next(one for one in world.pods() if one["status"]["phase"] == "Pending")
        status = {"phase": "Failed", "reason": "Evicted", "message": "no room"}
        world.put({**pod, "status": status})
        world.turn()
        assert len(attempts(world)) == min(number + 1, 2)


def test_what_the_last_attempt_made_is_what_the_node_made() -> None:
    """Whoever refers to a step that retries sees its last attempt."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
  - - name: use
      template: use
      arguments: {parameters: [{name: text, value: "{{steps.make.outputs.result}}"}]}
- name: make
  retryStrategy: {limit: 1}
  script: {image: alpine, command: [sh], source: make}
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [echo]}
""",
        lambda name, _: End(code=int("(0)" in name), result=name[-3:]),
    )
    assert world.node("use")["inputs"]["parameters"] == [{"name": "text", "value": "(1)"}]
    assert world.node("make")["outputs"]["result"] == "(1)"


@pytest.mark.parametrize(
    "strategy", ["{limit: 5}", "{limit: 5, backoff: {duration: 1h, maxDuration: 1m}}"]
)
def test_a_stopped_workflow_makes_no_further_attempt(strategy: str) -> None:
    """Whatever the limit allows; that is the reason, whatever else would be one."""
    world = world_of(retried(strategy), lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    assert "finishedAt" not in world.node("wf")
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert len(attempts(world)) == 1
    assert world.status("phase") == "Failed"
    assert world.node("wf")["message"] == "Stopped with strategy 'Stop'"


@pytest.mark.parametrize(
    ("strategy", "count"),
    [
        ('{limit: "{{workflow.parameters.times}}"}', 3),
        ('{limit: "{{=asInt(workflow.parameters.times) * 2}}"}', 5),
        ("{limit: 2, expression: \"workflow.parameters.times == '2'\"}", 3),
        ("{limit: 2, expression: \"workflow.parameters.times == '3'\"}", 1),
        ("{limit: 2, expression: \"'{{workflow.parameters.times}}' == '2'\"}", 3),
    ],
)
def test_a_strategy_may_hold_parameters(strategy: str, count: int) -> None:
    """As tags, and as names in its expression."""
    spec = retried(strategy).replace("\ntemplates", "\narguments: PARAMETERS\ntemplates")
    world = run(spec.replace("PARAMETERS", "{parameters: [{name: times, value: 2}]}"), fails(9))
    assert len(attempts(world)) == count


@pytest.mark.parametrize("limit", ["many", "1.5"])
def test_a_limit_that_is_no_whole_number_is_an_error(limit: str) -> None:
    """After the first attempt, which needs none."""
    world = run(retried(f"{{limit: '{limit}'}}"), fails(9))
    assert world.node("wf")["phase"] == "Error"
    assert world.node("wf")["message"] == (
        f"the limit {limit!r} of a retryStrategy is no whole number"
    )


def test_all_of_back_off_may_be_parameters() -> None:
    """They are numbers and durations only once the tags are replaced."""
    names = {"d": "2", "f": "3", "c": "10s", "m": "1m"}
    listed = ", ".join(f"{{name: {name}, value: '{text}'}}" for name, text in names.items())
    tags = {name: f'"{{{{workflow.parameters.{name}}}}}"' for name in names}
    backoff = "{{duration: {d}, factor: {f}, cap: {c}, maxDuration: {m}}}".format(**tags)
    spec = retried(f"{{limit: 3, backoff: {backoff}}}")
    spec = spec.replace("\ntemplates", f"\narguments: {{parameters: [{listed}]}}\ntemplates")
    world = run(spec, fails(9))
    nodes = [one for one in world.nodes() if one.get("nodeFlag", {}).get("retried")]
    assert [_seconds(one, other) for one, other in pairwise(nodes)] == [2, 6, 10]


def test_a_node_says_for_how_long_it_waits() -> None:
    """Until the next attempt begins."""
    world = world_of(retried("{limit: 1, backoff: {duration: 20s}}"), fails(9))
    while not (told := world.node("wf").get("message") if world.nodes() else None):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert told == "Backoff for 20 seconds"
    while len(attempts(world)) == 1:
        world.turn()
        world.now += timedelta(seconds=1)
    assert "message" not in world.node("wf")


def test_a_longest_duration_bounds_the_pods_of_all_that_is_retried_below_it() -> None:
    """Also of steps that are retried by themselves."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 1, backoff: {duration: 1s, maxDuration: 60s}}
  steps: [[{name: a, template: inner}]]
- name: inner
  retryStrategy: {limit: 0}
  container: {image: alpine, command: [work]}
""",
        lambda *_: End(code=1, seconds=10),
    )
    limits = [one["spec"].get("activeDeadlineSeconds") for one in world.pods()]
    assert limits == [None, 49]


def test_the_time_of_an_attempt_is_that_of_its_pod_alone() -> None:
    """``activeDeadlineSeconds`` of the template begins anew each time."""
    spec = retried("{limit: 1}").replace("container:", "activeDeadlineSeconds: 7\n  container:")
    world = run(spec, lambda *_: End(code=1, seconds=5))
    assert [one["spec"]["activeDeadlineSeconds"] for one in world.pods()] == [7, 7]


def test_without_an_exit_code_or_an_end_there_are_words_for_it() -> None:
    """The first attempt sees that there was none before."""
    names = ("exitCode", "status", "duration", "message")
    tags = "|".join(f"{{{{lastRetry.{name}}}}}" for name in names)
    world = run(
        retried("{limit: 1}").replace("[flaky]", f'[flaky, "{tags}"]'),
        lambda name, _: End(code=int("(0)" in name), seconds=3),
    )
    told = [one["spec"]["containers"][0]["command"][1] for one in world.pods()]
    assert told == ["0||0|", "1|Failed|3|main: Error (exit code 1)"]


def test_a_node_ends_as_its_last_attempt_did() -> None:
    """With an error as well; the next attempt knows which it was."""
    world = run(
        retried("{limit: 2, retryPolicy: Always}").replace("[flaky]", '["{{lastRetry.status}}"]'),
        lambda name, _: End(code=1 if "(0)" in name else 64),
    )
    assert attempts(world) == ["Failed", "Error", "Error"]
    assert world.node("wf")["phase"] == "Error"
    told = [one["spec"]["containers"][0]["command"][0] for one in world.pods()]
    assert sorted(told) == ["", "Error", "Failed"]


def test_time_is_looked_at_before_the_policy() -> None:
    """The message is that of the time, although nothing is to be retried."""
    strategy = "{limit: 1, retryPolicy: OnError, backoff: {duration: 1s, maxDuration: 10s}}"
    world = run(retried(strategy), lambda *_: End(code=1, seconds=60))
    assert world.node("wf")["message"] == "Max duration limit exceeded"


def test_back_off_is_waited_for_before_the_policy_is_looked_at() -> None:
    """As in Argo; only then it is known that nothing is to be retried."""
    world = run(retried("{limit: 1, retryPolicy: OnError, backoff: {duration: 10s}}"), fails(9))
    assert attempts(world) == ["Failed"]
    assert _seconds(world.node("wf(0)"), {"startedAt": world.node("wf")["finishedAt"]}) == 10


@pytest.mark.parametrize(
    ("expression", "phase", "count"),
    [
        ("'{{inputs.parameters.x}}' == '2'", "Failed", 3),
        ("inputs.parameters.x == '2'", "Error", 1),
    ],
)
def test_inputs_are_text_in_a_strategy_and_no_names_of_its_expression(
    expression: str, phase: str, count: int
) -> None:
    """The tags are replaced before; a name that nobody knows is an error."""
    given = 'parameters: [{name: x, value: "2"}]'
    spec = retried(f'{{limit: 2, expression: "{expression}"}}')
    spec = spec.replace("container:", "inputs: {parameters: [{name: x}]}\n  container:")
    world = run(f"arguments: {{{given}}}{spec}", fails(9))
    assert (world.node("wf")["phase"], len(attempts(world))) == (phase, count)


def test_a_hook_of_a_step_that_is_tried_again_is_no_attempt_of_it() -> None:
    """Both are drawn below the step."""
    world = run(
        """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: flaky, hooks: {now: {template: say, expression: "true"}}}
- name: flaky
  retryStrategy: {limit: 1}
  container: {image: alpine, command: [flaky]}
- {name: say, container: {image: alpine, command: [say]}}
""",
        lambda name, _: End(code=int("(0)" in name), seconds=3),
    )
    assert world.status("phase") == "Succeeded"
    assert world.began == ["[0].a(0)", "[0].a.hooks.now", "[0].a(1)"]


def test_a_suspended_workflow_makes_its_next_attempt_when_it_is_resumed() -> None:
    """Until then it waits with those that were made."""
    world = world_of(retried("{limit: 1}"), fails(1))
    world.turn()
    world.change({"spec": {"suspend": True}})
    world.settle()
    assert (attempts(world), world.status("phase")) == (["Failed"], "Running")
    world.change({"spec": {"suspend": None}})
    world.settle()
    assert (attempts(world), world.status("phase")) == (["Failed", "Succeeded"], "Succeeded")


@pytest.mark.parametrize(
    ("strategy", "count"),
    [
        ("{limit: 1, expression: \"lastRetry.message == ''\"}", 2),
        ("{limit: 1, retryPolicy: OnError}", 1),
    ],
)
def test_an_attempt_that_says_nothing_of_its_end_has_no_message(strategy: str, count: int) -> None:
    """As a DAG, whose tasks say it; nor has the node that retries it, which it is the end of."""
    world = run(
        f"""
entrypoint: main
templates:
- name: main
  retryStrategy: {strategy}
  dag: {{tasks: [{{name: a, template: work}}]}}
- {{name: work, container: {{image: alpine, command: [work]}}}}
""",
        lambda *_: End(code=1),
    )
    assert len(attempts(world)) == count
    if count == 1:
        assert "message" not in world.node("wf")
