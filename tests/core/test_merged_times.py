"""What is pending counts by its first and its newest change, in whatever order they are read."""

from itertools import permutations

import pytest

from invalidator.core.pending.entry import merged


@pytest.mark.parametrize("changes", list(permutations([(10.0, 10.0), (5.0, 20.0), (15.0, 15.0)])))
def test_the_first_and_the_newest_change_count_in_whatever_order(changes):
    known = {}
    for each in changes:
        merged(known, [("/a.html", each)])
    assert known == {"/a.html": (5.0, 20.0)}
