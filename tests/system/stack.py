"""One deployed stack with every parameter that gives it more to do, and what people do with it."""

import contextlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from unittest import mock

from infra.cli.main import main
from infra.demo.proof import Changed, uncovered
from infra.local.aws import LocalAws
from invalidator.core.pending.wakes import SHARDS

# What does not happen is a defect, not a slow machine: four local AWSs start at once, beside all other tests.
PATIENCE_SECONDS = 300.0


def until(seen: Callable[[], Any], seconds: float, what: str, *, or_tell: Callable[[], Any] = list) -> Any:
    """Wait until something is seen, and return it; where it is not, fail with what `or_tell` returns."""
    give_up = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < give_up, f"not in {seconds} s: {what}; {or_tell()}"
        time.sleep(0.25)
    return found


def invalidator(aws: LocalAws, *arguments: str, expect: int | None = 0) -> Any:
    """Run the command line as a person would, and return the JSON it prints; with None, whatever its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, aws.subprocess_environment, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code: Any = 0
        try:
            main([*arguments, "--json"])
        except SystemExit as ended:
            code = ended.code or 0
    assert expect in {None, code}, err.getvalue()
    return json.loads(out.getvalue()) if out.getvalue() else None


def all_fresh(
    aws: LocalAws,
    changes: Iterable[Changed],
    origin_paths: Mapping[str, str],
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Wait until a later invalidation covers every change, on every distribution that serves it."""
    changed = list(changes)

    def stale() -> list[Any]:
        return list(uncovered(changed, origin_paths, aws.gate.seen))

    until(lambda: not stale(), seconds, "every change is invalidated", or_tell=stale)


def left_to_do(aws: LocalAws, outputs: Mapping[str, str]) -> dict[str, Any]:
    """What is on the worker's queues, and what is pending in its table."""
    sqs, table = aws.client("sqs"), aws.client("dynamodb")
    left: dict[str, Any] = {}
    for name in ("QueueUrl", "WakeQueueUrl"):
        got = sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["All"])["Attributes"]
        left |= {
            f"{name} {key}": value
            for key, value in got.items()
            if key.startswith("ApproximateNumberOf") and int(value)
        }
    for shard in range(SHARDS):
        wakes = table.query(
            TableName=outputs["TableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"wakes#{shard}"}},
        )["Items"]
        left |= {wake["sk"]["S"]: wake for wake in wakes if {"due", "since", "token"} & wake.keys()}
    return left


def at_rest(aws: LocalAws, outputs: Mapping[str, str]) -> None:
    """Wait until nothing is left to do."""
    until(
        lambda: not left_to_do(aws, outputs),
        PATIENCE_SECONDS,
        "nothing is left to do",
        or_tell=lambda: left_to_do(aws, outputs),
    )


def paths_sent(aws: LocalAws, distribution: str) -> list[str]:
    """Every path that a distribution's invalidations named, in order, each as often as it was paid."""
    return [
        path for each in aws.gate.invalidations if each.distribution == distribution for path in each.paths
    ]


def letters(aws: LocalAws, url: str) -> list[dict[str, Any]]:
    """What is in a queue now, left visible."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        got = (
            aws.client("sqs")
            .receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2, MessageAttributeNames=["All"]
            )
            .get("Messages", [])
        )
        new = {each["MessageId"]: each for each in got if each["MessageId"] not in found}
        if not new:
            break
        found |= new
    for each in found.values():
        aws.client("sqs").change_message_visibility(
            QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
        )
    return list(found.values())


def reason(letter: Mapping[str, Any]) -> str:
    """A dead letter's reason, empty where it has none."""
    attribute = letter.get("MessageAttributes", {}).get("Reason", {})
    return str(attribute.get("StringValue", ""))


@contextlib.contextmanager
def listening(
    stack: Any, *kinds: str, rule: str = "listening", pattern: Any = None
) -> Iterator[Callable[[], list[Any]]]:
    """Chain on the stack's events as a person would: a rule that takes some of them to a queue of one's own.

    By their kinds, or by a whole pattern. Yields what returns the events that have come, each once.
    """
    sqs, events = stack.aws.client("sqs"), stack.aws.client("events")
    url = sqs.create_queue(QueueName=rule)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    by_kind = {"source": ["cloudfront-invalidator"], "detail-type": list(kinds), "detail": {"version": [1]}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern or by_kind))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
    try:
        yield lambda: [json.loads(each["Body"]) for each in letters(stack.aws, url)]
    finally:
        events.remove_targets(Rule=rule, Ids=["1"])
        events.delete_rule(Name=rule)
        sqs.delete_queue(QueueUrl=url)
