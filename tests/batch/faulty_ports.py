"""The worker's ports, keeping their contracts: the simulator's doubles, with the faults a test sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.simulator.cloudfront import SimulatedCloudFront
from infra.simulator.memory import InMemoryTable
from infra.simulator.sqs import SimulatedQueue
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from invalidator.failures import InvalidPaths, MemoryUnavailable, QueueUnavailable, Transient
from invalidator.ports import Clock, Message


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
