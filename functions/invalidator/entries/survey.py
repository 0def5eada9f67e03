"""The survey's entry: every minute, and whenever it is invoked, with any event. Returns what it did, as JSON.

The schedule's own event does a round only where one is due (parameter SurveyMinutes), and the first time in a process:
a deploy makes a new one, and may have changed what keys become. Any other event asks for one now.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import botocore.session

from invalidator.aws.client_config import client_config
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import AT_A_TIME, CloudFrontDistributions
from invalidator.aws.queue import WakeQueue
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import HISTORY_SECONDS, LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.aws.time_left import TimeLeft
from invalidator.clock import SystemClock
from invalidator.core.routing.renewal import Surveying
from invalidator.settings import SurveySettings, read_settings
from invalidator.survey.summary import Outcome, Summary
from invalidator.survey.survey import Survey
from invalidator.telemetry import telemetry
from invalidator.waking import Waking

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SDK = client_config(2, 8)
# What is refused or fails in passing is asked again in its turn (aws/call_pace.py), not by each thread for itself.
_PACED = client_config(2, 8, attempts=1, connections=AT_A_TIME)


@dataclass(frozen=True, slots=True)
class Wired:
    """What the entry needs."""

    survey: Survey
    clock: SystemClock
    time_left: TimeLeft


def wire(environment: Mapping[str, str]) -> Wired:
    """Make the survey. Raises SettingsError where the environment is not what the template sets."""
    settings = read_settings(environment, SurveySettings)
    clock = SystemClock()
    time_left = TimeLeft(clock.now)
    sdk: Any = botocore.session.get_session()  # its type wants each credential by name

    def client(service: str, **credentials: str) -> Any:
        config = _PACED if service == "cloudfront" else _SDK
        return time_left.guard(sdk.create_client(service, config=config, **credentials))

    table = DynamoDbTable(client("dynamodb"), settings.table_name)
    clients = CloudFrontClients(client, clock.now)
    # The SDK's clients may be used by several threads at once, but not be made so.
    clients.for_role(None)
    survey = Survey(
        distributions=CloudFrontDistributions(clients, clock, ThreadPoolExecutor(AT_A_TIME).map),
        store=RoutesTable(table),
        log=LogTable(table, clock.now),
        targets=TargetTable(table),
        waking=Waking(WakeTable(table), WakeQueue(client("sqs"), settings.wake_queue_url), clock),
        clock=clock,
        surveying=Surveying(
            interval=settings.survey_minutes * 60.0,
            history=HISTORY_SECONDS,
            routing=settings.routing,
        ),
    )
    return Wired(survey, clock, time_left)


logger, _metrics, _untraced = telemetry(os.environ)
wired = wire(os.environ)
_runs = count()


class UnlistedError(Exception):
    """CloudFront's list cannot be read; the text says what CloudFront said, and how old the routes are."""


@logger.inject_lambda_context
def handler(event: object, context: "LambdaContext") -> dict[str, Any]:
    """Survey once.

    Raises, at the schedule's event, UnlistedError while CloudFront's list cannot be read: Lambda counts a function's
    errors for nothing, and an alarm watches them. TableUnavailable likewise, at any event. That routes grow old,
    however it comes to that, the sweep measures.
    """
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = wired.clock.now() + remaining
    wired.time_left.begin(remaining)
    scheduled = is_scheduled(event)
    summary = wired.survey.run(context.aws_request_id, deadline, asked=next(_runs) == 0 or not scheduled)
    _log(summary)
    if wired.survey.waking.unsent:
        logger.warning(
            "wakes cannot be sent; the sweep calls", extra={"detail": wired.survey.waking.unsent.pop()}
        )
        wired.survey.waking.unsent.clear()
    if scheduled and summary.error:
        age = "never" if summary.routes_age is None else f"{summary.routes_age:.0f} s ago"
        raise UnlistedError(f"the last complete survey began {age}; {summary.error}")
    return summary.as_json()


def is_scheduled(event: object) -> bool:
    """Whether it is the event of EventBridge's schedule [EventBridge user guide, "Scheduled events"]."""
    return isinstance(event, dict) and event.get("source") in {"aws.events", "aws.scheduler"}


def _log(summary: Summary) -> None:
    if summary.outcome is Outcome.NOT_DUE:
        return
    told = summary.as_json()
    counts = ("outcome", "routes_age_seconds", "distributions", "asked", "left", "changed", "woken")
    logger.info("surveyed", extra={name: told[name] for name in counts})
    if summary.error:
        logger.error(
            "CloudFront's distributions cannot be listed; the routes of before go on serving",
            extra={"detail": summary.error, "routes_age_seconds": summary.routes_age},
        )
    for line in summary.mended:
        logger.warning("the table said what cannot be", extra={"detail": line})
    for target, causes in told["changes"].items():
        logger.info("routing changed", extra={"distribution": target, "causes": causes})
    for target, why in told["unread"].items():
        logger.error(
            "a distribution cannot be read; its routing of before goes on serving",
            extra={"distribution": target, "detail": why},
        )
