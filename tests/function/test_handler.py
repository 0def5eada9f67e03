"""The real handler, its settings, its clients and its logs, on moto: what Lambda sees and what people read."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.function.deployed import CREDENTIALS, WAKE_QUEUE_ARN, Deployed, entry
from tests.lambda_context import LambdaContext
from tests.notifications import TEST_EVENT, direct
from tests.wire_faults import Fault
from tests.wire_happenings import error_response

DENIED = error_response("rest-xml", 403, "AccessDenied", "User: role is not authorized")
CHANGES_ARN = "arn:aws:sqs:us-east-1:123456789012:changes"


class Function:
    """The deployed function: call it with messages, let it follow its wakes, read its answers and its log lines."""

    def __init__(self, module: Any, deployed: Deployed, capsys: Any) -> None:
        self.module = module
        self.deployed = deployed
        self._capsys = capsys
        self.lines: list[str] = []

    def __call__(self, *bodies: str, **context: float) -> dict[str, Any]:
        """Deliver messages of the changes queue, and then the wakes that they led to."""
        self.lines = []
        answer = self.deliver(CHANGES_ARN, bodies, **context)
        while wakes := self.deployed.take("wakes"):
            for body in wakes:
                self.deliver(WAKE_QUEUE_ARN, [body], **context)
        return answer

    def deliver(self, source: str, bodies: Any, *, receives: int = 1, **context: float) -> dict[str, Any]:
        """Invoke it with one batch of a queue."""
        self._capsys.readouterr()
        records = [
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {
                    "SentTimestamp": str(int(time.time() * 1000)),
                    "ApproximateReceiveCount": str(receives),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": source,
            }
            for number, body in enumerate(bodies)
        ]
        log = io.StringIO()
        for each in self.module.logger.handlers:
            each.stream = log  # powertools holds the standard output of another test
        answer: dict[str, Any] = self.module.handler(
            {"Records": records}, LambdaContext(**{"seconds": 30.0} | context)
        )
        self.lines += [*log.getvalue().splitlines(), *self._capsys.readouterr().out.splitlines()]
        return answer

    def site(self, bucket: str = "site") -> str:
        """A distribution of a bucket, which the survey knows."""
        target = self.deployed.distribution(bucket)
        self.deployed.serve(bucket, target)
        return target

    @property
    def logs(self) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.lines) if "level" in line]

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Every metric that was counted: name → values."""
        counted: dict[str, list[float]] = {}
        for line in map(json.loads, self.lines):
            for directive in line["_aws"]["CloudWatchMetrics"] if "_aws" in line else ():
                assert directive["Namespace"] == "CloudFrontInvalidator"
                for each in directive["Metrics"]:
                    counted.setdefault(each["Name"], []).extend(line[each["Name"]])
        return counted

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.logs if line["message"] == message]

    def client(self, service: str) -> Any:
        sender = self.module.wired.steps.sender
        return {
            "cloudfront": sender.cloudfront._clients.for_role(None),
            "dynamodb": sender.targets._table._client,
            "sqs": sender.wake_queue._client,
        }[service]


@pytest.fixture
def function(capsys: Any) -> Iterator[Function]:
    with entry("invalidator.handler", moto_config={"core": {"mock_credentials": False}}) as (
        module,
        deployed,
    ):
        yield Function(module, deployed, capsys)


def recent(*keys: str, bucket: str = "site") -> str:
    return direct(*keys, bucket=bucket, at=time.time() - 60)


def test_a_change_leads_to_one_invalidation_and_a_line_that_says_so(function):
    site = function.site()
    assert function(recent("a.html"), TEST_EVENT, recent("b.html")) == {"batchItemFailures": []}
    assert function.deployed.invalidated(site) == [("/a.html", "/b.html")]
    (taken,) = function.logged("changes taken in")
    assert (taken["messages"], taken["buckets"], taken["test_events"]) == (3, {"site": 2}, 1)
    (created,) = function.logged("invalidation created")
    assert (created["distribution"], created["paths"], created["examples"]) == (
        site,
        2,
        ["/a.html", "/b.html"],
    )


def test_a_batch_of_everything_fails_only_what_is_broken_and_what_is_denied(function):
    site, secret = function.site(), function.site("secret")
    end = Fault(DENIED, meets=lambda body: "/d.html" in body).strike(
        function.client("cloudfront"), "CreateInvalidation"
    )
    answer = function(recent("a.html"), "{broken", recent("d.html", bucket="secret"), recent("b.html"))
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
    assert (broken["message_id"], broken["reason"], broken["body"]) == ("m1", "not-json", "{broken")
    (denied,) = function.logged("paths given up")
    assert (denied["buckets"], denied["keys"]) == (["secret"], ["d.html"])
    assert (denied["reason"], denied["distribution"]) == ("access-denied", secret)
    assert "not authorized" in denied["detail"]


def test_metrics_are_few_and_under_the_documented_names(function):
    function.site()
    function(recent("a", "b"), "{")
    counted = function.metrics
    assert {name: values for name, values in counted.items() if name != "EventToInvalidationSeconds"} == {
        "PathsSent": [2.0],
        "NewDeadLetters": [1.0],
        "PathsThisMonth": [2.0],
    }
    assert all(59 < each < 90 for each in counted["EventToInvalidationSeconds"])


