"""The worker between doubles that keep their contracts, and a clock that moves as they wait.

One thread: what comes next is the earliest of the wakes and the sweep of each minute.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.simulator.aws.cloudfront import SimulatedCloudFront
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.twins import on_twins
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.wake import read_wake, wake_body
from invalidator.core.pending.wakes import Gathering
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.failures import InvalidPaths, QueueUnavailable, TableUnavailable, Transient
from invalidator.intake.intake import Intake, Intaken
from invalidator.ports import Message
from invalidator.sender.buckets import BucketRun
from invalidator.sender.sender import Run, Sender
from invalidator.steps import Chosen
from invalidator.sweep.sweep import Swept, sweep
from tests.notifications import direct
from tests.sender.fakes import Clock
from tests.sender.in_memory_surveys import InMemorySurveys

# No quota is met unless a test sets one.
GENEROUS = QuotaSettings(
    regime=Regime.IN_FLIGHT,
    paths_in_progress=10**6,
    wildcards_in_progress=10**6,
    calls_per_second=1e6,
    call_burst=1e6,
)
RUN_SECONDS = 13.0


def distribution(identifier: str, *buckets: str, path: str = "", role: str | None = None) -> Distribution:
    """One that serves every key of the buckets, or those under a path."""
    origins = tuple(Origin(name, f"{name}.s3.amazonaws.com", name, path) for name in buckets)
    return Distribution(identifier, origins, (Behavior("*", tuple(buckets)),), role=role)


@dataclass
class CloudFront:
    """CloudFront's rules, and the faults a test sets: what each distribution answers, and which paths are bad."""

    rules: SimulatedCloudFront
    answers: dict[str, list[Exception] | Exception] = field(default_factory=dict)
    bad_paths: set[str] = field(default_factory=set)
    asked: list[tuple[float, Request]] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    lose_answers: int = 0

    def create(self, request: Request, role: str | None) -> Sent:
        self.asked.append((self.rules.clock.now(), request))
        self.roles.append(role)
        answer = self.answers.get(request.distribution)
        if isinstance(answer, Exception):
            raise answer
        if answer:
            raise answer.pop(0)
        if self.bad_paths & request.paths.keys():
            raise InvalidPaths("one of the paths is invalid")
        sent = self.rules.create(request, role)
        if self.lose_answers:
            self.lose_answers -= 1
            raise Transient("the answer was lost")
        return sent

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:
        return self.rules.completed(distribution, invalidation, role)

    @property
    def paid(self) -> list[Sent]:
        return list(self.rules.created.values())

    def paid_by(self, identifier: str) -> list[tuple[str, ...]]:
        return [sent.paths for sent in self.paid if sent.distribution == identifier]

    def requests_to(self, identifier: str) -> list[float]:
        return [at for at, request in self.asked if request.distribution == identifier]


