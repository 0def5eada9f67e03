"""The real handler, its settings, its clients and its logs, on moto: what Lambda sees and what people read."""

import importlib
import io
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.batch.deployed import CREDENTIALS, Deployed
from tests.notifications import TEST_EVENT, direct
from tests.wire_faults import Fault
from tests.wire_happenings import error_response

METRICS = {
    "Messages", "Keys", "TestEvents", "Ignored", "Unserved", "Invalidations", "PathsSent", "WildcardsSent",
    "AlreadyCovered", "Deferred", "Throttled", "Failed", "DeadLettered", "Unrecorded", "NothingSent",
}  # fmt: skip
DENIED = error_response("rest-xml", 403, "AccessDenied", "User: role is not authorized")


class Context:
    function_name = "invalidator"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:invalidator"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def __init__(self, seconds: float = 70.0) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Function:
    """The deployed function: call it with messages, read its answer, its log lines and its metrics."""

    def __init__(self, module: Any, deployed: Deployed, capsys: Any) -> None:
        self.module = module
        self.deployed = deployed
        self._capsys = capsys
        self.lines: list[str] = []

    def __call__(self, *bodies: str, **context: float) -> dict[str, Any]:
        self._capsys.readouterr()
        records = [
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"SentTimestamp": str(int(time.time() * 1000))},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
        log = io.StringIO()
        for each in self.module.logger.handlers:
            each.stream = log  # powertools holds the standard output of another test
        answer = self.module.handler({"Records": records}, Context(**context))
        self.lines = [*log.getvalue().splitlines(), *self._capsys.readouterr().out.splitlines()]
        return answer

    @property
    def logs(self) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.lines) if "level" in line]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.lines) if "_aws" in line and "Messages" in line]

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.logs if line["message"] == message]

    def client(self, service: str) -> Any:
        worker = self.module.wired.worker
        return {"cloudfront": worker.cloudfront._clients.for_role(None), "sqs": worker.queue._client}[service]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, capsys: Any, request: Any) -> Iterator[Function]:
    with mock_aws():
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        deployed = Deployed()
        environment = deployed.environment() | {
            "POWERTOOLS_TRACE_DISABLED": "true",
            "POWERTOOLS_SERVICE_NAME": request.node.name,  # its logger is found again by this name
            "POWERTOOLS_METRICS_NAMESPACE": "CloudFrontInvalidator",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        sys.modules.pop("invalidator.handler", None)
        yield Function(importlib.import_module("invalidator.handler"), deployed, capsys)
        sys.modules.pop("invalidator.handler", None)


def recent(*keys: str, bucket: str = "site") -> str:
    return direct(*keys, bucket=bucket, at=time.time() - 60)


def test_a_batch_of_everything_fails_only_what_is_broken_and_what_is_denied(function):
    site, secret = function.deployed.distribution("site"), function.deployed.distribution("secret")
    end = Fault(DENIED, meets=lambda body: "/d.html" in body).strike(
        function.client("cloudfront"), "CreateInvalidation"
    )
    answer = function(
        recent("a.html"),
        TEST_EVENT,
        "{broken",
        recent("c.html", bucket="unserved"),
        recent("d.html", bucket="secret"),
        recent("b.html"),
    )
    end()
    assert answer == {"batchItemFailures": []}
    assert function.deployed.invalidated(site) == [("/a.html", "/b.html")]
    assert function.deployed.invalidated(secret) == []
    dead = {attributes["Reason"]: (body, attributes) for body, attributes in function.deployed.dead()}
    assert dead.keys() == {"not-json", "access-denied"}
    assert dead["not-json"][0] == "{broken"
    assert dead["access-denied"][1]["Distribution"] == secret
    assert dead["access-denied"][1]["Paths"] == "/d.html"
    (broken,) = function.logged("message given up")
    assert (broken["message_id"], broken["reason"], broken["body"]) == ("m2", "not-json", "{broken")
    (denied,) = function.logged("paths given up")
    assert (denied["messages"], denied["buckets"], denied["keys"]) == (["m4"], ["secret"], ["d.html"])
    assert (denied["reason"], denied["distribution"]) == ("access-denied", secret)
    assert "not authorized" in denied["detail"]
    (unserved,) = function.logged("no distribution serves these keys")
    assert (unserved["bucket"], unserved["keys"]) == ("unserved", 1)
    (created,) = function.logged("invalidation created")
    assert (created["distribution"], created["paths"], created["examples"]) == (
        site,
        2,
        ["/a.html", "/b.html"],
    )


def test_one_metrics_line_a_batch_under_the_documented_names(function):
    function.deployed.distribution("site")
    function(recent("a", "b"), TEST_EVENT, "{", recent("c", bucket="unserved"))
    (line,) = function.metrics
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "CloudFrontInvalidator"
    names = {each["Name"] for each in directive["Metrics"]}
    assert names == METRICS | {"PathsThisMonth", "EventToInvalidationMilliseconds"}
    counts = {name: line[name] for name in METRICS}
    assert counts == {name: [0.0] for name in METRICS} | {
        "Messages": [4.0], "Keys": [3.0], "TestEvents": [1.0], "Unserved": [1.0], "Invalidations": [1.0],
        "PathsSent": [2.0], "DeadLettered": [1.0],
    }  # fmt: skip
    assert line["PathsThisMonth"] == [2.0]
    assert all(59_000 < each < 90_000 for each in line["EventToInvalidationMilliseconds"])
    function(recent("d"))
    assert len(function.metrics) == 1
    assert function.metrics[0]["PathsThisMonth"] == [3.0]


def test_what_viewers_cannot_see_is_counted_and_its_kinds_are_logged(function):
    tagged = direct("a", "b", name="ObjectTagging:Put", at=time.time() - 60)
    assert function(tagged, direct("c", name="ObjectAcl:Put", at=time.time() - 60)) == {
        "batchItemFailures": []
    }
    (line,) = function.logged("records ignored: viewers cannot see what they tell of")
    assert (line["count"], line["kinds"]) == (3, ["ObjectAcl:Put", "ObjectTagging:Put"])
    assert function.metrics[0]["Ignored"] == [3.0]
    assert function.deployed.dead() == []


def test_messages_that_cannot_be_handed_over_are_the_answer(function):
    function.deployed.distribution("site")
    function.deployed.sqs.delete_queue(QueueUrl=function.deployed.dead_url)
    answer = function("{broken", recent("a"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert "stays on the queue" in function.logged("message given up")[0]["happens"]
    assert function.metrics[0]["Failed"] == [1.0]


def test_a_redelivered_batch_is_answered_as_done_and_costs_nothing(function):
    site = function.deployed.distribution("site")
    body = recent("a", "b")
    assert function(body) == function(body) == {"batchItemFailures": []}
    assert len(function.deployed.invalidated(site)) == 1
    assert function.metrics[0]["AlreadyCovered"] == [2.0]


def test_with_less_time_left_than_the_reserve_a_batch_is_sent_all_the_same(function):
    site = function.deployed.distribution("site")
    function(recent("a"), seconds=5.0)
    assert function.deployed.invalidated(site) == [("/a",)]


HOSTILE = {
    "a newline and a forged line": 'a\n{"level":"ERROR","message":"forged"}',
    "terminal escapes": "a\x1b[2J\x1b]0;owned\x07",
    "C1 controls": "a\x9b31mred\x85next",
    "line separators": "a\u2028b\u2029c",
    "a right-to-left override": "a\u202egpj.exe",
    "quotes and backslashes": 'a"}\\\\{"x":"',
    "not UTF-8": "caf\udce9",
    "a null": "a\x00b",
}


def test_no_key_breaks_out_of_its_log_line(function):
    function.deployed.distribution("site")
    end = Fault(DENIED).strike(function.client("cloudfront"), "CreateInvalidation")
    for what, key in HOSTILE.items():
        function(recent(key), direct("", bucket=key), key.encode("utf-8", "replace").decode())
        assert all(line.isascii() and line.isprintable() for line in function.lines), what
        assert function.logged("forged") == [], what
        (denied,) = function.logged("paths given up")
        assert denied["keys"] == [key]
        assert len(function.logged("message given up")) == 2, what
    end()


def test_a_hostile_bucket_name_and_distribution_stay_in_their_lines(function):
    name = 'b\n{"level":"INFO","message":"forged"}\x1b[0m'
    forged = json.dumps({"invalidator": 1, "distribution": name, "buckets": [name], "paths": {"/a": 1}})
    function(recent("a", bucket=name), forged)
    assert all(line.isascii() and line.isprintable() for line in function.lines)
    assert function.logged("forged") == []


def test_a_megabyte_of_nonsense_is_not_written_to_the_log(function):
    function("x" * 1_000_000, direct("a", eventSource="y" * 900_000))
    assert all(len(line) < 5000 for line in function.lines)
    assert len(function.logged("message given up")) == 2


def test_where_nobody_can_tell_who_serves_a_bucket_the_line_names_message_bucket_key_and_reason(function):
    end = Fault(DENIED).strike(function.client("cloudfront"), "ListDistributions")
    assert function(recent("a b.html")) == {"batchItemFailures": []}
    end()
    (line,) = function.logged("distributions of a bucket unknown")
    assert (line["messages"], line["buckets"], line["keys"]) == (["m0"], ["site"], ["a b.html"])
    assert line["reason"] == "mapping-denied"
    assert "not authorized" in line["detail"]
    assert function.metrics[0]["DeadLettered"] == [1.0]


def test_credentials_are_in_no_line(function, monkeypatch):
    function.deployed.distribution("site")
    function(recent("a"), "{")
    text = "\n".join(function.lines)
    assert "AWS_SECRET" not in text
    assert "SessionToken" not in text


def test_an_event_without_records_attributes_is_taken_as_sent_now(function):
    site = function.deployed.distribution("site")
    function.module.handler({"Records": [{"messageId": "m", "body": direct("a")}]}, Context())
    assert function.deployed.invalidated(site) == [("/a",)]
