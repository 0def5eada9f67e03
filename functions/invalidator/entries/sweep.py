"""The sweep's entry, every minute: calls for what is due, and measures what waits.

Invoked with any event it does so at once, and returns its measures (`sweep/measures.py`) as JSON.
"""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.aws.client_config import client_config
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.event_bus import EventBus, stack_of
from invalidator.aws.queue import DeadLetters, WakeQueue
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.gaps import GapTable
from invalidator.aws.table.heartbeat import WhichTable, beat, last_beat, last_watched
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.told import ToldTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.clock import SystemClock
from invalidator.core.announcement import completed
from invalidator.core.heartbeat import Heartbeat
from invalidator.core.pending.entry import memory_owner
from invalidator.core.routes_age import late_after, routes_age
from invalidator.core.routing.settings import names_in
from invalidator.metric import Metric
from invalidator.settings import SweepSettings, read_settings
from invalidator.sweep.completions import completions
from invalidator.sweep.gaps import close_gaps
from invalidator.sweep.measures import Measures, measure
from invalidator.sweep.restored import FollowedUp, follow_up
from invalidator.sweep.sweep import Swept, sweep
from invalidator.telemetry import telemetry
from invalidator.waking import Waking

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SDK = client_config(1, 3)

MOST_NAMES = 20
# The watch runs each hour.
WATCH_LATE_HOURS = 3.0

logger, metrics, _untraced = telemetry(os.environ)
settings = read_settings(os.environ, SweepSettings)
_sdk: Any = botocore.session.get_session()
_sqs = _sdk.create_client("sqs", config=_SDK)
_dynamodb = _sdk.create_client("dynamodb", config=_SDK)
_table = DynamoDbTable(_dynamodb, settings.table_name)
_wakes = WakeTable(_table)
_wake_queue = WakeQueue(_sqs, settings.wake_queue_url, settings.remember_queue_url)
_dead_letters = DeadLetters(_sqs, settings.dead_letter_queue_url)
# Called for once by each new environment: one comes with every deployment, and every few hours. So a bucket that is
# remembered from now on is gone through at once, and each is again before what is remembered of it expires.
_to_be_remembered = list(names_in(settings.remembered_buckets))


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=False)
def handler(_event: Any, _context: "LambdaContext") -> dict[str, Any]:
    """Sweep once. What cannot be asked raises: the next minute tries again, and an alarm tells when that fails too."""
    clock = SystemClock()
    swept = sweep(_wakes, _wake_queue, clock)
    while _to_be_remembered:
        Waking(_wakes, _wake_queue, clock).ask(
            [memory_owner(_to_be_remembered[-1])], clock.now(), clock.now()
        )
        _to_be_remembered.pop()
    _tell_completed(clock)
    letters = _dead_letters.count()
    before = last_beat(_table)
    which = WhichTable(_dynamodb, settings.table_name, RoutesTable(_table))
    waking = Waking(_wakes, _wake_queue, clock)
    followed = follow_up(before, which, LogTable(_table, clock.now), waking, clock)
    _tell(followed, waking.take_unsent())
    first = before.first if before is not None else 0.0
    beat(_table, Heartbeat(clock.now(), letters, first or clock.now(), followed.table, followed.doubted))
    covered = _close_gaps(clock)
    _look_for_the_watch(clock.now())
    measures = _measure(swept, letters, before, clock.now())
    metrics.add_metric(Metric.OLDEST_UNSENT_SECONDS, MetricUnit.Seconds, measures.oldest_unsent_seconds)
    metrics.add_metric(Metric.PENDING_TARGETS, MetricUnit.Count, measures.waiting)
    if measures.new_dead_letters:
        metrics.add_metric(Metric.NEW_DEAD_LETTERS, MetricUnit.Count, measures.new_dead_letters)
    if measures.routes_late:
        metrics.add_metric(Metric.ROUTES_AGE_SECONDS, MetricUnit.Seconds, measures.routes_age_seconds)
        logger.warning(
            "the routes are old: a distribution that is new or was changed is not seen; those known go on serving",
            extra={"routes_age_seconds": measures.routes_age_seconds},
        )
    if measures.waiting or measures.new_dead_letters or swept.unsent:
        more = {"names": swept.called[:MOST_NAMES], "unsent": swept.unsent}
        logger.info("swept", extra={**asdict(measures), **more})
    return {**asdict(measures), "doubted_buckets": len(followed.new), "covered_gaps": covered}


def _look_for_the_watch(now: float) -> None:
    """Where the watch itself does not come to its end, no subscription is looked after, and nobody else would tell."""
    hours = (now - last_watched(_table, now)) / 3600
    if hours > WATCH_LATE_HOURS:
        metrics.add_metric(Metric.SUBSCRIPTIONS_LOST, MetricUnit.Count, 1)
        logger.error(
            "the watch has not come to its end for long: no bucket's subscription is looked after",
            extra={"hours": round(hours, 1), "type": "invalidator logs"},
        )


def _close_gaps(clock: SystemClock) -> int:
    """Cover what buckets may have lost while they were not connected; return how many."""
    waking = Waking(_wakes, _wake_queue, clock)
    closed = close_gaps(
        GapTable(_table), LogTable(_table, clock.now), waking, clock, cover=settings.cover_gaps
    )
    if closed.covered:
        logger.warning(
            "changes may have been lost while buckets were not connected",
            extra={
                "buckets": closed.covered[:MOST_NAMES],
                "count": len(closed.covered),
                "happens": "all that leads to them is invalidated, once",
            },
        )
    if closed.left:
        logger.warning(
            "changes may have been lost while buckets were not connected; CoverGaps is no",
            extra={"buckets": closed.left[:MOST_NAMES], "count": len(closed.left)},
        )
    return len(closed.covered)


def _tell_completed(clock: SystemClock) -> None:
    """Tell others of invalidations that have completed, where the stack has a bus."""
    if not settings.event_bus:
        return
    clients = CloudFrontClients(_client, clock.now)
    bus = EventBus(_client("events"), settings.event_bus, stack_of(os.environ))
    told = ToldTable(_table)
    cloudfront = CloudFrontInvalidations(clients)
    for sent in completions(_wakes.waiting(), TargetTable(_table), told, cloudfront, clock):
        bus.tell([completed(sent)])
        told.mark(sent)


def _client(service: str, **credentials: str) -> Any:
    return _sdk.create_client(service, config=_SDK, **credentials)


def _measure(swept: Swept, letters: int, before: Heartbeat | None, now: float) -> Measures:
    since = now if before is None else before.first or before.at
    age = routes_age(RoutesTable(_table).survey_state().completed, since, now)
    return measure(
        swept,
        letters,
        None if before is None else before.letters,
        now,
        age=age,
        late=late_after(settings.survey_minutes * 60.0),
    )


def _tell(followed: FollowedUp, unsent: str) -> None:
    if followed.mended:
        logger.warning(
            "the table said what cannot be",
            extra={"detail": f"sweep heartbeat: {followed.mended}", "happens": "nothing of it is believed"},
        )
    if not followed.found:
        return
    logger.error(
        "the table was restored: what was taken in since is not known",
        extra={
            "buckets": followed.new[:MOST_NAMES],
            "count": len(followed.new),
            "unsent": unsent,
            "happens": "all that leads to them is invalidated; so it is with those that the next survey finds",
        },
    )
