"""The errors of Go templates: what Go says, with the line and the place."""

from ruleengine.expressions.language import ExpressionError

_LONGEST_CONTEXT = 40


def problem(text: str, offset: int, message: str, hint: str = "") -> ExpressionError:
    """Return the error for a place in a template."""
    line = text.count("\n", 0, offset) + 1
    return ExpressionError(f"line {line}: {message}", offset=offset, text=text, hint=hint)


def failure(text: str, place: tuple[int, int], message: str, hint: str = "") -> ExpressionError:
    """Return the error for a part of a template that could not be evaluated."""
    start, end = place
    context = " ".join(text[start:end].split())
    if len(context) > _LONGEST_CONTEXT:
        context = context[:_LONGEST_CONTEXT] + "..."
    return problem(text, start, f"at <{context}>: {message}", hint)
