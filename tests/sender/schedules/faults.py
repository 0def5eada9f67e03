"""What goes wrong in a random schedule: calls that fail or kill, a table that is restored, clocks that are off."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from infra.simulator.aws.table import InMemoryTable
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.heartbeat import Heartbeat, Identity
from invalidator.core.sent import Sent
from invalidator.failures import TableUnavailable

START = 1_795_000_000.0
FAULTS_END = 600.0
# What the table in memory is besides its items.
NO_ITEMS = {"_now", "units"}


class Killed(BaseException):
    """The process ended in the middle of a call; nothing after it happened."""


@dataclass
class Unreliable:
    """A port whose calls fail or kill the process now and then, before or after they took effect."""

    port: Any
    failures: tuple[Callable[[], Exception], ...]
    chance: random.Random
    time: VirtualTime
    rate: float

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.port, name)

        def unreliable(*args: Any, **kwargs: Any) -> Any:
            if self.chance.random() < 0.5:
                self.time.sleep(self.chance.random() * 0.3)
            self._strike()
            answer = call(*args, **kwargs)
            self._strike()
            return answer

        setattr(self, name, unreliable)
        return unreliable

    def _strike(self) -> None:
        if self.rate == 0.0 or self.time.now() > START + FAULTS_END:
            return
        dice = self.chance.random()
        if dice < self.rate / 4:
            raise Killed
        if dice < self.rate:
            failure = self.chance.choice(self.failures)
            raise failure()


@dataclass
class Restored:
    """The table, by the sweep's eyes: away while it is restored, then another, as it was some time before."""

    time: VirtualTime
    table: InMemoryTable
    id: str = "the first"
    made: float = START
    away: bool = False
    noted: Heartbeat | None = None
    completed: float = 0.0
    _items: tuple[dict[str, Any], Heartbeat | None, float] | None = None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.table, name)

        def asked(*args: Any, **kwargs: Any) -> Any:
            if self.away:
                self._ask()
            return call(*args, **kwargs)

        setattr(self, name, asked)
        return asked

    def remember(self) -> None:
        """What it holds now is what it is restored to."""
        items = {name: value for name, value in vars(self.table).items() if name not in NO_ITEMS}
        self._items = copy.deepcopy(items), self.noted, self.completed

    def go_away(self) -> None:
        self.away = True

    def come_back(self) -> None:
        assert self._items is not None
        items, self.noted, self.completed = self._items
        vars(self.table).update(items)
        self.away, self.id, self.made = False, "the restored one", self.time.now()

    def identity(self) -> Identity:
        self._ask()
        return Identity(self.id, self.made, self.id != "the first")

    def surveyed(self) -> float:
        self._ask()
        return self.completed

    def buckets(self) -> set[str]:
        self._ask()
        return {bucket for routes, _ in self.table.all_routes() for bucket in routes.buckets}

    def last_beat(self) -> Heartbeat | None:
        self._ask()
        return self.noted

    def beat(self, now: Heartbeat) -> None:
        self._ask()
        self.noted = now

    def _ask(self) -> None:
        if self.away:
            raise TableUnavailable("it is being restored")


@dataclass
class SkewedClock:
    """A process whose clock is off."""

    time: VirtualTime
    skew: float

    def now(self) -> float:
        return self.time.now() + self.skew

    def sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)


@dataclass
class SkewedCloudFront:
    """CloudFront dates its invalidations by a clock that is off."""

    cloudfront: Any
    skew: float

    def create(self, request: Any, role: Any) -> Sent:
        sent: Sent = self.cloudfront.create(request, role)
        return replace(sent, created=sent.created + self.skew)

    def completed(self, *args: Any) -> Any:
        return self.cloudfront.completed(*args)
