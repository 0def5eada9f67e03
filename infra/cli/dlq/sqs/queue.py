"""The SQS side of the desk: receive dead letters, put them back where they were, send them again, delete them.

ReceiveMessage is a sample: it asks some servers, and what others hold, or another reader has, it does not show.
So the queue is read in a loop of long polls, by several threads, until nothing new comes; what is held is
invisible to others for `HOLD_SECONDS`, is held on to in time where reading takes longer, and is released as soon as it
is not needed, also after Ctrl-C. Of a process that is killed, what it held and what was on its way to it comes back
after `HOLD_SECONDS`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.dlq.letters import DeadLetter, read_letter
from infra.cli.dlq.selection import MOST_LETTERS
from infra.cli.dlq.sqs.batches import BATCH, send_batches, send_entry
from infra.cli.dlq.sqs.held import Held
from infra.cli.dlq.sqs.interrupt import interrupted_at_the_end
from infra.cli.errors import explain_aws_error
from infra.cli.session import Session, output

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HOLD_SECONDS = 120
# What has been held for so long is held on to: nothing that was read comes round again and looks like the end.
RENEW_SECONDS = 50
READERS = 8
# What is held in memory at once: compact messages may have 1 MiB each.
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages a queue has, as SQS estimates it.

    Attributes:
        visible: can be received now.
        in_flight: held by a reader.
    """

    visible: int
    in_flight: int


@dataclass(slots=True)
class DeadLetterQueue:
    """The dead-letter queue and the queue its letters came from. Used as a context it releases what it holds."""

    client: "SQSClient"
    url: str
    arn: str
    source_url: str
    source_arn: str
    clock: Callable[[], float] = time.monotonic
    _held: Held = field(default_factory=Held)
    _stopped: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def counts(self) -> Counts:
        """Ask how many letters there are, about."""
        got = self.client.get_queue_attributes(
            QueueUrl=self.url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return Counts(
            int(got["ApproximateNumberOfMessages"]), int(got["ApproximateNumberOfMessagesNotVisible"])
        )

    def read(
        self, handle: Callable[[list[DeadLetter]], None], most: int = MOST_LETTERS, readers: int = READERS
    ) -> bool:
        """Receive letters until nothing new comes, and hand each batch of at most ten to `handle`, once.

        `handle` runs in several threads. Returns whether the queue was read to its end. On Ctrl-C the readers
        end with their batch, and KeyboardInterrupt is raised when all of them have.
        """
        self._stopped.clear()
        with interrupted_at_the_end(self._stopped.set), ThreadPoolExecutor(readers) as pool:
            try:
                running = [pool.submit(self._read, handle, most) for _ in range(readers)]
                ends = [each.result() for each in running]
            finally:
                self._stopped.set()  # after one reader's error, the others end with their batch
        return all(ends)

    def _read(self, handle: Callable[[list[DeadLetter]], None], most: int) -> bool:
        while not self._stopped.is_set():
            self.hold_on()
            if self._held.count >= most or self._held.bytes >= MOST_BYTES:
                return False
            messages = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
            if self._stopped.is_set():
                # It was on its way at the stop. Nobody may be left who would release it: a second Ctrl-C waits
                # for no reader.
                self._release([each["ReceiptHandle"] for each in messages])
                return False
            new = self._held.add(messages, self.clock())
            if not new:
                return True  # the queue is empty, or what was held too long comes round again
            handle([read_letter(each) for each in new])
        return False

    def hold_on(self) -> None:
        """Keep invisible for longer what has been held for long; cheap where nothing has."""
        now = self.clock()
        while receipts := self._held.due(now - RENEW_SECONDS, now, BATCH):
            self._see_again_in(receipts, HOLD_SECONDS)

    def send_again(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Send letters to the queue they came from; return id → why, for those that SQS did not take."""
        failed: dict[str, str] = {}
        for batch in send_batches(letters):
            answer = self.client.send_message_batch(
                QueueUrl=self.source_url,
                Entries=[send_entry(number, letter) for number, letter in enumerate(batch)],
            )
            failed |= _failures(answer, batch)
        return failed

    def delete(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Delete letters that are held; return id → why, for those that SQS kept."""
        failed: dict[str, str] = {}
        for batch in _tens(letters):
            answer = self.client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": self._held.receipt(letter)}
                    for number, letter in enumerate(batch)
                ],
            )
            refused = _failures(answer, batch)
            failed |= refused
            self._held.deleted([letter for letter in batch if letter.id not in refused])
        return failed

    def release(self) -> None:
        """Make every letter that is still held visible again."""
        with interrupted_at_the_end(lambda: None):
            self._release(self._held.let_go())

    def _release(self, receipts: Sequence[str]) -> None:
        if not receipts:
            return
        try:
            with ThreadPoolExecutor(READERS) as pool:
                list(pool.map(self._release_batch, _tens(receipts)))
        except (BotoCoreError, ClientError) as error:
            why = explain_aws_error(error)
            click.echo(f"Some letters stay invisible for {HOLD_SECONDS} s: {why}", err=True)

    def _release_batch(self, receipts: Sequence[str]) -> None:
        self._see_again_in(receipts, 0)

    def _see_again_in(self, receipts: Sequence[str], seconds: int) -> None:
        # One that was received by another reader meanwhile is no more ours: its answer does not matter.
        self.client.change_message_visibility_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for number, receipt in enumerate(receipts)
            ],
        )


def dead_letter_queue(session: Session) -> DeadLetterQueue:
    """Return the desk of the session's stack."""
    from botocore.config import Config

    return DeadLetterQueue(
        session.aws.client("sqs", config=Config(max_pool_connections=2 * READERS)),
        output(session, "DeadLetterQueueUrl"),
        output(session, "DeadLetterQueueArn"),
        output(session, "QueueUrl"),
        output(session, "QueueArn"),
    )


def _failures(answer: Mapping[str, Any], batch: Sequence[DeadLetter]) -> dict[str, str]:
    return {
        batch[int(each["Id"])].id: f"{each['Code']}: {each.get('Message', '')}".rstrip(": ")
        for each in answer.get("Failed", [])
    }


def _tens(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
