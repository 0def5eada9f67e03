"""Messages reach the function as AWS would bring them, and leave the queue only when they are done with."""

import threading

import pytest

from infra.local.event_source.invocation import failed_ids
from infra.local.event_source.source import EventSource
from tests.local.fake_queue import QUEUE_ARN, FakeFunctions, FakeQueue, wait_until


def done(_event):
    return {"batchItemFailures": []}


def bodies(functions):
    return [[record["body"] for record in event["Records"]] for event in functions.events]


def test_a_batch_larger_than_one_receive_is_one_invocation():
    queue = FakeQueue(str(n) for n in range(100))
    functions = FakeFunctions(done, BatchSize=100, MaximumBatchingWindowInSeconds=300)
    with EventSource(queue, functions, pollers=1) as source:
        wait_until(lambda: source.deliveries)
    assert bodies(functions) == [[str(n) for n in range(100)]]
    assert len(queue.deleted) == 100
    assert not queue.in_flight


def test_a_batch_never_holds_more_than_its_size():
    queue = FakeQueue(str(n) for n in range(25))
    functions = FakeFunctions(done, BatchSize=7, MaximumBatchingWindowInSeconds=1)
    with EventSource(queue, functions, pollers=1):
        wait_until(lambda: len(queue.deleted) == 25)
    assert [len(batch) for batch in bodies(functions)] == [7, 7, 7, 4]


def test_the_window_gathers_what_comes_late():
    queue = FakeQueue(["first"])
    functions = FakeFunctions(done, BatchSize=10_000, MaximumBatchingWindowInSeconds=1)
    with EventSource(queue, functions, pollers=1) as source:
        wait_until(lambda: queue.in_flight)
        assert not source.deliveries
        queue.send("second")
        wait_until(lambda: source.deliveries)
    assert bodies(functions) == [["first", "second"]]


def test_six_megabytes_close_a_batch():
    queue = FakeQueue(["x" * 1_000_000] * 7)
    functions = FakeFunctions(done, BatchSize=100, MaximumBatchingWindowInSeconds=1)
    with EventSource(queue, functions, pollers=1):
        wait_until(lambda: len(queue.deleted) == 7)
    assert [len(batch) for batch in bodies(functions)] == [6, 1]


def test_five_pollers_split_a_burst_and_no_more_run_at_a_time_than_the_mapping_allows():
    all_polled = threading.Event()
    queue = FakeQueue(str(n) for n in range(50))

    def slow(_event):
        all_polled.wait(10)

    functions = FakeFunctions(
        slow, BatchSize=10, MaximumBatchingWindowInSeconds=0, ScalingConfig={"MaximumConcurrency": 2}
    )
    with EventSource(queue, functions):
        wait_until(lambda: len(queue.in_flight) == 50 and functions.running == 2)
        all_polled.set()
        wait_until(lambda: len(queue.deleted) == 50)
    assert len(functions.events) == 5
    assert functions.most_running == 2


def test_a_poller_takes_no_more_messages_than_its_batch_holds():
    """What it took beyond would wait, unseen by others, while the batch runs."""
    go_on = threading.Event()
    queue = FakeQueue("abc")
    functions = FakeFunctions(lambda _: go_on.wait(10) and None, BatchSize=1)
    with EventSource(queue, functions, pollers=1):
        wait_until(lambda: functions.running)
        assert queue.in_flight == {"m0": "a"}
        go_on.set()
        wait_until(lambda: len(queue.deleted) == 3)


