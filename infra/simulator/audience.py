"""Viewers in virtual time: they fetch pages at every edge location, and it is counted what they were shown.

The edge is the one that `make local` serves (`infra.local.edge`). All pages are in its caches at the start, as they are
of a site that has visitors.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.local.edge.distributions import read_distribution
from infra.local.edge.edge import Edge, EdgeSettings
from infra.local.edge.location import Request, Response
from infra.local.edge.origins import GetObject, OriginAnswer, Stored
from infra.simulator.traffic import Write
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.sent import Sent

VIEWS_A_SECOND = 50.0
_PLAIN_BEHAVIOR = {"TargetOriginId": "s3", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}
_NOT_FOUND = 404


@dataclass(slots=True)
class Audience:
    """Viewers of one distribution that serves a bucket as it is.

    Attributes:
        time: virtual time.
        distribution: its id.
        bucket: its bucket.
        keys: the pages, the most popular one first: the n-th is looked at in proportion to 1/n.
        edited: those whose content a write changes; what is written of others is what was there.
        seed: decides who looks at what, when, and how long invalidations take.
        views: how many were answered.
        stale_views: how many of them were shown what had changed.
        last_stale: when the last of those was, epoch seconds; 0 for none.
        needless: fetches of what had been cached and had not changed.
        fetches: fetches after the caches were filled.
    """

    time: VirtualTime
    distribution: str
    bucket: str
    keys: Sequence[str]
    edited: frozenset[str]
    seed: int = 0
    views: int = 0
    stale_views: int = 0
    last_stale: float = 0.0
    needless: int = 0
    fetches: int = 0
    _versions: dict[str, int] = field(default_factory=dict)
    _held: dict[tuple[str, str], int] = field(default_factory=dict)
    _edge: Edge = field(init=False)
    _chance: random.Random = field(init=False)
    _weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._edge = Edge(self.time.now, EdgeSettings(seed=self.seed, most_bytes=float("inf")))
        self._chance = random.Random(self.seed)
        host = f"{self.bucket}.s3.us-east-1.amazonaws.com"
        config = {
            "Origins": {"Items": [{"Id": "s3", "DomainName": host}]},
            "DefaultCacheBehavior": _PLAIN_BEHAVIOR,
        }
        self._edge.know([read_distribution(self.distribution, "", config, {})])
        self._versions = dict.fromkeys(self.keys, 1)
        total = 0.0
        self._weights = [total := total + 1 / rank for rank in range(1, len(self.keys) + 1)]
        for location in self._edge.locations:
            for key in self.keys:
                self._look(location, key)
        self.views = self.fetches = 0

    def changed(self, write: Write) -> None:
        """An object was written."""
        if write.key in self.edited:
            self._versions[write.key] += 1

    def invalidated(self, sent: Sent) -> None:
        """An invalidation was created: it is on its way to the locations."""
        self._edge.invalidate(sent.distribution, sent.id, sent.paths)

    def come(self, until: float) -> None:
        """Look at pages until a time, epoch seconds, as long as virtual time runs."""
        self.time.at(self.time.now() + self._chance.expovariate(VIEWS_A_SECOND), lambda: self._view(until))

    def _view(self, until: float) -> None:
        if self.time.now() > until:
            return
        (key,) = self._chance.choices(self.keys, cum_weights=self._weights)
        location = self._chance.choice(list(self._edge.locations))
        version = self._look(location, key)
        self.views += 1
        if version < self._versions[key]:
            self.stale_views += 1
            self.last_stale = self.time.now()
        self.come(until)

    def _look(self, location: str, key: str) -> int:
        """Return the version that a viewer is shown."""
        distribution = self._edge.distributions[self.distribution]
        begun = self._edge.begin(distribution, location, Request(f"/{key}"))
        if isinstance(begun, Response):
            return int(begun.body)
        question = next(begun.steps)
        held = isinstance(question, GetObject) and question.key == key
        told = Stored(self._versions[key]) if held else OriginAnswer(_NOT_FOUND)
        try:
            begun.steps.send(told)
        except StopIteration as ended:
            version = int(ended.value.body)
        else:
            raise AssertionError("a plain distribution asks for one object")
        self.fetches += 1
        self.needless += self._held.get((location, key)) == version
        self._held[location, key] = version
        return version


def folders(objects: int, directories: int) -> list[str]:
    """Return the keys of a site: so many pages in so many folders."""
    return [f"part-{number % directories:03d}/page-{number:05d}.html" for number in range(objects)]


def chosen(keys: Sequence[str], count: int, seed: int) -> frozenset[str]:
    """Return so many of the keys, drawn by a seed."""
    return frozenset(random.Random(seed).sample(list(keys), count))
