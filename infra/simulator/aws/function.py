"""Lambda in virtual time: environments that are warm or cold, and the queues that invoke them.

With no window a batch is invoked at once with what is there, ten messages at most, and no more batches at a time than
the mapping allows [aws-behaviour.md, SQS and Lambda].
"""

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.virtual_time import VirtualTime
from invalidator.ports import Message

# The template's numbers: a test compares them.
MEMORY_MB = 512
BATCHES_AT_A_TIME = 5

# Lambda gives a processor at this much memory, and less of it with less.
MEMORY_OF_A_PROCESSOR_MB = 1769
# Start-up of the process, imports at a whole processor, and the clients (`make bench`: its cold start is half of it).
COLD_SECONDS = 1.0
# An environment is kept for some minutes without work; AWS does not say how many.
WARM_SECONDS = 300.0
# From a message on the queue to the start of the function with window 0, as measured in public
# [aws-behaviour.md, SQS and Lambda]: the median, and the spread that puts 1 % at 105 ms.
POLL_SECONDS = 0.016
POLL_SPREAD = 0.8
BATCH_SIZE = 10
# Five pollers ask an empty queue so often, and each asking is billed.
POLLERS = 5
LONG_POLL_SECONDS = 20.0


@dataclass(slots=True)
class SimulatedFunction:
    """A Lambda function: each run takes an environment, warm where one is free.

    Attributes:
        time: virtual time.
        invocations: how often it was invoked.
        cold_starts: how often no environment was warm.
        busy_seconds: what is billed, start-up included.
        longest_seconds: its longest run, start-up left out.
        memory_mb: what it has of memory, and with it of a processor.
        running: environments at work now.
    """

    time: VirtualTime
    invocations: int = 0
    cold_starts: int = 0
    busy_seconds: float = 0.0
    longest_seconds: float = 0.0
    memory_mb: int = MEMORY_MB
    running: int = 0
    _idle: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], None]) -> None:
        """Run work in an environment, inside an activity."""
        self.invocations += 1
        self.running += 1
        begun = self.time.now()
        # The newest is taken first, so the last of the list was used last.
        warm = self._idle.pop() if self._idle else float("-inf")
        if warm < begun - WARM_SECONDS:
            self._idle.clear()
            self.cold_starts += 1
            self.time.sleep(COLD_SECONDS)
        started = self.time.now()
        try:
            work()
        finally:
            ended = self.time.now()
            self._idle.append(ended)
            self.running -= 1
            self.busy_seconds += ended - begun
            self.longest_seconds = max(self.longest_seconds, ended - started)

    def warm_up(self, environments: int) -> None:
        """Have so many environments warm."""
        self._idle += [self.time.now()] * environments

    def compute(self, seconds: float, at_least: float = 0.0) -> None:
        """Take so many seconds of a whole processor, of which the function has a part; it waits for others meanwhile.

        Args:
            seconds: of a whole processor.
            at_least: for how long it waits for others.
        """
        self.time.sleep(max(at_least, seconds * MEMORY_OF_A_PROCESSOR_MB / self.memory_mb))


@dataclass(slots=True)
class EventSource:
    """Moves messages from a queue to a function, at once.

    Attributes:
        time: virtual time.
        queue: where messages come from.
        function: whose environments run.
        handle: messages in, the ids that failed out.
        chance: decides how long a message takes to the function.
        batch_size: most messages of a batch.
        running: batches in work.
    """

    time: VirtualTime
    queue: SimulatedQueue
    function: SimulatedFunction
    handle: Callable[[Sequence[Message]], set[str]]
    chance: random.Random
    batch_size: int = BATCH_SIZE
    running: int = 0
    _asked: int = 0

    def __post_init__(self) -> None:
        self.queue.on_visible = self._look

    def idle_calls(self, seconds: float) -> int:
        """Return how many askings of an empty queue are billed in so many seconds."""
        return int(POLLERS * seconds / LONG_POLL_SECONDS)

    def _look(self) -> None:
        """Let pollers fetch what is visible, as many as are free and as are needed."""
        needed = -(-len(self.queue.visible) // self.batch_size)
        while self._asked < needed and self.running + self._asked < BATCHES_AT_A_TIME:
            self._asked += 1
            delay = POLL_SECONDS * self.chance.lognormvariate(0.0, POLL_SPREAD)
            self.time.at(self.time.now() + delay, self._fetch)

    def _fetch(self) -> None:
        self._asked -= 1
        if not self.queue.visible:
            return
        messages = self.queue.receive(self.batch_size)
        if messages:
            self.running += 1
            self.time.start(functools.partial(self._invoke, messages))
        self._look()

    def _invoke(self, messages: Sequence[Message]) -> None:
        failed: set[str] = set()

        def work() -> None:
            failed.update(self.handle(messages))

        self.function.run(work)
        self.queue.delete([each for each in messages if each.id not in failed])
        self.running -= 1
        self._look()