def test_only_the_failed_messages_stay_in_the_queue():
    def two_failed(event):
        ids = [record["messageId"] for record in event["Records"] if record["body"] in {"b", "d"}]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}

    queue = FakeQueue("abcde")
    functions = FakeFunctions(two_failed, BatchSize=5, MaximumBatchingWindowInSeconds=300)
    with EventSource(queue, functions, pollers=1) as source:
        wait_until(lambda: source.deliveries)
    assert queue.deleted == ["m0", "m2", "m4"]
    assert queue.in_flight == {"m1": "b", "m3": "d"}
    assert source.deliveries[0].failed == {"m1", "m3"}
    assert source.deliveries[0].error is None


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("broken"), b"no json", {"batchItemFailures": [{"itemIdentifier": "of another batch"}]}],
)
def test_an_answer_that_cannot_be_trusted_fails_the_whole_batch(answer):
    queue = FakeQueue("ab")
    functions = FakeFunctions(lambda _: answer, BatchSize=2, MaximumBatchingWindowInSeconds=300)
    with EventSource(queue, functions, pollers=1) as source:
        wait_until(lambda: source.deliveries)
    assert queue.deleted == []
    assert set(queue.in_flight) == {"m0", "m1"}
    assert source.deliveries[0].failed == {"m0", "m1"}


def test_what_the_function_raised_is_told():
    functions = FakeFunctions(lambda _: RuntimeError("broken"), BatchSize=1)
    told = []
    with EventSource(FakeQueue("a"), functions, pollers=1, delivered=told.append):
        wait_until(lambda: told)
    assert "broken" in told[0].error


def test_a_record_looks_as_on_aws():
    functions = FakeFunctions(done, BatchSize=1)
    with EventSource(FakeQueue(["body"]), functions, pollers=1) as source:
        wait_until(lambda: source.deliveries)
    assert functions.events == [
        {
            "Records": [
                {
                    "messageId": "m0",
                    "receiptHandle": "handle-m0",
                    "body": "body",
                    "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
                    "messageAttributes": {
                        "why": {
                            "stringValue": "because",
                            "stringListValues": [],
                            "binaryListValues": [],
                            "dataType": "String",
                        }
                    },
                    "md5OfBody": "md5",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": QUEUE_ARN,
                    "awsRegion": "eu-central-1",
                }
            ]
        }
    ]


def test_a_disabled_mapping_leaves_the_messages_and_an_enabled_one_takes_them():
    def look_twice():
        enough = functions.looks + 2
        wait_until(lambda: functions.looks >= enough)

    queue = FakeQueue()
    functions = FakeFunctions(done, State="Disabled")
    with EventSource(queue, functions, pollers=1, look_every=0.05) as source:
        queue.send("a")
        look_twice()
        assert not queue.in_flight
        assert not source.reading
        functions.entry = functions.entry | {"State": "Enabled"}
        wait_until(lambda: queue.deleted == ["m0"])
        assert source.reading
        functions.entry = functions.entry | {"State": "Disabled"}
        wait_until(lambda: not source.reading)
        assert queue.polls_running == 0
        queue.send("b")
        look_twice()
        assert queue.deleted == ["m0"]
        assert not queue.in_flight


def test_a_changed_mapping_works_by_its_new_rules():
    queue = FakeQueue()
    functions = FakeFunctions(done, BatchSize=1)
    with EventSource(queue, functions, pollers=1, look_every=0.05):
        queue.send("a")
        wait_until(lambda: len(queue.deleted) == 1)
        functions.entry = functions.entry | {"BatchSize": 2, "MaximumBatchingWindowInSeconds": 300}
        enough = functions.looks + 2
        wait_until(lambda: functions.looks >= enough)
        queue.send("b", "c", "d", "e", "f")
        wait_until(lambda: len(queue.deleted) >= 5)
    assert [len(batch) for batch in bodies(functions)][-1] == 2


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "a"}]}', {"a"}),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"id": "a"}]}', {"a", "b"}),
        (b'{"batchItemFailures": ["a"]}', {"a", "b"}),
        (b'{"batchItemFailures": "a"}', {"a", "b"}),
        (b'"done"', {"a", "b"}),
        (b"[]", {"a", "b"}),
        (b"{", {"a", "b"}),
    ],
)
def test_an_answer_is_read_as_aws_reads_it(payload, failed):
    assert failed_ids(payload, ["a", "b"], partial=True) == failed
    assert failed_ids(payload, ["a", "b"], partial=False) == set()
