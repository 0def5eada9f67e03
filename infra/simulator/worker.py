"""The real worker on the simulated services, each of which takes its time to answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.simulator.aws.cloudfront import SimulatedCloudFront
from infra.simulator.aws.function import SimulatedFunction
from infra.simulator.aws.sqs import MESSAGES_A_CALL, DeadLetter, SimulatedQueue
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.remembered import Remembered
from infra.simulator.timed import QUEUE_SECONDS, SDK_PROCESSOR_SECONDS, TABLE_SECONDS, Timed
from infra.simulator.twins import on_twins
from invalidator.core.limits.account import Limits
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.messages.wake import wake_of
from invalidator.core.pending.entry import Entry, memory_of_owner
from invalidator.core.pending.wakes import Gathering
from invalidator.core.reasons import Reason
from invalidator.core.routing.settings import RoutingSettings
from invalidator.intake.intake import Intaken
from invalidator.ports import Message, SurveyState
from invalidator.remembering.remembering import Judged, Remembering
from invalidator.sender.buckets import BucketRun
from invalidator.sender.sender import Run
from invalidator.steps import Chosen
from invalidator.sweep.sweep import Swept, sweep

# Received by the function itself, a message is hidden for so long.
DRAINED_VISIBILITY_SECONDS = 30.0
# What the worker computes at a whole processor: for a run, to read a message, and to route, cover and coalesce a path.
RUN_PROCESSOR_SECONDS = 0.003
MESSAGE_PROCESSOR_SECONDS = 0.00004
PATH_PROCESSOR_SECONDS = 0.00006
# No call begins in a run's last seconds.
DEADLINE_SECONDS = 25.0
JUDGING_SECONDS = 30.0
# MaxReceiveCount's default.
TRIES = 10
# As many calls of the changes queue as its adapter makes at a time; a test compares them.
AT_A_TIME = 4
WAKE = '{"invalidator":2,"wake":"'


@dataclass(slots=True)
class SimulatedQueues:
    """`ChangesQueue`, `WakeQueue` and `DeadLetters` over simulated queues."""

    function: SimulatedFunction
    changes: SimulatedQueue
    wakes: SimulatedQueue
    memories: SimulatedQueue
    dead: list[DeadLetter] = field(default_factory=list)

    def receive_more(self, most: int) -> list[Message]:
        """Receive what waits on the changes queue, ten with each call and a few calls at a time."""
        received: list[Message] = []
        found = True
        while len(received) < most and found:
            left = most - len(received)
            asked = [min(MESSAGES_A_CALL, left - at) for at in range(0, left, MESSAGES_A_CALL)][:AT_A_TIME]
            self._answer(len(asked))
            for count in asked:
                more = self.changes.receive(count, DRAINED_VISIBILITY_SECONDS)
                received += more
                found = found and bool(more)
        self.function.compute(MESSAGE_PROCESSOR_SECONDS * len(received))
        return received

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete what was received so."""
        several = MESSAGES_A_CALL * AT_A_TIME
        for begin in range(0, len(messages), several):
            part = messages[begin : begin + several]
            self._answer(-(-len(part) // MESSAGES_A_CALL))
            self.changes.delete(part)

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        """Send wakes, ten with each call."""
        for number, (name, delay) in enumerate(names):
            if number % MESSAGES_A_CALL == 0:
                self._answer()
            queue = self.wakes if memory_of_owner(name) is None else self.memories
            queue.send(f'{WAKE}{name}"}}', delay)

    def give_up(
        self, target: str, buckets: Iterable[str], paths: Mapping[str, float], reason: Reason, detail: str
    ) -> None:
        """Take a target's paths as dead letters."""
        backlog = PathBacklog(target, tuple(buckets), dict(paths), 0, detail)
        self.dead += [DeadLetter(body, reason) for body in bodies(backlog)]

    def give_up_keys(self, bucket: str, keys: Mapping[str, float], reason: Reason, detail: str) -> None:
        """Take a bucket's keys as dead letters."""
        self.dead += [DeadLetter(body, reason) for body in bodies(KeyBacklog(bucket, dict(keys), 0, detail))]

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:  # noqa: ARG002  the port's signature
        """Take a message as a dead letter."""
        self.dead.append(DeadLetter(message.body, reason))

    def _answer(self, calls: int = 1) -> None:
        """Wait for calls that are made at a time."""
        self.function.time.sleep(QUEUE_SECONDS)
        self.function.compute(SDK_PROCESSOR_SECONDS * calls)


class _TimedLog(Timed):
    """The logs: who reads one has to work on every name in it."""

    def read(self, owner: str, after: int) -> Iterator[tuple[int, Entry | None]]:
        found = list(self.__getattr__("read")(owner, after))
        names = sum(len(entry.changed) for _, entry in found if entry is not None)
        self._function.compute(PATH_PROCESSOR_SECONDS * names)
        return iter(found)


class _NoSurveys:
    """No bucket is unknown here."""

    def state(self) -> SurveyState:
        return SurveyState()

    def start(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Done:
    """What one run did.

    Attributes:
        what: its result.
        began: epoch seconds.
        ended: epoch seconds.
    """

    what: Intaken | Run | BucketRun | Judged | Swept
    began: float
    ended: float


class SimulatedWorker:
    """Intake, sender and sweep.

    Args:
        observe: called with what each run did.

    Attributes:
        queues: what it sends to and receives from.
    """

    def __init__(
        self,
        table: InMemoryTable,
        cloudfront: SimulatedCloudFront,
        queues: SimulatedQueues,
        *,
        limits: Limits,
        gathering: Gathering,
        observe: Callable[[Done, SimulatedQueues], None] = lambda *_: None,
        remembered: Remembered | None = None,
    ) -> None:
        self.queues = queues
        self._observe = observe
        self._function = queues.function
        self._time = queues.function.time
        self._runs = 0
        timed: Any = Timed(table, self._function, TABLE_SECONDS)
        log: Any = _TimedLog(table, self._function, TABLE_SECONDS)
        chosen = Chosen(
            limits=limits,
            gathering=gathering,
            routing=RoutingSettings(("index.html",)),
            most_receives=TRIES,
            remembered=frozenset({remembered.bucket}) if remembered and remembered.known else frozenset(),
        )
        self._steps = on_twins(
            table=timed,
            queues=queues,
            cloudfront=cloudfront,
            surveys=_NoSurveys(),
            clock=self._time,
            chosen=chosen,
            log=log,
        )
        self._wakes: Any = timed
        self._remembering: Remembering | None = None
        if remembered and remembered.known:
            self._remembering = remembered.wired(table, queues, gathering)

    def take_in(self, messages: Sequence[Message]) -> set[str]:
        """Take in a batch of the changes queue; return the ids that stay on it."""
        began = self._time.now()
        self._function.compute(RUN_PROCESSOR_SECONDS + MESSAGE_PROCESSOR_SECONDS * len(messages))
        done = self._steps.intake.handle(messages, began + DEADLINE_SECONDS)
        self._observe(Done(done, began, self._time.now()), self.queues)
        return done.retry

    def look(self, messages: Sequence[Message]) -> set[str]:
        """Follow wakes; return the ids that stay on the queue."""
        for message in messages:
            began = self._time.now()
            self._function.compute(RUN_PROCESSOR_SECONDS)
            self._runs += 1
            token = f"run-{self._runs}"
            wake = wake_of(message.body.removeprefix(WAKE).removesuffix('"}'))
            if wake is None:
                raise ValueError(f"not a wake of this worker's: {message.body}")
            done = self._steps.follow(wake, token, began + DEADLINE_SECONDS)
            self._observe(Done(done, began, self._time.now()), self.queues)
        return set()

    def judge(self, messages: Sequence[Message]) -> set[str]:
        """Follow wakes of a memory; return the ids that stay on the queue."""
        for message in messages:
            began = self._time.now()
            self._runs += 1
            bucket = memory_of_owner(message.body.removeprefix(WAKE).removesuffix('"}'))
            if self._remembering is not None and bucket is not None:
                done = self._remembering.run(bucket, f"run-{self._runs}", began + JUDGING_SECONDS)
                self._observe(Done(done, began, self._time.now()), self.queues)
        return set()

    def sweep(self) -> None:
        """Look at all that waits."""
        began = self._time.now()
        self._function.compute(RUN_PROCESSOR_SECONDS)
        swept = sweep(self._wakes, self.queues, self._time)
        self._observe(Done(swept, began, self._time.now()), self.queues)
