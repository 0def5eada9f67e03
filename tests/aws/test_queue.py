"""Changes are received on, wakes are called and what is given up is buried, on the right queue and whole."""

import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from invalidator.aws.queue import ChangesQueue, DeadLetters, WakeQueue, _text
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.reading import read_body
from invalidator.core.messages.wake import wake_body
from invalidator.core.reasons import Reason
from invalidator.failures import QueueUnavailable
from invalidator.ports import Message

PATHS = {"/a": 1.5, "/b/*": 2.0}
BACKLOG = PathBacklog("E1", ("media", "site"), PATHS)
# The characters SQS takes in a message [SendMessage, API reference].
ALLOWED = {"\t", "\n", "\r"}
_queues = count(1)


class OneAtATime:
    """A client whose calls wait for one another: moto hands a message to two who ask at the same moment."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._turn = threading.Lock()

    def __getattr__(self, operation: str) -> Any:
        def ask(**arguments: Any) -> Any:
            with self._turn:
                return getattr(self._client, operation)(**arguments)

        return ask


class Queue:
    """A queue of its own, and the adapters over it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.url = client.create_queue(QueueName=f"queue-{next(_queues)}")["QueueUrl"]
        self.changes = ChangesQueue(OneAtATime(client), self.url)
        self.wakes = WakeQueue(client, self.url)
        self.dead = DeadLetters(client, self.url)

    def fill(self, messages: int) -> None:
        for start in range(0, messages, 10):
            numbers = range(start, min(start + 10, messages))
            entries = [{"Id": str(each), "MessageBody": f"message {each}"} for each in numbers]
            self.client.send_message_batch(QueueUrl=self.url, Entries=entries)

    def messages(self) -> list[dict[str, Any]]:
        return self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])

    def letters(self) -> list[tuple[str, dict[str, str]]]:
        return [
            (each["Body"], {name: value["StringValue"] for name, value in each["MessageAttributes"].items()})
            for each in self.messages()
        ]

    def counted(self) -> tuple[int, int]:
        """How many messages can be received, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(attributes[names[0]]), int(attributes[names[1]])


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "sqs",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def queue(client: Any) -> Queue:
    return Queue(client)


# Changes


def test_an_empty_queue_has_no_more(queue):
    assert queue.changes.receive_more(100) == []


@pytest.mark.parametrize(
    ("waiting", "most", "received"), [(3, 100, 3), (57, 100, 57), (57, 23, 23), (5, 0, 0)]
)
def test_what_waits_is_received_each_once_and_no_more_than_asked_for(queue, waiting, most, received):
    queue.fill(waiting)
    messages = queue.changes.receive_more(most)
    assert len({each.body for each in messages}) == len(messages) == received
    assert queue.counted() == (waiting - received, received)


def test_a_message_says_when_it_was_sent_and_how_often_it_came(queue):
    queue.fill(1)
    (first,) = queue.messages()
    queue.client.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    (message,) = queue.changes.receive_more(10)
    assert (message.id, message.body, message.receives) == (first["MessageId"], "message 0", 2)
    assert message.sent > 1.7e9
    assert message.receipt


def test_what_was_received_is_deleted(queue):
    queue.fill(25)
    messages = queue.changes.receive_more(25)
    queue.changes.delete(messages)
    queue.changes.delete([])
    assert queue.counted() == (0, 0)


class Answers:
    """An SQS client that answers one call after the other as it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Any:
        def answer(**arguments: Any) -> Any:
            self.asked.append(arguments)
            given = self.answers.pop(0) if self.answers else {}
            if isinstance(given, Exception):
                raise given
            return given

        return answer


def received(*bodies: str) -> dict[str, Any]:
    attributes = {"SentTimestamp": "1763899200500", "ApproximateReceiveCount": "1"}
    return {
        "Messages": [
            {"MessageId": body, "Body": body, "ReceiptHandle": body, "Attributes": attributes}
            for body in bodies
        ]
    }


REFUSED = ClientError({"Error": {"Code": "OverLimit", "Message": "too many in flight"}}, "ReceiveMessage")


def test_messages_are_hidden_for_half_a_minute_and_nobody_waits_for_them():
    client = Answers(received("a"))
    (message,) = ChangesQueue(client, "https://queue").receive_more(1)
    assert message == Message("a", "a", 1763899200.5, 1, "a")
    (asked,) = client.asked
    assert (asked["VisibilityTimeout"], asked["WaitTimeSeconds"], asked["MaxNumberOfMessages"]) == (30, 0, 1)


def test_an_error_after_some_were_received_loses_none_of_them():
    client = Answers(*[received(*(f"{call}-{at}" for at in range(10))) for call in range(4)], REFUSED)
    assert len(ChangesQueue(client, "https://queue").receive_more(50)) == 40


def test_an_error_at_once_is_an_unavailable_queue():
    with pytest.raises(QueueUnavailable, match="too many in flight"):
        ChangesQueue(Answers(REFUSED), "https://queue").receive_more(10)


def test_a_message_that_is_not_deleted_stops_no_other():
    client = Answers(
        {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}, {"Successful": []}
    )
    messages = [Message(str(number), "b", 1.0, 1, f"receipt-{number}") for number in range(12)]
    ChangesQueue(client, "https://queue").delete(messages)
    deleted = [entry["ReceiptHandle"] for each in client.asked for entry in each["Entries"]]
    assert deleted == [each.receipt for each in messages]


# Wakes