class Table:
    """The table; while `down`, all of it cannot be asked, or the methods a test names. `calls` counts them."""

    def __init__(self, table: InMemoryTable) -> None:
        self.table = table
        self.down: bool | set[str] = False
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.table, name)

        def asked(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            if self.down is True or (self.down and name in self.down):
                raise TableUnavailable("the table cannot be asked")
            return call(*arguments, **named)

        return asked


@dataclass
class Queues:
    """All three queues: what waits on the changes queue, the wakes by their time, and the dead letters."""

    clock: Clock
    changes: list[Message] = field(default_factory=list)
    wakes: list[tuple[float, int, str]] = field(default_factory=list)
    sent_wakes: int = 0
    deleted: list[str] = field(default_factory=list)
    letters: list[tuple[str, Mapping[str, float] | str, Reason, str]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    lose_wakes: bool = False

    def receive_more(self, most: int) -> list[Message]:
        self._check("changes")
        taken, self.changes = self.changes[:most], self.changes[most:]
        return taken

    def delete(self, messages: Sequence[Message]) -> None:
        self._check("changes")
        self.deleted += [each.id for each in messages]

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        self._check("wakes")
        for name, delay in names:
            self.sent_wakes += 1
            if not self.lose_wakes:
                heapq.heappush(self.wakes, (self.clock.now() + delay, self.sent_wakes, wake_body(name)))

    def give_up(
        self, target: str, buckets: Iterable[str], paths: Mapping[str, float], reason: Reason, detail: str
    ) -> None:
        self._check("dead letters")
        self.letters.append((target, dict(paths), reason, detail))

    def give_up_keys(self, bucket: str, keys: Mapping[str, float], reason: Reason, detail: str) -> None:
        self._check("dead letters")
        self.letters.append((bucket, dict(keys), reason, detail))

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        self._check("dead letters")
        self.letters.append((message.id, message.body, reason, detail))

    def _check(self, name: str) -> None:
        if name in self.down:
            raise QueueUnavailable(f"{name} cannot be asked")


class World:
    """One worker and all that surrounds it."""

    def __init__(
        self,
        *distributions: Distribution,
        quotas: QuotaSettings = GENEROUS,
        limits: Limits | None = None,
        gathering: Gathering | None = None,
    ) -> None:
        self.clock = Clock()
        self.cloudfront = CloudFront(SimulatedCloudFront(self.clock, quotas))
        self.memory = InMemoryTable(self.clock.now)
        self.table: Any = Table(self.memory)
        self.queues = Queues(self.clock)
        self.surveys = InMemorySurveys(self.memory, self.clock.now, self._surveyed)
        self.survey: Callable[[], None] = lambda: None
        self.limits = limits or Limits(Allowance(1000, 15), 0)
        self.gathering = gathering or Gathering()
        self.runs: list[Run] = []
        self.bucket_runs: list[BucketRun] = []
        self.sweeps: list[Swept] = []
        self._count = itertools.count(1)
        self.next_sweep = self.clock.now() + 60.0
        self.serve(*distributions)
        self.restart()

    def restart(self) -> None:
        """Start the worker anew: it remembers nothing itself."""
        chosen = Chosen(limits=self.limits, gathering=self.gathering, routing=RoutingSettings(()))
        self.steps = on_twins(
            table=self.table,
            queues=self.queues,
            cloudfront=self.cloudfront,
            surveys=self.surveys,
            clock=self.clock,
            chosen=chosen,
        )

    @property
    def intake(self) -> Intake:
        return self.steps.intake

    @property
    def sender(self) -> Sender:
        return self.steps.sender

    def serve(self, *distributions: Distribution, version: str = "1", since: float | None = None) -> None:
        """From now on these serve their buckets, as a survey has learned."""
        serving: dict[str, set[str]] = {}
        for each in distributions:
            routes = TargetRoutes(each.id, (each,), version, self.clock.now(), since)
            self.memory.store_routes(routes)
            for bucket in routes.buckets:
                serving.setdefault(bucket, set()).add(each.id)
        for bucket, targets in serving.items():
            self.memory.know_bucket(bucket, sorted(targets))

    def _surveyed(self) -> None:
        self.survey()

    def message(self, body: str, receives: int = 1) -> Message:
        return Message(f"m{next(self._count)}", body, self.clock.now(), receives)

    def upload(self, *keys: str, bucket: str = "site", at: float | None = None) -> Intaken:
        """Take in a batch that says that objects changed, just now unless told otherwise."""
        when = self.clock.now() if at is None else at
        return self.take_in([self.message(direct(key, bucket=bucket, at=when)) for key in keys])

    def take_in(self, messages: Sequence[Message]) -> Intaken:
        return self.intake.handle(messages, self.intake.clock.now() + RUN_SECONDS)

    def wake(self) -> bool:
        """Go on to the next wake, and look; False where none is on its way."""
        if not self.queues.wakes:
            return False
        at, _, body = heapq.heappop(self.queues.wakes)
        self.clock.time = max(self.clock.time, at)
        wake = read_wake(body)
        assert wake is not None
        token = f"run-{next(self._count)}"
        done = self.steps.follow(wake, token, self.sender.clock.now() + RUN_SECONDS)
        if isinstance(done, Run):
            self.runs.append(done)
        elif isinstance(done, BucketRun):
            self.bucket_runs.append(done)
        return True

    def sweep(self) -> Swept:
        self.sweeps.append(sweep(self.table, self.queues, self.clock))
        return self.sweeps[-1]

    def run_for(self, seconds: float) -> None:
        """Let time pass: wakes come when they are due, and the sweep every minute."""
        until = self.clock.now() + seconds
        while True:
            wake = self.queues.wakes[0][0] if self.queues.wakes else float("inf")
            if min(wake, self.next_sweep) > until:
                break
            if wake <= self.next_sweep:
                self.wake()
            else:
                self.clock.time = max(self.clock.time, self.next_sweep)
                self.next_sweep += 60.0
                self.sweep()
        self.clock.time = max(self.clock.time, until)

    @property
    def paths(self) -> list[tuple[str, ...]]:
        return [sent.paths for sent in self.cloudfront.paid]
