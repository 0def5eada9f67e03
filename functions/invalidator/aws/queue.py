"""The queues, in SQS: changes are received on, wakes are sent, and what is given up becomes a dead letter."""

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.messages.wake import wake_body
from invalidator.core.pending.entry import memory_of_owner
from invalidator.core.pending.wakes import LONGEST_DELAY_SECONDS
from invalidator.core.reasons import Reason
from invalidator.failures import QueueUnavailable
from invalidator.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, SendMessageBatchRequestEntryTypeDef

# As many as SQS takes in one call.
MOST_IN_A_CALL = 10
AT_A_TIME = 4
# What is received on is hidden for so long: it is written to the table and deleted within seconds, or comes again.
HIDDEN_SECONDS = 30
# Attributes count towards a message's 1 MiB and are shown in one row: enough to recognise the paths by.
MOST_PATHS_NAMED = 20
MOST_CHARACTERS = 2000


class ChangesQueue:
    """The port `ChangesQueue` over SQS."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def receive_more(self, most: int) -> list[Message]:
        """Receive up to `most` more messages that wait there now, hidden for half a minute; [] for none.

        A few receive at a time, as one call brings ten at most; it ends when one of them finds nothing. Raises
        QueueUnavailable where nothing was received; what was received before an error is returned.
        """
        received: list[Message] = []
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            while len(received) < most:
                left = most - len(received)
                asked = [min(MOST_IN_A_CALL, left - at) for at in range(0, left, MOST_IN_A_CALL)][:AT_A_TIME]
                failed: QueueUnavailable | None = None
                found: list[list[Message]] = []
                for each in [pool.submit(self._receive, count) for count in asked]:
                    try:
                        found.append(each.result())
                    except QueueUnavailable as error:
                        failed = error
                received += (message for messages in found for message in messages)
                if failed is not None:
                    if not received:
                        raise failed
                    break
                if not all(found):
                    break
        return received

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages received so, a few calls at a time. Raises QueueUnavailable.

        One that SQS does not delete comes again.
        """
        parts = [messages[at : at + MOST_IN_A_CALL] for at in range(0, len(messages), MOST_IN_A_CALL)]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            for each in [pool.submit(self._delete, part) for part in parts]:
                each.result()

    def _delete(self, messages: Sequence[Message]) -> None:
        try:
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": message.receipt} for at, message in enumerate(messages)
                ],
            )
        except AwsError as error:
            raise QueueUnavailable(str(error)) from error

    def send(self, body: str) -> None:
        """Send a message. Raises QueueUnavailable."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except AwsError as error:
            raise QueueUnavailable(str(error)) from error

    def _receive(self, count: int) -> list[Message]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=count,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        except AwsError as error:
            raise QueueUnavailable(str(error)) from error
        return [
            Message(
                id=each["MessageId"],
                body=each["Body"],
                sent=int(each["Attributes"]["SentTimestamp"]) / 1000,
                receives=int(each["Attributes"]["ApproximateReceiveCount"]),
                receipt=each["ReceiptHandle"],
            )
            for each in answer.get("Messages", [])
        ]


class WakeQueue:
    """The port `WakeQueue` over SQS.

    Args:
        client: SQS.
        url: the queue of wakes.
        memories_url: the queue of the function that remembers buckets, "" where there is none: then the worker is
            called, which hands over what waits for a memory.
    """

    def __init__(self, client: "SQSClient", url: str, memories_url: str = "") -> None:
        self._client = client
        self._url = url
        self._memories_url = memories_url

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        """Send a wake for each (owner name, delay in seconds). Raises QueueUnavailable where some were not sent."""
        if not self._memories_url:
            self._call(self._url, names)
            return
        to_memories: list[tuple[str, float]] = []
        to_others: list[tuple[str, float]] = []
        for each in names:
            (to_others if memory_of_owner(each[0]) is None else to_memories).append(each)
        self._call(self._memories_url, to_memories)
        self._call(self._url, to_others)

    def _call(self, url: str, names: Iterable[tuple[str, float]]) -> None:
        waiting = iter(names)
        unsent: list[str] = []
        while part := list(islice(waiting, MOST_IN_A_CALL)):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(at), "MessageBody": wake_body(name), "DelaySeconds": _whole_delay(delay)}
                for at, (name, delay) in enumerate(part)
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
            except AwsError as error:
                raise QueueUnavailable(str(error)) from error
            unsent += (part[int(each["Id"])][0] for each in answer.get("Failed", []))
        if unsent:
            raise QueueUnavailable(f"SQS did not take the wakes of {', '.join(unsent)}")


def _whole_delay(seconds: float) -> int:
    # Rounded up: a wake that comes before its time would only have to be sent again.
    return math.ceil(min(max(seconds, 0.0), LONGEST_DELAY_SECONDS))


EVERY_COUNT: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class DeadLetters:
    """The port `DeadLetters` over SQS."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def count(self) -> int:
        """Return about how many letters there are, those that somebody holds included. Raises QueueUnavailable."""
        try:
            found = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(EVERY_COUNT))
        except AwsError as error:
            raise QueueUnavailable(str(error)) from error
        return sum(int(found["Attributes"].get(each, "0")) for each in EVERY_COUNT)

    def give_up(
        self, target: str, buckets: Iterable[str], paths: Mapping[str, float], reason: Reason, detail: str
    ) -> None:
        """Put a target's viewer paths (path → newest change) there as compact messages. Raises QueueUnavailable."""
        named = tuple(sorted(buckets))
        about = {
            "Distribution": target,
            "Buckets": " ".join(named),
            "Paths": "\n".join(islice(paths, MOST_PATHS_NAMED)),
            "PathCount": str(len(paths)),
        }
        for body in bodies(PathBacklog(target, named, paths)):
            self._bury(body, reason, detail, about)

    def give_up_keys(self, bucket: str, keys: Mapping[str, float], reason: Reason, detail: str) -> None:
        """Put a bucket's keys (key → newest change) there as compact messages. Raises QueueUnavailable."""
        for body in bodies(KeyBacklog(bucket, keys)):
            self._bury(body, reason, detail, {"Buckets": bucket, "KeyCount": str(len(keys))})

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        """Put a message there as it came. Raises QueueUnavailable."""
        self._bury(message.body, reason, detail, {"MessageId": message.id})

    def _bury(self, body: str, reason: Reason, detail: str, about: dict[str, str]) -> None:
        attributes = {"Reason": reason.value, "Detail": detail, **about}
        try:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={name: _text(value) for name, value in attributes.items() if value},
            )
        except AwsError as error:
            raise QueueUnavailable(str(error)) from error


def _text(value: str) -> "MessageAttributeValueTypeDef":
    # SQS takes no control characters but tab and line ends; the rest of Unicode is escaped to stay readable.
    printable = value.encode("ascii", "backslashreplace").decode("ascii")
    clean = "".join(
        each if each.isprintable() or each == "\n" else f"\\x{ord(each):02x}" for each in printable
    )
    return {"DataType": "String", "StringValue": clean[:MOST_CHARACTERS]}
