"""The watch's entry: every hour, and whenever it is invoked, with any event. Returns its summary, as JSON.

It looks whether every bucket that was ever connected still sends its changes, mends what it may, and notes the gap.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools.metrics import MetricUnit

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.errors import SubscriptionError
from bucket_subscription.names import read_queue_arn
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.reading.roads import AwsRoads
from bucket_subscription.settle import Patience
from bucket_subscription.subscription import Subscription
from bucket_subscription.wishes.wish_table import WishTable
from bucket_watch.repair import Repair
from bucket_watch.senders import SendersInTable
from bucket_watch.settings import WatchSettings
from bucket_watch.standing import StandingTable
from bucket_watch.summary import Summary
from bucket_watch.telling import announced
from bucket_watch.watch import Watch
from bucket_watch.who import EventHistory
from invalidator.aws.client_config import client_config
from invalidator.aws.event_bus import EventBus, NoEvents
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.clock import SystemClock
from invalidator.failures import Failure
from invalidator.metric import Metric
from invalidator.ports import Announcements
from invalidator.settings import read_settings
from invalidator.telemetry import flush, telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SDK = client_config(2, 8)
# How long S3 may take to show what was written.
_PATIENCE_SECONDS = 15.0
# Kept back from the function's time, so that the round's end is told.
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what it works with is made anew, as rules and topics are asked for once a round."""

    settings: WatchSettings
    sdk: Any
    clock: SystemClock

    def watch(self) -> Watch:
        """Make the watch."""
        settings, clock = self.settings, self.clock
        queue = read_queue_arn(settings.queue_arn)

        def client(service: str) -> Any:
            return self.sdk.create_client(service, config=_SDK)

        dynamodb = client("dynamodb")
        table = DynamoDbTable(dynamodb, settings.table_name)
        notifications = S3Notifications(client("s3"), queue.account)
        access = SqsQueueAccess(client("sqs"), lambda: client("kms"), key_state=True)
        subscription = Subscription(
            settings.owner,
            notifications,
            access,
            lambda: Patience(time.monotonic() + _PATIENCE_SECONDS, time.monotonic, time.sleep),
            lambda lines: logger.info("change", extra={"lines": lines}),
        )
        return Watch(
            lookout=Lookout(
                settings.owner,
                queue,
                notifications,
                access,
                AwsRoads(client, queue.arn, settings.events_rule, settings.topics),
            ),
            wishes=WishTable(dynamodb, settings.table_name),
            standings=StandingTable(table),
            senders=SendersInTable(RoutesTable(table), LogTable(table, clock.now)),
            repair=Repair(subscription, queue, settings.repair_subscriptions),
            who=EventHistory(client("cloudtrail"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")),
            clock=clock,
        )

    def announcements(self) -> Announcements:
        """Make what tells others, where the stack has a bus."""
        if not self.settings.event_bus:
            return NoEvents()
        client = self.sdk.create_client("events", config=_SDK)
        return EventBus(client, self.settings.event_bus, self.settings.stack_name)


logger, metrics, _untraced = telemetry(os.environ)


def wire(environment: Mapping[str, str]) -> Round:
    """Make a round. Raises SettingsError where the environment is not what the template sets."""
    return Round(read_settings(environment, WatchSettings), botocore.session.get_session(), SystemClock())


wired = wire(os.environ)


@logger.inject_lambda_context
def handler(_event: object, context: "LambdaContext") -> dict[str, Any]:
    """Do a round. Where the table cannot be asked it raises; that nobody looked raises the alarm as well."""
    deadline = wired.clock.now() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    try:
        watch = wired.watch()
        before = watch.standings.all() if wired.settings.event_bus else {}
        summary = watch.run(deadline)
        _tell(summary)
        wired.announcements().tell(announced(summary.buckets, before))
    except (SubscriptionError, Failure):
        metrics.add_metric(Metric.SUBSCRIPTIONS_LOST, MetricUnit.Count, 1)
        raise
    finally:
        flush(metrics)
    return summary.as_json()


def _tell(summary: Summary) -> None:
    """Log what is wrong, and count it: where nothing is, nothing is written and nothing paid."""
    lost = [line for line in summary.buckets if line.alarms]
    for line in lost:
        told = line.as_json()
        happened = "were lost for a while; it is repaired" if line.repaired else "do not come to the queue"
        if line.found.unknown:
            happened = "may be lost: nobody can look whether they come"
        logger.error(
            "changes of bucket %s %s",
            line.found.bucket,
            happened,
            extra={name: told[name] for name in told if name != "state"},
        )
    if lost:
        metrics.add_metric(Metric.SUBSCRIPTIONS_LOST, MetricUnit.Count, len(lost))
    more = [line.found.bucket for line in summary.buckets if line.found.unknown and line not in lost]
    if more or summary.learned or summary.passed_over:
        logger.info(
            "watched",
            extra={
                "buckets": len(summary.buckets),
                "unknown": more,
                "learned": list(summary.learned),
                "passed_over": list(summary.passed_over),
            },
        )
