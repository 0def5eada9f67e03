"""Keeps the calls to AWS within the function's time, so that a slow answer ends in order and not in a time-out.

A function that is stopped in the midst of a run gives no lease back and acknowledges nothing: all that comes again
later, by the sweep and by the queue's visibility timeout. So no try of a call begins, the SDK's own retries included,
that could end too late for what has to follow it: CloudFront's answer has to be recorded, what is left be asked for.

How long a try may take follows from `wiring`'s timeouts, and the SDK waits at most 2 s before the next
[botocore.retries.standard]:

| service | a try takes at most | begins at most so long before the end | what follows |
| --- | --- | --- | --- |
| CloudFront, STS, S3 | 10 s | 19 s | the SDK's wait, recording and settling |
| DynamoDB | 3 s | 7 s | the wakes |
| SQS, Lambda | 4 s | 5 s | the answer |

Once two tries of the table went unanswered, it is not asked again in that run: else a table that hangs would hold each
of the few runs that there are for its whole time.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError

ASKING_SECONDS = 19.0
MEMORY_SECONDS = 7.0
HANDOVER_SECONDS = 5.0
_TABLE = "dynamodb"
_BEFORE_THE_END = {_TABLE: MEMORY_SECONDS, "sqs": HANDOVER_SECONDS, "lambda": HANDOVER_SECONDS}
MOST_UNANSWERED = 2


class OutOfTimeError(BotoCoreError):
    """A call that was not made, or not made again; its text says which, to the operator who reads why paths wait."""

    fmt = "the run's time was up before {operation}; the next run goes on (if it stays so: invalidator logs)"


class TimeLeft:
    """The time of the batch that is being worked off; without one, nothing is held back.

    Args:
        now: tells the time, epoch seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._deadline = self._end = float("inf")
        self._unanswered = 0

    def begin(self, remaining: float) -> float:
        """Begin a batch for which the function has so many seconds; return when to stop sending, epoch seconds."""
        now = self._now()
        # A function with less time than is kept back still sends something: putting all back would end nowhere.
        self._deadline = now + max(remaining - ASKING_SECONDS, remaining / 3)
        self._end = now + remaining
        self._unanswered = 0
        return self._deadline

    def is_late(self, service: str) -> bool:
        """Whether it is too late to begin a try of a call to a service (the SDK's name of it)."""
        before_the_end = _BEFORE_THE_END.get(service, ASKING_SECONDS)
        return self._now() > max(self._deadline, self._end - before_the_end)

    def guard(self, client: Any) -> Any:
        """Make each try of each call of an SDK client raise OutOfTimeError once it is too late; return the client.

        A client of DynamoDB raises it too once the table left `MOST_UNANSWERED` tries of this batch unanswered.
        """
        service = client.meta.service_model.service_name

        def refuse(operation_name: str, **_: Any) -> None:
            if self.is_late(service) or (service == _TABLE and self._unanswered >= MOST_UNANSWERED):
                raise OutOfTimeError(operation=operation_name)

        def count(caught_exception: Exception | None = None, **_: Any) -> None:
            self._unanswered += isinstance(caught_exception, ConnectTimeoutError | ReadTimeoutError)

        # Emitted for every try, before it is signed and outside of what the SDK retries; and after every try.
        client.meta.events.register_first("request-created", refuse)
        if service == _TABLE:
            client.meta.events.register_first("needs-retry", count)
        return client
