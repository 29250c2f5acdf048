"""How times are compared: a half where they tell nothing, and far from it where they tell."""

import random

from bench.timing_side_channel import told


def test_equal_times_tell_nothing() -> None:
    """Within what mere chance gives."""
    chance = random.Random(1)
    known, unknown = ([chance.gauss(5, 1) for _ in range(1000)] for _ in range(2))

    assert told(known, unknown).sigmas < 3


def test_a_tenth_of_a_deviation_is_found() -> None:
    """With a few thousand tries."""
    chance = random.Random(1)
    known = [chance.gauss(5.1, 1) for _ in range(5000)]
    unknown = [chance.gauss(5.0, 1) for _ in range(5000)]

    assert told(known, unknown).sigmas > 3
    assert told(known, unknown).chance > 0.5


def test_who_always_takes_longer_is_certain() -> None:
    """And who never does."""
    assert told([2.0, 3.0], [1.0, 1.5]).chance == 1
    assert told([1.0], [2.0, 3.0]).chance == 0
