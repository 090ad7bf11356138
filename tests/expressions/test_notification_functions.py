"""Templates of notifications reckon with times and change texts."""

from datetime import UTC, datetime

import pytest

from ruleengine.expressions import gotemplates, sprig
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.notification_functions import namespaces
from ruleengine.expressions.sprig import Surroundings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def rendered(text: str, surroundings: Surroundings) -> str:
    """Evaluate a template as a notification does."""
    data = {"app": {"startedAt": "2026-03-04T05:00:00Z"}, **namespaces(surroundings)}
    return gotemplates.compile(text, functions=sprig.functions(surroundings)).eval(data)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("{{ (call .time.Now).Sub (call .time.Parse .app.startedAt) }}", "6m7s"),
        ("{{ (call .time.Parse .app.startedAt).Format .time.Kitchen }}", "5:00AM"),
        ("{{ ((call .time.Now).Add .time.Hour).Hour }} {{ .time.Minute }}", "6 1m0s"),
        ("{{ eq (call .time.Now).Month .time.March }} {{ .time.Sunday }}", "true Sunday"),
        ("{{ eq (call .time.Now).Weekday .time.Wednesday }}", "true"),
        ('{{ call .strings.ReplaceAll "a-b-c" "-" "+" | call .strings.ToUpper }}', "A+B+C"),
        ('{{ call .strings.ToLower "ABC" }}', "abc"),
    ],
)
def test_times_and_texts_are_those_of_argo(text: str, out: str) -> None:
    """The clock comes from the surroundings."""
    assert rendered(text, Surroundings(now=NOW)) == out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ call .time.Now }}", "no clock here"),
        ('{{ call .time.Parse "soon" }}', "error calling time.Parse"),
        ("{{ call .strings.ToUpper 1 }}", "expected string; got int"),
        ("{{ .time.Now }}", "a function cannot be printed"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    """By one kind of error."""
    with pytest.raises(ExpressionError, match=message):
        rendered(text, Surroundings())
