"""The worker's ports in virtual time: each call takes as long as the service takes to answer."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from infra.simulator.aws.function import SimulatedFunction

# DynamoDB answers in single-digit milliseconds, SQS a little later; and the SDK computes for each call.
TABLE_SECONDS = 0.005
QUEUE_SECONDS = 0.010
SDK_PROCESSOR_SECONDS = 0.001


class Timed:
    """Stands in front of a port; each of its methods takes some time before it is done.

    Attributes:
        calls: how often each method was called.
    """

    def __init__(self, port: Any, function: SimulatedFunction, seconds: float) -> None:
        self.calls: Counter[str] = Counter()
        self._port = port
        self._function = function
        self._seconds = seconds

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*given: Any, **named: Any) -> Any:
            self.calls[name] += 1
            self._function.time.sleep(self._seconds)
            self._function.compute(SDK_PROCESSOR_SECONDS)
            answer = method(*given, **named)
            # What is read page by page is what stood there at the time of the call.
            return iter(list(answer)) if isinstance(answer, Iterator) else answer

        setattr(self, name, call)
        return call
