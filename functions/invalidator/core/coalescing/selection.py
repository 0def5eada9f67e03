"""Choosing points of a prefix tree: the cheapest set that saves enough paths with few enough slots.

The best multipliers give a lower bound for every partial choice, so a search that goes through the points once and
drops each partial choice that cannot become the cheapest, or that another beats in every way, follows few.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from invalidator.core.coalescing.multipliers import (
    Choice,
    Multipliers,
    Points,
    best_multipliers,
    charged,
    cheapest_before,
    cheapest_from,
)

_LESS = 0.5  # costs are whole numbers: what is cheaper is cheaper by more than this


class Effort(NamedTuple):
    """How long to look for the cheapest choice.

    Attributes:
        sample: points from which the multipliers are found.
        core: points that the search decides about.
        widths: partial choices followed side by side, try after try; each try starts from what the one before
            found.
        work: with more paths to save, a width is no more than this divided by their number (but the first).
        fineness: points that save less than an even share of the paths divided by this are not worth a look.
    """

    sample: int
    core: int
    widths: tuple[int, ...]
    work: int
    fineness: int


QUICK = Effort(96, 48, (16, 128), 60_000, 32)  # where costs are only estimates
THOROUGH = Effort(256, 256, (256, 2048), 600_000, 256)


def select(points: Points, need: int, slots: int, effort: Effort = THOROUGH) -> tuple[int, ...]:
    """The points that save at least `need` (1 or more) paths with at most `slots` slots at the least cost.

    Exact where the effort's limits are not reached.
    """
    sample = _sample(points, need, slots, effort.sample)
    multipliers, found = best_multipliers(points.only(sample), need, slots)
    best = found._replace(points=tuple(sample[point] for point in found.points))
    narrowest = effort.widths[0]
    for width in sorted({min(width, max(narrowest, effort.work // need)) for width in effort.widths}):
        core = _undecided(points, multipliers, _Limits(need, slots, best.cost), effort.core)
        better = _search(points.only(core), multipliers, _Limits(need, slots, best.cost), width)
        if better is not None:
            best = better._replace(points=tuple(core[point] for point in better.points))
    return best.points


class _Limits(NamedTuple):
    need: int
    slots: int
    cost: int  # of the best choice so far


def _sample(points: Points, need: int, slots: int, size: int) -> list[int]:
    """The points that save most for what they cost, small ones apart; and the last."""
    number = len(points)
    if number <= size:
        return list(range(number))
    least = need / (8 * max(1, slots))
    heavy = [point for point in range(number) if points.gain[point] >= least]
    heavy.sort(key=lambda point: (points.cost[point] / min(points.gain[point], need), point))
    return sorted({*heavy[:size], number - 1})


def _undecided(points: Points, multipliers: Multipliers, limits: _Limits, size: int) -> list[int]:
    """The points that a cheaper choice may hold; of too many, those of the lowest bounds."""
    costs = charged(points, multipliers)
    before, after = cheapest_before(costs, points.start), cheapest_from(costs, points.start)
    most = limits.cost - _LESS - multipliers.path * limits.need + multipliers.slot * limits.slots
    through = [
        before[start] + cost + later
        for start, cost, later in zip(points.start, costs, after[1:], strict=True)
    ]
    undecided = [point for point, bound in enumerate(through) if bound <= most]
    if len(undecided) > size:
        undecided = sorted(sorted(undecided, key=lambda point: (through[point], point))[:size])
    return undecided


# A partial choice: its cost, the paths still to be saved, the slots used, and what was chosen, latest first.
_Chosen = tuple[int, "_Chosen | None"]
_Partial = tuple[int, int, int, _Chosen | None]


def _search(points: Points, multipliers: Multipliers, limits: _Limits, width: int) -> Choice | None:
    """The cheapest valid choice, if it is cheaper than the best so far."""
    path, slot = multipliers
    after = cheapest_from(charged(points, multipliers), points.start)
    step = max(1, limits.need * limits.slots // width)
    ahead: list[_Partial] = [(0, limits.need, 0, None)]
    reached = [ahead]
    for point, start in enumerate(points.start):
        cost, gain, used = points.cost[point], points.gain[point], points.slots[point]
        most = limits.cost - _LESS - after[point + 1] + slot * limits.slots
        grown = [
            (before + cost, missing - gain if missing > gain else 0, slots + used, (point, chosen))
            for before, missing, slots, chosen in reached[start]
        ]
        ahead = _unbeaten(
            partial
            for partial in (*ahead, *grown)
            if partial[0] + path * partial[1] + slot * partial[2] <= most
        )
        if len(ahead) > width:
            ahead = _spread(ahead, path, step, width)
        reached.append(ahead)
    cost, _, _, link = min(
        (partial for partial in ahead if not partial[1] and partial[2] <= limits.slots),
        key=lambda partial: partial[:3],
        default=(limits.cost, 0, 0, None),
    )
    if cost >= limits.cost:
        return None
    chosen: list[int] = []
    while link is not None:
        point, link = link
        chosen.append(point)
    return points.choice(chosen[::-1])


def _spread(partials: list[_Partial], path: float, step: int, width: int) -> list[_Partial]:
    """The most promising one for each number of slots and about as many missing paths: no kind is starved."""
    ranked = sorted(partials, key=lambda partial: partial[0] + path * partial[1])
    best: dict[tuple[int, int], _Partial] = {}
    for partial in ranked:
        best.setdefault((partial[2], -(-partial[1] // step)), partial)
    return list(best.values())[:width]


def _unbeaten(partials: Iterable[_Partial]) -> list[_Partial]:
    """Those that no other one beats in cost, missing paths and slots alike."""
    kept: list[_Partial] = []
    slots: list[int] = []  # of the kept, rising; and the fewest missing paths with so many slots, falling
    fewest: list[int] = []
    for partial in sorted(partials, key=lambda partial: partial[:3]):
        _, missing, used, _ = partial
        place = bisect_right(slots, used)
        if place and fewest[place - 1] <= missing:
            continue
        kept.append(partial)
        end = place
        while end < len(slots) and fewest[end] >= missing:
            end += 1
        if place and slots[place - 1] == used:
            place -= 1
        slots[place:end] = [used]
        fewest[place:end] = [missing]
    return kept
