"""Lagrange multipliers, which turn a choice with two constraints into one that one pass makes exactly.

Points of a prefix tree are to be chosen, none below another, that save enough paths with few enough slots
at the least cost. Charge so much for every path still to be saved and so much for every slot used, and the
cheapest choice is found bottom up. Whatever the two charges, no valid choice costs less than it does.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_ROUNDS = 24  # changes in a row; the search ends long before
_WHOLE = 0.5  # costs are whole numbers: bounds that are nearer than this are as good as equal
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Points:
    """What can be chosen, children before parents; points `start[i]` to `i - 1` lie below point `i`.

    The last point must be a valid choice on its own.

    Attributes:
        cost: what choosing the point costs.
        gain: paths saved by it, at least 1.
        slots: wildcards used by it; zero or less where it makes wildcards that came in needless.
        start: the first point below it, or itself.
    """

    cost: Sequence[int]
    gain: Sequence[int]
    slots: Sequence[int]
    start: Sequence[int]

    def __len__(self) -> int:
        return len(self.cost)

    def only(self, kept: Sequence[int]) -> "Points":
        """The same tree without the points that are not in the sorted `kept`."""
        return Points(
            [self.cost[point] for point in kept],
            [self.gain[point] for point in kept],
            [self.slots[point] for point in kept],
            [bisect_left(kept, self.start[point]) for point in kept],
        )

    def choice(self, chosen: Sequence[int]) -> "Choice":
        """Return a set of points with its sums."""
        return Choice(
            sum(self.cost[point] for point in chosen),
            sum(self.gain[point] for point in chosen),
            sum(self.slots[point] for point in chosen),
            tuple(chosen),
        )


class Choice(NamedTuple):
    """A set of points, none below another, with its sums."""

    cost: int
    gain: int
    slots: int
    points: tuple[int, ...]


class Multipliers(NamedTuple):
    """What a path still to be saved, and a slot used, are charged."""

    path: float
    slot: float


class Bounded(NamedTuple):
    """Multipliers, the bound they give, and how it rises with that of a slot."""

    bound: float
    rise: float
    multipliers: Multipliers


def charged(points: Points, multipliers: Multipliers) -> list[float]:
    """What choosing each point costs with these multipliers."""
    path, slot = multipliers
    return [
        cost - path * gain + slot * slots
        for cost, gain, slots in zip(points.cost, points.gain, points.slots, strict=True)
    ]


def cheapest_before(costs: Sequence[float], start: Sequence[int]) -> list[float]:
    """The cost of the cheapest choice among the first 0, 1, 2, … points."""
    best = [0.0]
    so_far = 0.0
    for cost, begin in zip(costs, start, strict=True):
        with_it = best[begin] + cost
        so_far = min(so_far, with_it)
        best.append(so_far)
    return best


def cheapest_from(costs: Sequence[float], start: Sequence[int]) -> list[float]:
    """The least that going on from before point 0, 1, 2, … to the end costs."""
    best = [0.0] * (len(costs) + 1)
    for point in range(len(costs) - 1, -1, -1):
        after = best[point + 1]
        best[point] = min(best[point], after)
        begin = start[point]
        best[begin] = min(best[begin], costs[point] + after)
    return best


def best_multipliers(points: Points, need: int, slots: int) -> tuple[Multipliers, Choice]:
    """The multipliers with the highest bound, and the cheapest valid choice met on the way."""
    met = [points.choice([len(points) - 1])]
    low = _for_slot_multiplier(points, need, slots, 0.0, met)
    if low.rise > 0:
        high = _for_slot_multiplier(points, need, slots, 1.0 + abs(points.cost[-1]), met)
        low = _between(points, need, slots, (low, high), met)
    valid = [choice for choice in met if choice.gain >= need and choice.slots <= slots]
    return low.multipliers, min(valid, key=lambda choice: choice.cost)


def _between(
    points: Points, need: int, slots: int, ends: tuple[Bounded, Bounded], met: list[Choice]
) -> Bounded:
    """The highest bound between two multipliers of a slot: where the bounds' tangents meet, again and again."""
    low, high = ends
    for _ in range(_ROUNDS):
        if high.rise > 0 or low.rise - high.rise < _FLAT:
            break
        width = high.multipliers.slot - low.multipliers.slot
        slot = low.multipliers.slot + (high.bound - low.bound - high.rise * width) / (low.rise - high.rise)
        slot = min(max(slot, low.multipliers.slot), high.multipliers.slot)
        middle = _for_slot_multiplier(points, need, slots, slot, met)
        if middle.bound <= max(low.bound, high.bound) + _WHOLE:
            return max(low, high, middle)
        low, high = (middle, high) if middle.rise > 0 else (low, middle)
    return max(low, high)


def _for_slot_multiplier(points: Points, need: int, slots: int, slot: float, met: list[Choice]) -> Bounded:
    """The best multiplier of a path with this one of a slot; what is chosen on the way is added to `met`."""

    def bound(choice: Choice, multipliers: Multipliers) -> float:
        return (
            choice.cost + multipliers.path * (need - choice.gain) + multipliers.slot * (choice.slots - slots)
        )

    multipliers = Multipliers(0.0, slot)
    few, many = _choose(points, multipliers), met[0]
    met.append(few)
    if few.gain >= need:
        return Bounded(bound(few, multipliers), few.slots - slots, multipliers)
    for _ in range(_ROUNDS):
        dearer = many.cost - few.cost + slot * (many.slots - few.slots)
        multipliers = Multipliers(dearer / (many.gain - few.gain), slot)  # at which both cost the same
        middle = _choose(points, multipliers)
        met.append(middle)
        if bound(middle, multipliers) >= bound(many, multipliers) - _WHOLE:
            break
        few, many = (few, middle) if middle.gain >= need else (middle, many)
    share = (need - few.gain) / (many.gain - few.gain)
    rise = share * many.slots + (1 - share) * few.slots - slots
    return Bounded(min(bound(many, multipliers), bound(middle, multipliers)), rise, multipliers)


def _choose(points: Points, multipliers: Multipliers) -> Choice:
    """The cheapest choice with these multipliers."""
    best = cheapest_before(charged(points, multipliers), points.start)
    same = [one == other for one, other in pairwise(best)]
    chosen = []
    here = len(points)
    while here:
        here -= 1
        if not same[here]:
            chosen.append(here)
            here = points.start[here]
    chosen.reverse()
    return points.choice(chosen)