def test_a_wake_names_whom_to_look_at(queue):
    queue.wakes.call([("target:E1", 0.0), ("bucket:site", 0.0)])
    assert sorted(json.loads(each["Body"])["wake"] for each in queue.messages()) == [
        "bucket:site",
        "target:E1",
    ]


def test_wakes_are_called_ten_at_a_time_whoever_counts_them():
    client = Answers()
    WakeQueue(client, "https://wakes").call((f"target:E{number}", 1.0) for number in range(25))
    assert [len(each["Entries"]) for each in client.asked] == [10, 10, 5]
    WakeQueue(client, "https://wakes").call([])
    assert len(client.asked) == 3


@pytest.mark.parametrize(
    ("delay", "asked"), [(-3.0, 0), (0.0, 0), (0.2, 1), (5.0, 5), (59.1, 60), (60.0, 60), (9e9, 60)]
)
def test_a_delay_is_whole_seconds_and_at_most_a_minute(delay, asked):
    client = Answers()
    WakeQueue(client, "https://wakes").call([("unknown", delay)])
    assert client.asked == [
        {
            "QueueUrl": "https://wakes",
            "Entries": [{"Id": "0", "MessageBody": wake_body("unknown"), "DelaySeconds": asked}],
        }
    ]


def test_wakes_that_were_not_taken_are_named_after_all_were_tried():
    client = Answers({"Failed": [{"Id": "3", "Code": "InternalError", "SenderFault": False}]})
    with pytest.raises(QueueUnavailable, match="target:E3"):
        WakeQueue(client, "https://wakes").call((f"target:E{number}", 1.0) for number in range(12))
    assert len(client.asked) == 2


# Dead letters


def test_dead_paths_carry_reason_distribution_buckets_and_paths(queue):
    queue.dead.give_up("E1", ["site", "media"], PATHS, Reason.ACCESS_DENIED, "User is not authorized")
    ((body, attributes),) = queue.letters()
    assert read_body(body, 10.0).backlog == BACKLOG
    assert attributes == {
        "Reason": "access-denied",
        "Detail": "User is not authorized",
        "Distribution": "E1",
        "Buckets": "media site",
        "Paths": "/a\n/b/*",
        "PathCount": "2",
    }


def test_dead_keys_carry_reason_and_bucket(queue):
    queue.dead.give_up_keys("site", {"a b": 1.0}, Reason.MAPPING_DENIED, "no")
    ((body, attributes),) = queue.letters()
    assert read_body(body, 10.0).backlog == KeyBacklog("site", {"a b": 1.0})
    assert attributes == {"Reason": "mapping-denied", "Detail": "no", "Buckets": "site", "KeyCount": "1"}


def test_a_message_is_given_up_as_it_came(queue):
    queue.dead.give_up_message(Message("m-1", "not JSON", 1.0), Reason.NOT_JSON, "expected value")
    assert queue.letters() == [
        ("not JSON", {"Reason": "not-json", "Detail": "expected value", "MessageId": "m-1"})
    ]


def test_more_paths_than_a_message_holds_are_several_dead_letters(queue):
    paths = {f"/{number:05d}/{'x' * 90}": 1.0 for number in range(20_000)}
    queue.dead.give_up("E1", ["site"], paths, Reason.UNAVAILABLE, "x")
    letters = queue.letters()
    merged = {}
    for body, _ in letters:
        merged |= read_body(body, 10.0).backlog.paths
    assert len(letters) > 1
    assert merged == paths


def test_a_thousand_long_paths_name_the_first_in_attributes_that_stay_small(queue):
    paths = {f"/{number:04d}{'x' * 300}": 1.0 for number in range(1000)}
    queue.dead.give_up("E1", ["b" * 60] * 100, paths, Reason.UNAVAILABLE, "x" * 10_000)
    ((_, attributes),) = queue.letters()
    assert attributes["PathCount"] == "1000"
    assert attributes["Paths"].startswith("/0000xxx")
    assert all(len(value) <= 2000 for value in attributes.values())
    assert len(attributes) <= 10


@given(st.text())
def test_an_attribute_holds_only_what_sqs_takes(text):
    value = _text(text)["StringValue"]
    assert all(each in ALLOWED or each.isprintable() for each in value)
    assert value.isascii()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=st.text(min_size=1, max_size=20), key=st.text(min_size=1, max_size=20))
def test_no_detail_and_no_key_is_refused(queue, detail, key):
    queue.dead.give_up_keys("site", {key: 1.0}, Reason.MAPPING_DENIED, detail)


@pytest.mark.parametrize(
    "ask",
    [
        lambda queue: queue.changes.receive_more(10),
        lambda queue: queue.changes.delete([Message("m", "b", 1.0, 1, "receipt")]),
        lambda queue: queue.wakes.call([("unknown", 1.0)]),
        lambda queue: queue.dead.give_up("E1", ["site"], PATHS, Reason.UNAVAILABLE, "x"),
        lambda queue: queue.dead.give_up_keys("site", {"a": 1.0}, Reason.UNAVAILABLE, "x"),
        lambda queue: queue.dead.give_up_message(Message("m", "b", 1.0), Reason.NOT_JSON, "x"),
    ],
)
def test_a_queue_that_is_gone_is_an_unavailable_queue(queue, ask):
    queue.client.delete_queue(QueueUrl=queue.url)
    with pytest.raises(QueueUnavailable):
        ask(queue)


def test_what_sqs_refuses_for_its_size_is_an_unavailable_queue(queue):
    with pytest.raises(QueueUnavailable):
        queue.dead.give_up_message(Message("m", "x" * (1024 * 1024 + 1), 1.0), Reason.NOT_JSON, "x")
    assert queue.letters() == []
