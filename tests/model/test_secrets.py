"""A secret value masks itself."""

import pickle

import pytest

from ruleengine.model.secrets import MASK, Secret


def test_a_secret_is_never_shown() -> None:
    """Printing, formatting and representing it give the mask."""
    secret = Secret("hunter2")
    assert [str(secret), f"{secret}", f"{secret:>20}"] == [MASK] * 3
    assert "hunter2" not in repr(secret)
    assert "hunter2" not in repr({"password": secret})


def test_a_secret_cannot_be_written_anywhere() -> None:
    """Pickling is refused."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret("hunter2"))


def test_the_text_is_there_for_the_one_call_that_needs_it() -> None:
    """Revealing is explicit; equality compares the texts."""
    assert Secret("hunter2").reveal() == "hunter2"
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
