"""The real worker, wired as in Lambda with the real SDK, on moto, with the function's time passed in."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import moto.backends
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from invalidator.batch.report import Report
from invalidator.batch.worker import Worker
from invalidator.ports import Message
from invalidator.wiring import Wired, wire
from tests.batch.deployed import CREDENTIALS, Deployed
from tests.wire_faults import waiting_on

# The function's time-out in the template (tests/template holds it to this), and what its answer and its log may take.
FUNCTION_SECONDS = 70.0
ANSWER_SECONDS = 1.0
ROLE = "arn:aws:iam::222233334444:role/cdn"


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
    """The worker and what surrounds it."""

    deployed: Deployed
    made: Wired
    clock: Clock

    @property
    def worker(self) -> Worker:
        return self.made.worker

    def handle(self, messages: Sequence[Message]) -> Report:
        """Work off a batch as Lambda's handler does, in Lambda's time: or the messages would all come again."""
        began = self.clock.passed
        report = self.worker.handle(messages, self.made.time_left.begin(FUNCTION_SECONDS))
        took = self.clock.passed - began
        assert took <= FUNCTION_SECONDS - ANSWER_SECONDS, f"Lambda would have ended it: {took:.1f} s"
        return report

    def client(self, service: str) -> Any:
        return {
            "cloudfront": lambda: self.worker.cloudfront._clients.for_role(None),
            "dynamodb": lambda: self.worker.memory._table._client,
            "sqs": lambda: self.worker.queue._client,
            "s3": lambda: self.worker.listing._client,
        }[service]()


@contextmanager
def wired_worker(**environment: str) -> Iterator[WiredWorker]:
    """The worker on a new moto, with so much more in its environment."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch, waiting_on(clock), mock_aws():
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        deployed = Deployed()
        made = wire(deployed.environment() | environment, clock)
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="site")
        _share_with_the_roles_account()
        yield WiredWorker(deployed, made, clock)


def _share_with_the_roles_account() -> None:
    """The role leads to another account; moto keeps each account's distributions apart, by ids of its own choice."""
    accounts = moto.backends.get_backend("cloudfront")
    theirs, ours = accounts[ROLE.split(":")[4]]["aws"], accounts[DEFAULT_ACCOUNT_ID]["aws"]
    theirs.distributions, theirs.invalidations = ours.distributions, ours.invalidations
