"""The property tests of `tests/services/test_properties.py`, at 2,000 sequences."""

from __future__ import annotations

from collections import Counter

from tests.people import People
from tests.sequences import run_sequence, undo_everything

SEQUENCES = 2000


def test_two_thousand_sequences(people: People) -> None:
    tally: Counter[str] = Counter()
    for seed in range(1000, 1000 + SEQUENCES):
        run = run_sequence(people, seed)
        undo_everything(run)
        tally += run.tally
    print(f"{SEQUENCES} sequences: {dict(tally.most_common())}")
