"""The worker between fakes that hold their contracts: CloudFront with its rules, a table, two queues, a clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.quotas import QuotaSettings, Regime
from infra.simulator.cloudfront import SimulatedCloudFront
from infra.simulator.memory import InMemoryTable
from infra.simulator.sqs import SimulatedQueue
from invalidator.core.allowance import Allowance
from invalidator.core.backlog import KeyBacklog, PathBacklog
from invalidator.core.distribution import Behavior, Distribution, Origin
from invalidator.core.pins import Pin
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.sent import Sent
from invalidator.failures import InvalidPaths, MemoryUnavailable, QueueUnavailable, Transient
from invalidator.ports import Message
from invalidator.report import Report
from invalidator.sending import Limits
from invalidator.worker import Worker
from tests.notifications import direct
from tests.worker.fakes import Clock

# No quota is met unless a test sets one.
GENEROUS = QuotaSettings(
    regime=Regime.IN_FLIGHT,
    paths_in_progress=10**6,
    wildcards_in_progress=10**6,
    calls_per_second=1e6,
    call_burst=1e6,
)


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
    asked: list[Request] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    status_error: Exception | None = None
    lose_answers: int = 0

    def create(self, request: Request, role: str | None) -> Sent:
        self.asked.append(request)
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
        if self.status_error is not None:
            raise self.status_error
        return self.rules.completed(distribution, invalidation, role)

    @property
    def paid(self) -> list[Sent]:
        return list(self.rules.created.values())

    def paid_by(self, identifier: str) -> list[tuple[str, ...]]:
        return [sent.paths for sent in self.paid if sent.distribution == identifier]

    def requests_to(self, identifier: str) -> int:
        return sum(each.distribution == identifier for each in self.asked)


@dataclass
class Discovery:
    """Who serves which bucket, or why nobody can tell."""

    serving: dict[str, tuple[Distribution, ...]] = field(default_factory=dict)
    error: Exception | None = None
    scans: int = 0

    def scan(self, pins: Sequence[Pin]) -> Mapping[str, tuple[Distribution, ...]]:
        self.scans += 1
        if self.error is not None:
            raise self.error
        return dict(self.serving)


class Memory:
    """The table; while `down`, all of it cannot be asked, or the methods a test names."""

    def __init__(self) -> None:
        self.table = InMemoryTable()
        self.down: bool | set[str] = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.table, name)

        def asked(*arguments: Any) -> Any:
            if self.down is True or (self.down and name in self.down):
                raise MemoryUnavailable("the table cannot be asked")
            return call(*arguments)

        return asked


class Queue(SimulatedQueue):
    """Both queues; remembers what was put back, and when it can be seen; `down` refuses everything."""

    down: bool = False

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.put_backs: list[tuple[PathBacklog | KeyBacklog, float]] = []
        self.given_up: list[tuple[PathBacklog | KeyBacklog | Message, Reason, str]] = []
        self.down_to_dead_letters = False

    def put_back(self, backlog: PathBacklog | KeyBacklog, delay: float) -> None:
        if self.down:
            raise QueueUnavailable("the queue cannot be asked")
        self.put_backs.append((backlog, delay))
        super().put_back(backlog, delay)

    def give_up(self, backlog: PathBacklog | KeyBacklog, reason: Reason, detail: str) -> None:
        if self.down or self.down_to_dead_letters:
            raise QueueUnavailable("the queue cannot be asked")
        self.given_up.append((backlog, reason, detail))
        super().give_up(backlog, reason, detail)

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        if self.down or self.down_to_dead_letters:
            raise QueueUnavailable("the queue cannot be asked")
        self.given_up.append((message, reason, detail))
        super().give_up_message(message, reason, detail)


class World:
    """One worker and all that surrounds it."""

    def __init__(
        self,
        *distributions: Distribution,
        quotas: QuotaSettings = GENEROUS,
        ceiling: Allowance | None = None,
        budget: int = 0,
    ) -> None:
        self.clock = Clock()
        self.cloudfront = CloudFront(SimulatedCloudFront(self.clock, quotas))
        self.discovery = Discovery()
        self.serve(*distributions)
        self.memory = Memory()
        self.queue = Queue(self.clock)
        self.limits = Limits(ceiling or Allowance(1000, 15), budget)
        self.worker = self.new_worker()
        self._count = 0

    def serve(self, *distributions: Distribution) -> None:
        """From now on these, and no others, serve their buckets."""
        serving: dict[str, tuple[Distribution, ...]] = {}
        for each in distributions:
            for origin in each.origins:
                serving[origin.bucket or ""] = (*serving.get(origin.bucket or "", ()), each)
        self.discovery.serving = serving

    def new_worker(self) -> Worker:
        """A worker that has just started, and remembers nothing itself."""
        return Worker(
            cloudfront=self.cloudfront,
            discovery=self.discovery,
            memory=self.memory,
            queue=self.queue,
            clock=self.clock,
            limits=self.limits,
            index_documents=(),
            mapping_seconds=600.0,
        )

    def message(self, body: str) -> Message:
        self._count += 1
        return Message(f"m{self._count}", body, self.clock.now())

    def upload(self, *keys: str, bucket: str = "site", at: float | None = None) -> list[Message]:
        """A message for each key, of objects that changed just now."""
        when = self.clock.now() if at is None else at
        return [self.message(direct(key, bucket=bucket, at=when)) for key in keys]

    def handle(self, messages: Sequence[Message], seconds: float = 48.0) -> Report:
        return self.worker.handle(messages, self.clock.now() + seconds)

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def waiting(self) -> list[Message]:
        """Take what has been put back, once it can be seen."""
        while (wake := self.queue.next_wake()) is not None:
            self.clock.time = max(self.clock.time, wake)
            self.queue.wake()
        taken: list[Message] = []
        while (each := self.queue.receive()) is not None:
            taken.append(each.message)
        return taken

    def run_until_quiet(self, most: int, each: Callable[[Report], None] = lambda _: None) -> int:
        """Work off what is put back until nothing is; return how many batches that took."""
        for batches in range(most):
            messages = self.waiting()
            if not messages:
                return batches
            each(self.handle(messages))
        raise AssertionError(f"still not quiet after {most} batches")
