"""The real worker, wired as in Lambda with the real SDK, on moto, with the function's time passed in."""

import io
import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import moto.backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from invalidator.aws.queue import WakeQueue
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.sweep.sweep import Swept, sweep
from invalidator.wiring import Wired, wire
from tests.function.deployed import TABLE, WAKE_QUEUE_ARN, Deployed, entry
from tests.lambda_context import LambdaContext
from tests.wire_faults import waiting_on

# The function's time-out in the template, and what its answer and its log may take.
FUNCTION_SECONDS = 30.0
ANSWER_SECONDS = 1.0
ROLE = "arn:aws:iam::222233334444:role/cdn"
CHANGES_ARN = "arn:aws:sqs:us-east-1:123456789012:changes"
# What a target waits for at most: patience, room, a turn, a survey.
ROUND_SECONDS = 70.0
MOST_ROUNDS = 12


class Clock:
    """Moto dates by the machine's clock: this one is ahead of it by all that anybody has waited."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return time.time() + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@dataclass
class WiredWorker:
    """The function's handler, and what surrounds it."""

    deployed: Deployed
    made: Wired
    clock: Clock
    module: Any
    lines: list[dict[str, Any]] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def take_in(self, *bodies: str, sent: float | None = None, receives: int = 1) -> list[str]:
        """Deliver a batch of the changes queue; return the bodies that stay there."""
        return self._deliver(CHANGES_ARN, bodies, sent, receives)

    def look(self, *wakes: str) -> list[str]:
        """Deliver wakes, each in an invocation of its own; return those that come again."""
        return [body for wake in wakes for body in self._deliver(WAKE_QUEUE_ARN, [wake])]

    def _deliver(
        self, source: str, bodies: Sequence[str], sent: float | None = None, receives: int = 1
    ) -> list[str]:
        stamp = str(int((self.clock.now() if sent is None else sent) * 1000))
        records = {
            f"m{next(self._count)}": {
                "body": body,
                "attributes": {"SentTimestamp": stamp, "ApproximateReceiveCount": str(receives)},
                "eventSourceARN": source,
            }
            for body in bodies
        }
        log = io.StringIO()
        for each in self.module.logger.handlers:
            each.stream = log
        began = self.clock.passed
        event = {"Records": [{"messageId": name, **record} for name, record in records.items()]}
        try:
            answer = self.module.handler(
                event, LambdaContext(seconds=FUNCTION_SECONDS, aws_request_id=f"request-{next(self._count)}")
            )
        finally:
            self.lines += map(json.loads, log.getvalue().splitlines())
        took = self.clock.passed - began
        assert took <= FUNCTION_SECONDS - ANSWER_SECONDS, f"Lambda would have ended it: {took:.1f} s"
        return [str(records[each["itemIdentifier"]]["body"]) for each in answer["batchItemFailures"]]

    def sweep(self) -> Swept:
        """Sweep once, by clients of its own."""
        table = DynamoDbTable(self.deployed.dynamodb, TABLE)
        return sweep(WakeTable(table), WakeQueue(self.deployed.sqs, self.deployed.wake_url), self.clock)

    def go_on(self, messages: Sequence[str] = (), wakes: Sequence[str] = ()) -> None:
        """Let time pass until nothing waits: what failed comes again, wakes come, and the sweep calls."""
        staying, waking = list(messages), list(wakes)
        for _ in range(MOST_ROUNDS):
            self.clock.sleep(ROUND_SECONDS)
            if staying:
                staying = self.take_in(*staying)
            waking = self.look(*waking, *self.deployed.take("wakes"))
            if not self.deployed.wakes() and not staying and not waking:
                return
            self.sweep()
        raise AssertionError(f"{staying} {waking} {self.deployed.wakes()} still wait; {self.lines[-3:]}")

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The log lines with this message."""
        return [line for line in self.lines if line["message"] == message]

    def forget(self) -> None:
        """Begin anew: empty table, queues and log."""
        self.deployed.forget()
        self.lines.clear()

    def client(self, service: str) -> Any:
        """The SDK's client that the worker asks a service by."""
        sender: Any = self.made.steps.sender
        return {
            "cloudfront": lambda: sender.cloudfront._clients.for_role(None),
            "dynamodb": lambda: sender.targets._table._client,
            "sqs": lambda: sender.wake_queue._client,
            "s3": lambda: sender.listing._client,
            "lambda": lambda: sender.surveys._client,
        }[service]()


@contextmanager
def wired_worker(**environment: str) -> Iterator[WiredWorker]:
    """The worker on a new moto, with so much more in its environment."""
    clock = Clock()
    with (
        waiting_on(clock),
        entry("invalidator.handler", {"GATHER_SECONDS": "0"} | environment) as (module, deployed),
    ):
        made = module.wired = wire(os.environ, clock)
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="site")
        _share_with_the_roles_account()
        yield WiredWorker(deployed, made, clock, module)


def _share_with_the_roles_account() -> None:
    """The role leads to another account; moto keeps each account's distributions apart, by ids of its own choice."""
    accounts = moto.backends.get_backend("cloudfront")
    theirs, ours = accounts[ROLE.split(":")[4]]["aws"], accounts[DEFAULT_ACCOUNT_ID]["aws"]
    theirs.distributions, theirs.invalidations = ours.distributions, ours.invalidations