def test_what_viewers_cannot_see_is_counted_and_its_kinds_are_logged(function):
    tagged = direct("a", "b", name="ObjectTagging:Put", at=time.time() - 60)
    assert function(tagged, direct("c", name="ObjectAcl:Put", at=time.time() - 60)) == {
        "batchItemFailures": []
    }
    (line,) = function.logged("records ignored: viewers cannot see what they tell of")
    assert (line["count"], line["kinds"]) == (3, ["ObjectAcl:Put", "ObjectTagging:Put"])
    assert function.deployed.dead() == []


def test_messages_that_cannot_be_handed_over_are_the_answer(function):
    function.site()
    function.deployed.sqs.delete_queue(QueueUrl=function.deployed.dead_url)
    assert function("{broken", recent("a")) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert "stays on the queue" in function.logged("message given up")[0]["happens"]


def test_a_message_that_no_run_survives_is_logged_counted_and_told_once(function, monkeypatch):
    told: list[Any] = []
    monkeypatch.setattr(function.module.wired.announcements, "tell", told.extend)
    intake = function.module.wired.steps.intake
    for _ in range(intake.most_receives):
        intake.log.count_try("m0")  # each of them died
    assert function.deliver(CHANGES_ARN, [recent("a")], receives=9) == {"batchItemFailures": []}
    ((_, attributes),) = function.deployed.dead()
    (line,) = function.logged("message given up")
    (event,) = told
    assert line["reason"] == event.detail["reason"] == attributes["Reason"] == "unfinished"
    assert line["detail"] == event.detail["explanation"] == attributes["Detail"]
    assert (line["message_id"], line["happens"]) == ("m0", "it is in the dead-letter queue")
    assert function.metrics["NewDeadLetters"] == [1.0]


def test_while_the_table_is_away_the_messages_are_the_answer_and_the_line_names_the_bucket(function):
    function.site()
    away = error_response("json", 400, "ResourceNotFoundException", "no such table")
    end = Fault(away).strike(function.client("dynamodb"), "UpdateItem")
    assert function(recent("a")) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    end()
    (line,) = function.logged("changes stay on the queue")
    assert line["about"] == "site"
    assert "no such table" in line["detail"]


def test_a_wake_whose_table_is_away_comes_again(function):
    site = function.site()
    function.deliver(CHANGES_ARN, [recent("a")])
    (wake,) = [each.body for each in function.deployed.messages("wakes")]
    end = Fault(error_response("json", 500, "InternalServerError", "away")).strike(
        function.client("dynamodb"), "BatchGetItem"
    )
    assert function.deliver(WAKE_QUEUE_ARN, [wake]) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    end()
    assert function.logged("a wake is tried again")
    assert function.deployed.invalidated(site) == []


@pytest.mark.parametrize(
    "body", ["", "{}", '{"invalidator": 9, "wake": "target:E1"}', '{"invalidator": 2, "wake": "x"}']
)
def test_what_is_no_wake_is_named_and_done_with(function, body):
    assert function.deliver(WAKE_QUEUE_ARN, [body]) == {"batchItemFailures": []}
    assert function.logged("not a wake")


def test_a_wake_for_a_target_that_is_gone_says_so_and_ends(function):
    body = '{"invalidator": 2, "wake": "target:EGONE"}'
    assert function.deliver(WAKE_QUEUE_ARN, [body]) == {"batchItemFailures": []}
    (line,) = function.logged("no survey knows this distribution")
    assert line["distribution"] == "EGONE"


def test_a_redelivered_batch_is_answered_as_done_and_costs_nothing(function):
    site = function.site()
    body = recent("a", "b")
    assert function(body) == function(body) == {"batchItemFailures": []}
    assert len(function.deployed.invalidated(site)) == 1


def test_with_less_time_left_than_the_reserve_a_target_is_sent_all_the_same(function):
    site = function.site()
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
    function.site()
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
    function.deliver(CHANGES_ARN, [recent("a", bucket=name), forged])
    assert all(line.isascii() and line.isprintable() for line in function.lines)
    assert function.logged("forged") == []


def test_a_megabyte_of_nonsense_is_not_written_to_the_log(function):
    function("x" * 1_000_000, direct("a", eventSource="y" * 900_000))
    assert all(len(line) < 5000 for line in function.lines)
    assert len(function.logged("message given up")) == 2


def test_no_credential_is_in_any_line(function):
    function.site()
    end = Fault(DENIED).strike(function.client("cloudfront"), "CreateInvalidation")
    function(recent("a"), "{")
    end()
    text = "\n".join(function.lines)
    assert function.lines
    for secret in (CREDENTIALS["AWS_SECRET_ACCESS_KEY"], CREDENTIALS["AWS_SESSION_TOKEN"]):
        assert secret not in text


def test_an_event_without_record_attributes_is_taken_as_sent_now(function):
    site = function.site()
    function.module.handler({"Records": [{"messageId": "m", "body": direct("a")}]}, LambdaContext())
    (wake,) = [each.body for each in function.deployed.messages("wakes")]
    function.deliver(WAKE_QUEUE_ARN, [wake])
    assert function.deployed.invalidated(site) == [("/a",)]
