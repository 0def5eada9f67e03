"""CloudFront as its viewers meet it: hosts, several locations, and invalidations on their way to them."""

import heapq
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from infra.local.edge.cache import Cache
from infra.local.edge.distributions import Distribution
from infra.local.edge.location import Fetching, Location, Request, Response
from infra.local.edge.readings import Readings

LOCATIONS = ("FRA56", "IAD89", "NRT57")
# Invalidations are in effect in under 5 s at P95, and complete in under 25 s (announcement of 2026-04;
# aws-behaviour.md, "CloudFront invalidations").
EFFECTIVE_P95_SECONDS = 5.0
COMPLETE_SECONDS = 25.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """How an edge behaves where the distributions do not say.

    Attributes:
        locations: their names; each has a cache of its own.
        readings: how the guide is read.
        effective_p95_seconds: 95 % of invalidations have arrived at a location by then.
        most_bytes: what the locations' caches hold together, at most.
        seed: decides, with the invalidation and the location, how long each takes.
    """

    locations: tuple[str, ...] = LOCATIONS
    readings: Readings = field(default_factory=Readings)
    effective_p95_seconds: float = EFFECTIVE_P95_SECONDS
    most_bytes: float = 256 * MEGABYTE
    seed: int = 0


@dataclass(order=True, slots=True)
class _Coming:
    at: float
    number: int
    distribution: str = field(compare=False)
    items: tuple[str, ...] = field(compare=False)


class Edge:
    """The edge: pure but for its caches; `clock` is asked for the time, epoch seconds.

    Attributes:
        locations: by their names.
        last_arrival: when all invalidations so far have arrived everywhere, epoch seconds.
        distributions: those that it answers for, by id.
    """

    def __init__(self, clock: Callable[[], float], settings: EdgeSettings | None = None) -> None:
        self.settings = settings or EdgeSettings()
        self._clock = clock
        names = self.settings.locations
        self.locations = {
            name: Location(name, clock, self.settings.readings, Cache(self.settings.most_bytes / len(names)))
            for name in names
        }
        self._coming: dict[str, list[_Coming]] = {name: [] for name in names}
        self._count = 0
        self.last_arrival = float("-inf")
        self.distributions: dict[str, Distribution] = {}
        self._hosts: dict[str, Distribution] = {}

    def know(self, distributions: Iterable[Distribution]) -> None:
        """Answer for these distributions and tenants from now on, and for no others."""
        self.distributions = {each.id: each for each in distributions}
        self._hosts = {}
        for each in self.distributions.values():
            for host in (f"{each.id.lower()}.localhost", *each.hosts):
                self._hosts[host] = each

    def host(self, name: str) -> tuple[Distribution, str] | None:
        """Return which distribution answers under a host name, and at which location; None for none.

        `E….localhost` or an alias is the first location; `fra56.E….localhost` names one.
        """
        name = name.lower()
        first, _, rest = name.partition(".")
        found = self._hosts.get(name)
        if found is None and first.upper() in self.locations and rest in self._hosts:
            return self._hosts[rest], first.upper()
        above = rest
        while found is None and above:
            # `*.example.org` takes whatever ends so, and what is named itself goes before it [CNAMEs, "wildcard"].
            found = self._hosts.get(f"*.{above}")
            above = above.partition(".")[2]
        return None if found is None else (found, self.settings.locations[0])

    def begin(self, distribution: Distribution, location: str, request: Request) -> Response | Fetching:
        """Answer a viewer, see `Location.begin`; what has arrived by now counts."""
        self._arrive(location)
        return self.locations[location].begin(distribution, request)

    def invalidate(
        self, distribution: str, invalidation: str, items: Sequence[str], completes: float | None = None
    ) -> float:
        """Send an invalidation on its way to each location; return when it has arrived at the last.

        Args:
            distribution: the id that it names.
            invalidation: its id.
            items: its paths and tags.
            completes: when it counts as completed, epoch seconds: it has arrived everywhere by then.
        """
        now = self._clock()
        last = now
        for name, coming in self._coming.items():
            self._count += 1
            at = now + self._delay(invalidation, name)
            if completes is not None:
                at = min(at, completes)
            heapq.heappush(coming, _Coming(at, self._count, distribution, tuple(items)))
            last = max(last, at)
        self.last_arrival = max(self.last_arrival, last)
        return last

    def _delay(self, invalidation: str, location: str) -> float:
        """An exponential's 95th percentile is ln 20 of its means."""
        chance = random.Random(f"{self.settings.seed}:{invalidation}:{location}")
        mean = self.settings.effective_p95_seconds / math.log(20)
        return min(chance.expovariate(1 / mean), COMPLETE_SECONDS) if mean > 0 else 0.0

    def _arrive(self, location: str) -> None:
        coming = self._coming[location]
        now = self._clock()
        while coming and coming[0].at <= now:
            due = heapq.heappop(coming)
            self.locations[location].purge(due.distribution, due.items)
