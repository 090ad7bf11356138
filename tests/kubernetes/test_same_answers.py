"""The local control plane answers as a real kube-apiserver did, but for what is listed."""

import csv
import json
from pathlib import Path

import pytest

from ruleengine.local.control_plane import in_memory_plane
from tests.kubernetes.comparing import common, differences
from tests.kubernetes.recording import asked, recorded
from tests.kubernetes.sequences import Sequence, load, play

LISTED = Path(__file__).parent / "differences.tsv"
SEQUENCES = load()


def listed(name: str) -> set[int]:
    """Return the steps of a sequence that are answered in another way, on purpose or for now."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["sequence"] == name]
    return {int(number) for row in rows for number in row["steps"].split()}


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda one: one.name)
def test_a_sequence_is_answered_as_by_kubernetes(sequence: Sequence) -> None:
    """In what programs act on; a difference that is listed and gone has to leave the list."""
    found = {}
    answers = play(sequence, in_memory_plane())
    for number, (ours, theirs) in enumerate(zip(answers, recorded()[sequence.name], strict=True)):
        differ = [
            *differences(json.loads(json.dumps(common(ours, managed=sequence.managed))), theirs)
        ]
        if differ:
            found[number] = (ours.request, differ[:5])
    unexpected = {number: found[number] for number in found.keys() - listed(sequence.name)}
    assert unexpected == {}
    assert listed(sequence.name) - found.keys() == set()


def test_what_was_recorded_is_what_the_real_server_answers() -> None:
    """Asked anew, where one is built."""
    for name, answers in asked().items():
        assert [*differences(answers, recorded()[name])] == [], name
