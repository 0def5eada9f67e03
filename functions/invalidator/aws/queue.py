"""Puts work back on the invalidation queue, or in the dead-letter queue with the reason."""

from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.reasons import Reason
from invalidator.failures import QueueUnavailable
from invalidator.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

# Attributes count towards a message's 1 MiB and are shown in one row: enough to recognise the paths by.
MOST_PATHS_NAMED = 20
MOST_CHARACTERS = 2000
MOST_DELAY_SECONDS = 900


class SqsQueues:
    """The invalidation queue and its dead-letter queue, for sending."""

    def __init__(self, client: "SQSClient", queue_url: str, dead_letter_queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._dead_letter_queue_url = dead_letter_queue_url

    def put_back(self, backlog: PathBacklog | KeyBacklog, delay: float) -> None:
        """Put work back as compact messages, visible after `delay` seconds. Raises QueueUnavailable."""
        for body in bodies(backlog):
            try:
                self._client.send_message(
                    QueueUrl=self._queue_url,
                    MessageBody=body,
                    DelaySeconds=min(round(delay), MOST_DELAY_SECONDS),
                )
            except AwsError as error:
                raise QueueUnavailable(str(error)) from error

    def give_up(self, backlog: PathBacklog | KeyBacklog, reason: Reason, detail: str) -> None:
        """Put work in the dead-letter queue as compact messages. Raises QueueUnavailable."""
        if isinstance(backlog, PathBacklog):
            about = {
                "Distribution": backlog.distribution,
                "Buckets": " ".join(backlog.buckets),
                "Paths": "\n".join(list(backlog.paths)[:MOST_PATHS_NAMED]),
                "PathCount": str(len(backlog.paths)),
            }
        else:
            about = {"Buckets": backlog.bucket, "KeyCount": str(len(backlog.keys))}
        for body in bodies(backlog):
            self._bury(body, reason, detail, about)

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        """Put a message in the dead-letter queue as it came. Raises QueueUnavailable."""
        self._bury(message.body, reason, detail, {"MessageId": message.id})

    def _bury(self, body: str, reason: Reason, detail: str, about: dict[str, str]) -> None:
        attributes = {"Reason": reason.value, "Detail": detail, **about}
        try:
            self._client.send_message(
                QueueUrl=self._dead_letter_queue_url,
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
