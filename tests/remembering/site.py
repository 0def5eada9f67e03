"""A remembered bucket behind one distribution whose cache is modelled: what viewers got, and what was purged of it."""

import heapq
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from infra.simulator.aws.memory import InMemoryMemory
from invalidator.core.messages.change import Change, ChangeKind
from invalidator.core.messages.wake import read_wake
from invalidator.core.pending.entry import memory_owner
from invalidator.core.remembering.hints import NO_HINTS, Hints
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.sent import Sent
from invalidator.failures import TableUnavailable
from invalidator.remembering.remembering import Judged, Remembering
from invalidator.sender.forgetting import Forgetting
from invalidator.waking import Waking
from tests.notifications import s3_record
from tests.remembering.bucket import Bucket, Stored
from tests.sender.world import RUN_SECONDS, World
from tests.sweep.gaps import Gaps

# What an edge holds where the origin had nothing, for so long.
NOTHING = "404"
ERROR_SECONDS = 10.0


class Died(Exception):  # noqa: N818  what happened to it
    """The process is gone, between two calls."""


class Hooked:
    """Stands before a port; calls a hook before each of its calls."""

    def __init__(self, port: Any, hook: Callable[[str], None]) -> None:
        self.port = port
        self.hook = hook

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        def call(*given: Any, **named: Any) -> Any:
            self.hook(name)
            answer = method(*given, **named)
            return iter(list(answer)) if name == "heads" else answer

        return call


def site_distribution(**named: Any) -> Distribution:
    return Distribution(
        "E1",
        (Origin("s3", "site.s3.amazonaws.com", "site"),),
        (Behavior("*", ("s3",), errors_kept=1),),
        **named,
    )


class Site(World):
    """The worker, the memory of one bucket, the bucket, and the distribution's cache."""

    def __init__(
        self,
        distribution: Distribution | None = None,
        *,
        versioned: bool = False,
        hints: Hints = NO_HINTS,
        hook: Callable[[str], None] = lambda _name: None,
        remembered: bool = True,
    ) -> None:
        self.hook = hook
        self.hints = hints
        self.remembered = frozenset({"site"} if remembered else ())
        self.judged: list[Judged] = []
        self.cache: dict[str, tuple[Stored | str, float]] = {}
        super().__init__(distribution or site_distribution())
        self.gaps = Gaps()
        self.bucket = Bucket(self.clock.now, versioned=versioned)
        self.remembering = self.new_remembering()
        create = self.cloudfront.create
        self.cloudfront.create = lambda *asked: self._purge(create(*asked))

    def restart(self) -> None:
        super().restart()
        if not hasattr(self, "rows"):
            self.rows = InMemoryMemory()
        self.intake.remembered = self.remembered
        self.intake.hints = self.hints
        self.sender.routing = RoutingSettings(("index.html",))
        self.sender.forgetting = Forgetting(
            self.table, self.rows, self.remembered, self.sender.routing, lambda: f"forget-{next(self._count)}"
        )

    def new_remembering(self) -> Remembering:
        def hooked(port: Any) -> Any:
            return Hooked(port, self._hooked)

        wakes = hooked(self.table)
        return Remembering(
            log=hooked(self.table),
            wakes=wakes,
            targets=hooked(self.table),
            waking=Waking(wakes, self.queues, self.clock),
            clock=self.clock,
            gathering=self.gathering,
            remembered=self.remembered,
            memory=hooked(self.rows),
            objects=hooked(self.bucket),
            gaps=hooked(self.gaps),
            hints=self.hints,
        )

    def _hooked(self, name: str) -> None:
        self.hook(name)

    def remember(self) -> None:
        """Let the bucket be remembered, as the sweep does in a new environment."""
        now = self.clock.now()
        Waking(self.table, self.queues, self.clock).ask([memory_owner("site")], now, now)
        self.run_for(30)

    def wake(self) -> bool:
        if not self.queues.wakes:
            return False
        wake = read_wake(self.queues.wakes[0][2])
        assert wake is not None
        if wake.memory is None:
            return super().wake()
        at, _, _ = heapq.heappop(self.queues.wakes)
        self.clock.time = max(self.clock.time, at)
        self.judge()
        return True

    def judge(self) -> None:
        """A run of the memory; it may die."""
        try:
            self.judged.append(
                self.remembering.run("site", f"judge-{next(self._count)}", self.clock.now() + RUN_SECONDS)
            )
        except (Died, TableUnavailable):
            return

    def tell(self, *changes: Change) -> None:
        """Deliver events."""
        self.take_in([self.message(body(each)) for each in changes])

    def tell_all(self) -> None:
        """Deliver each event that is under way."""
        told, self.bucket.events = self.bucket.events, []
        if told:
            self.tell(*told)

    def view(self, key: str) -> Stored | str:
        """A viewer asks for a path: an edge answers what it holds, or what the bucket holds now."""
        held = self.cache.get(key)
        if held is not None and (held[0] != NOTHING or self.clock.now() < held[1] + ERROR_SECONDS):
            return held[0]
        got: Stored | str = self.bucket.objects.get(key, NOTHING)
        self.cache[key] = got, self.clock.now()
        return got

    def stale(self) -> list[str]:
        """Keys of which viewers get other bytes or headers than the bucket holds."""
        return [
            key
            for key in self.cache
            if _shown(self.view(key)) != _shown(self.bucket.objects.get(key, NOTHING))
        ]

    def _purge(self, sent: Sent) -> Sent:
        for path in sent.paths:
            name = unquote(path)[1:]
            for key in list(self.cache):
                if key == name or (name.endswith("*") and key.startswith(name[:-1])):
                    del self.cache[key]
        return sent


def body(change: Change) -> str:
    """The notification of a change."""
    name = "ObjectCreated:Put" if change.kind is ChangeKind.CREATED else "ObjectRemoved:Delete"
    record = s3_record(change.key, bucket=change.bucket, at=change.at, name=name)
    there = record["s3"]["object"]
    there["sequencer"] = change.sequencer
    if change.kind is ChangeKind.CREATED:
        there["eTag"] = change.etag
    else:
        del there["eTag"], there["size"]
    if change.version:
        there["versionId"] = change.version
    return json.dumps({"Records": [record]})


def _shown(what: Stored | str) -> object:
    return what if isinstance(what, str) else (what.content, what.headers)
