"""What is put back or given up stands on the right queue, whole, with attributes that SQS takes."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from invalidator.aws.queue import SqsQueues, _text
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.reading import read_body
from invalidator.core.reasons import Reason
from invalidator.failures import QueueUnavailable
from invalidator.ports import Message

PATHS = PathBacklog("E1", ("site", "media"), {"/a": 1.5, "/b/*": 2.0}, 2, "why")
# The characters SQS takes in a message [SendMessage, API reference].
ALLOWED = {"\t", "\n", "\r"}


class Queues:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.url = client.create_queue(QueueName="invalidation")["QueueUrl"]
        self.dead_url = client.create_queue(QueueName="dead-letters")["QueueUrl"]
        self.queues = SqsQueues(client, self.url, self.dead_url)

    def messages(self, url: str) -> list[dict[str, Any]]:
        return self.client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])

    def dead(self) -> list[tuple[str, dict[str, str]]]:
        return [
            (each["Body"], {name: value["StringValue"] for name, value in each["MessageAttributes"].items()})
            for each in self.messages(self.dead_url)
        ]


@pytest.fixture
def world() -> Iterator[Queues]:
    with mock_aws():
        yield Queues(
            boto3.client(
                "sqs",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        )


def test_what_is_put_back_can_be_read_again(world):
    world.queues.put_back(PATHS, 0.0)
    (message,) = world.messages(world.url)
    assert read_body(message["Body"], 10.0).backlog == PATHS


@pytest.mark.parametrize(("delay", "asked"), [(0.4, 0), (5.0, 5), (30.0, 30), (900.0, 900), (90_000.0, 900)])
def test_a_delay_is_whole_seconds_and_never_more_than_sqs_takes(delay, asked):
    calls = []

    class Client:
        def send_message(self, **arguments):
            calls.append(arguments)

    SqsQueues(Client(), "https://queue", "https://dead").put_back(PATHS, delay)
    assert [each["DelaySeconds"] for each in calls] == [asked]


def test_a_backlog_larger_than_a_message_is_put_back_as_several(world):
    paths = {f"/{number:05d}/{'x' * 90}": 1.0 for number in range(20_000)}
    world.queues.put_back(PathBacklog("E1", ("site",), paths), 0.0)
    merged = {}
    messages = world.messages(world.url)
    for each in messages:
        merged |= read_body(each["Body"], 10.0).backlog.paths
    assert len(messages) > 1
    assert merged == paths


def test_dead_paths_carry_reason_distribution_buckets_and_paths(world):
    world.queues.give_up(PATHS, Reason.ACCESS_DENIED, "User is not authorized")
    ((body, attributes),) = world.dead()
    assert read_body(body, 10.0).backlog == PATHS
    assert attributes == {
        "Reason": "access-denied",
        "Detail": "User is not authorized",
        "Distribution": "E1",
        "Buckets": "site media",
        "Paths": "/a\n/b/*",
        "PathCount": "2",
    }


def test_dead_keys_carry_reason_and_bucket(world):
    world.queues.give_up(KeyBacklog("site", {"a b": 1.0}), Reason.MAPPING_DENIED, "no")
    ((body, attributes),) = world.dead()
    assert read_body(body, 10.0).backlog == KeyBacklog("site", {"a b": 1.0})
    assert attributes == {"Reason": "mapping-denied", "Detail": "no", "Buckets": "site", "KeyCount": "1"}


def test_a_message_is_given_up_as_it_came(world):
    world.queues.give_up_message(Message("m-1", "not JSON", 1.0), Reason.NOT_JSON, "expected value")
    assert world.dead() == [
        ("not JSON", {"Reason": "not-json", "Detail": "expected value", "MessageId": "m-1"})
    ]


def test_a_thousand_long_paths_name_the_first_in_attributes_that_stay_small(world):
    paths = {f"/{number:04d}{'x' * 300}": 1.0 for number in range(1000)}
    world.queues.give_up(PathBacklog("E1", ("b" * 60,) * 100, paths), Reason.UNAVAILABLE, "x" * 10_000)
    ((_, attributes),) = world.dead()
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
def test_no_detail_and_no_key_is_refused(world, detail, key):
    world.queues.give_up(KeyBacklog("site", {key: 1.0}), Reason.MAPPING_DENIED, detail)


@pytest.mark.parametrize(
    "hand_over",
    [
        lambda queues: queues.put_back(PATHS, 5.0),
        lambda queues: queues.give_up(PATHS, Reason.UNAVAILABLE, "x"),
        lambda queues: queues.give_up(KeyBacklog("site", {"a": 1.0}), Reason.UNAVAILABLE, "x"),
        lambda queues: queues.give_up_message(Message("m", "b", 1.0), Reason.NOT_JSON, "x"),
    ],
)
def test_a_queue_that_is_gone_is_an_unavailable_queue(world, hand_over):
    world.client.delete_queue(QueueUrl=world.url)
    world.client.delete_queue(QueueUrl=world.dead_url)
    with pytest.raises(QueueUnavailable):
        hand_over(world.queues)


def test_what_sqs_refuses_for_its_size_is_an_unavailable_queue(world):
    with pytest.raises(QueueUnavailable):
        world.queues.give_up_message(Message("m", "x" * (1024 * 1024 + 1), 1.0), Reason.NOT_JSON, "x")
    assert world.dead() == []


def test_bodies_are_json_for_people(world):
    world.queues.put_back(PATHS, 0.0)
    (message,) = world.messages(world.url)
    assert json.loads(message["Body"])["paths"] == {"/a": 1.5, "/b/*": 2.0}
