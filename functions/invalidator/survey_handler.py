"""The survey's entry: every minute, and whenever it is invoked, with any event. Returns what it did, as JSON.

The schedule's own event does a round only where one is due (parameter SurveyMinutes); any other asks for one now.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

<<<<<<< HEAD
import botocore.session
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import AT_A_TIME, CloudFrontDistributions
from invalidator.aws.dynamodb_table import DynamoDbTable
from invalidator.aws.log_table import HISTORY_SECONDS, LogTable
from invalidator.aws.queue import WakeQueue
from invalidator.aws.routes_table import RoutesTable
from invalidator.aws.target_table import TargetTable
from invalidator.aws.time_left import TimeLeft
from invalidator.aws.wake_table import WakeTable
from invalidator.clock import SystemClock
from invalidator.core.routing.renewal import Surveying
from invalidator.metric import Metric
from invalidator.settings import SurveySettings, read_settings
=======
>>>>>>> heart
from invalidator.survey.summary import Outcome, Summary
from invalidator.survey.survey import Survey
from invalidator.telemetry import telemetry
from invalidator.waking import Waking

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

<<<<<<< HEAD
_SDK = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=AT_A_TIME,
)


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
        return time_left.guard(sdk.create_client(service, config=_SDK, **credentials))

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


logger, metrics, _ = telemetry(os.environ)
wired = wire(os.environ)
=======
logger, _metrics, _untraced = telemetry(os.environ)
wired = wire_survey(os.environ)
>>>>>>> heart


class SurveyFailedError(Exception):
    """CloudFront's distributions could not be listed; the text is what it said."""


@logger.inject_lambda_context
def handler(event: object, context: "LambdaContext") -> dict[str, Any]:
    """Survey once.

    Raises SurveyFailedError where CloudFront could not be asked, and TableUnavailable: Lambda counts the errors of a
    function for nothing, and an alarm watches them.
    """
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = wired.clock.now() + remaining
    wired.time_left.begin(remaining)
    summary = wired.survey.run(context.aws_request_id, deadline, asked=not is_scheduled(event))
<<<<<<< HEAD
    # Before the first complete survey nothing is known, which is no age.
    if summary.routes_age is not None:
        metrics.add_metric(Metric.ROUTES_AGE_SECONDS, MetricUnit.Seconds, round(summary.routes_age))
=======
>>>>>>> heart
    _log(summary)
    if summary.error:
        raise SurveyFailedError(summary.error)
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
    for target, causes in told["changes"].items():
        logger.info("routing changed", extra={"distribution": target, "causes": causes})
    for target, why in told["unread"].items():
        logger.error(
            "a distribution cannot be read; its routing of before goes on serving",
            extra={"distribution": target, "detail": why},
        )
