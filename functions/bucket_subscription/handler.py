"""The function behind `Custom::BucketSubscriptions`: CloudFormation calls it when the stack's buckets change.

Properties: `Buckets` (list of names), `BucketFilters` (list of BUCKET=PREFIX*SUFFIX, optional), `EventBridgeBuckets`
(list of names, optional), `QueueArn`, `AclChanges` (`yes` where new ACLs are asked for too), `TableName` (where the
watch finds what is connected; a stack of version 0.1.0 gives none). Its answer goes to CloudFormation's `ResponseURL`,
exactly once, on every path.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.deployment import Deployment
from bucket_subscription.errors import RefusedError, SubscriptionError, UnsettledError
from bucket_subscription.owner import Owner
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.settle import Patience
from bucket_subscription.stack_event import (
    left_by_failed_create,
    physical_id,
    properties_of,
    read_properties,
    stack_of,
    wishes_before,
)
from bucket_subscription.subscription import Subscription
from bucket_subscription.wishes.wish_table import Wishes, WishTable
from custom_resource.answer import Answer, Put, put_to_url

# Kept back from the function's time so that the answer arrives.
_MARGIN_SECONDS = 20.0
# A queue's policy may take a minute to be seen (SQS API reference, SetQueueAttributes).
_PATIENCE_SECONDS = 75.0
# The most that one try of a call takes, by the time-outs below.
_TRY_SECONDS = 13.0
_SDK = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})

_OUT_OF_TIME = (
    "time ran out; run it again, with fewer new buckets at once or a longer time-out of the function"
)

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)

MakeSubscription = Callable[[Owner, str, float], Subscription]
# A table's name, and until when it may be asked (monotonic clock).
MakeWishes = Callable[[str, float], Wishes]


class LambdaContext(Protocol):
    """What this function needs of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Do what CloudFormation asks, and answer it."""
    respond(event, context, put_to_url, subscribe_on_aws)


def subscribe_on_aws(owner: Owner, account: str, until: float) -> Subscription:
    """Return the stack's hold on an account's buckets; it asks for nothing beyond `until` (monotonic clock)."""
    return Subscription(
        owner,
        S3Notifications(_client("s3", until), account),
        SqsQueueAccess(_client("sqs", until), lambda: _client("kms", until)),
        lambda: Patience(
            min(until, time.monotonic() + _PATIENCE_SECONDS), time.monotonic, time.sleep, pause=2.0
        ),
        lambda lines: _say("change", lines=lines),
        fresh=True,
    )


def wishes_on_aws(table: str, until: float) -> Wishes:
    """Return what is remembered of buckets; it is not asked beyond `until` (monotonic clock)."""
    return WishTable(_client("dynamodb", until), table)


def _client(service: Literal["s3", "sqs", "kms", "dynamodb"], until: float) -> Any:
    def refuse_when_late(**_: Any) -> None:
        # CloudFormation acts on its answer at once: what took effect after it would stay behind.
        if time.monotonic() > until - _TRY_SECONDS:
            raise UnsettledError(_OUT_OF_TIME)

    made: Any = boto3.client(service, config=_SDK)
    made.meta.events.register_first("request-created", refuse_when_late)  # for every try of a call
    return made


def respond(
    event: Mapping[str, Any],
    context: LambdaContext,
    put: Put,
    make: MakeSubscription,
    remember: MakeWishes = wishes_on_aws,
) -> None:
    """Do what CloudFormation asks, and answer through `put`, whatever happens."""
    left: dict[str, None] = {}
    answer = Answer(event, lambda status: physical_id(event, status, list(left)), put)
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    alarm = threading.Timer(
        max(seconds, 0.0),
        answer.fail,
        [_OUT_OF_TIME],
    )
    alarm.daemon = True
    alarm.start()
    try:
        done = _obey(event, answer, left, time.monotonic() + seconds, make=make, remember=remember)
        _say("done", reason=done)
        answer.succeed(done)
    except SubscriptionError as error:
        _say("failed", reason=str(error))
        answer.fail(str(error))
    except (BotoCoreError, ClientError) as error:
        _log.exception("the SDK failed")
        answer.fail(f"AWS could not be asked: {error}")
    finally:
        alarm.cancel()
        # Reached unanswered only through a defect: the stack must not wait an hour for it.
        answer.fail("the function failed unexpectedly; its log says why")


def _obey(
    event: Mapping[str, Any],
    answer: Answer,
    left: dict[str, None],
    until: float,
    *,
    make: MakeSubscription,
    remember: MakeWishes,
) -> str:
    owner, account = stack_of(event)
    raw = properties_of(event, "ResourceProperties")
    asked = event.get("RequestType")
    table = raw.get("TableName")
    wishes = remember(table, until) if isinstance(table, str) and table else None
    _say("asked", request=asked, stack=owner.stack, properties=raw)
    if asked == "Delete":
        named, undone = wishes_before(raw), left_by_failed_create(event)
        if undone is not None:
            named = {bucket: keys for bucket, keys in named.items() if bucket in undone}
        return Deployment(make(owner, account, until), lambda: answer.given, wishes).disconnect(named)
    if asked not in ("Create", "Update"):
        raise RefusedError(f"CloudFormation asked for {asked!r}, which is unknown")
    properties = read_properties(raw)
    before = wishes_before(properties_of(event, "OldResourceProperties")) if asked == "Update" else {}
    subscription = make(owner, properties.queue.account, until)
    return Deployment(subscription, lambda: answer.given, wishes, left).connect(properties, before)


def _say(what: str, **fields: Any) -> None:
    _log.info(json.dumps({"event": what, **fields}, default=str))
