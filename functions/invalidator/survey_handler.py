"""The survey's entry: every minute, and whenever it is invoked, with any event. Returns what it did, as JSON.

The schedule's own event does a round only where one is due (parameter SurveyMinutes); any other asks for one now.
"""

import os
from typing import TYPE_CHECKING, Any

from invalidator.survey.summary import Outcome, Summary
from invalidator.telemetry import telemetry
from invalidator.wiring import wire_survey

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger, _metrics, _untraced = telemetry(os.environ)
wired = wire_survey(os.environ)


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
    _log(summary)
    if summary.error:
        raise SurveyFailedError(summary.error)
    return summary.as_json()


def is_scheduled(event: object) -> bool:
    """Whether it is the event of EventBridge's schedule [EventBridge user guide, scheduled events]."""
    return isinstance(event, dict) and event.get("source") in {"aws.events", "aws.scheduler"}


def _log(summary: Summary) -> None:
    if summary.outcome is Outcome.NOT_DUE:
        return
    told = summary.as_json()
    extra = {name: told[name] for name in ("outcome", "distributions", "asked", "left", "changed", "woken")}
    logger.info("surveyed", extra=extra)
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
