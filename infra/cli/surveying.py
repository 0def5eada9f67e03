"""Starts the stack's survey, and waits until it has come to its end."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.session import output
from invalidator.survey.summary import Outcome

# A survey of thousands of distributions takes some minutes, and goes on where its time ran out.
MOST_SECONDS = 600.0
# While another survey is at work, this one is asked for again after so long.
AGAIN_SECONDS = 3.0
# Longer than the survey's function runs.
ANSWER_SECONDS = 310
_Surveyed = TypeVar("_Surveyed")


def survey_to_its_end(deployed: Deployed) -> dict[str, Any]:
    """Start the survey and wait for its end; return its last answer, `woken` being that of all its rounds.

    Raises:
        CommandError: the survey cannot be started, fails, or does not end in ten minutes.
    """
    name = output(deployed.session, "SurveyFunctionName")
    give_up = time.monotonic() + MOST_SECONDS
    told = False
    woken = 0
    while True:
        answer = _survey(deployed, name)
        woken += answer.get("woken", 0)
        outcome = answer.get("outcome")
        if outcome == Outcome.COMPLETE:
            return {**answer, "woken": woken}
        if outcome == Outcome.FAILED:
            raise CommandError(f"CloudFront's distributions cannot be listed: {answer.get('error')}")
        if time.monotonic() > give_up:
            raise CommandError(
                f"the survey is not at its end yet ({outcome}); it goes on by itself, see: invalidator route list"
            )
        if outcome == Outcome.HELD:
            if not told:
                click.echo("note: another survey is at work; waiting for it", err=True)
                told = True
            time.sleep(AGAIN_SECONDS)


def or_why(survey: Callable[[], _Surveyed]) -> _Surveyed | str:
    """Do what surveys. Where no survey can be made now, return why: what it was for stands, and the next one comes."""
    try:
        return survey()
    except CommandError as error:
        return str(error)
    except (BotoCoreError, ClientError) as error:
        return explain_aws_error(error)


def _survey(deployed: Deployed, name: str) -> dict[str, Any]:
    """Run the survey's function once; return its answer."""
    from botocore.config import Config

    # Not tried again by the SDK: a second survey would only find the first at work.
    patient = Config(read_timeout=ANSWER_SECONDS, retries={"mode": "standard", "total_max_attempts": 1})
    client: Any = deployed.session.client("lambda", patient)
    answered = client.invoke(FunctionName=name, Payload=b"{}")
    payload = answered["Payload"].read()
    if "FunctionError" in answered:
        raise CommandError(
            f"the survey failed: {_why(payload)}; see its log, and invalidator status for the table"
        )
    answer: dict[str, Any] = json.loads(payload)
    return answer


def _why(payload: bytes) -> str:
    try:
        error = json.loads(payload)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return payload.decode(errors="replace")[:200]
