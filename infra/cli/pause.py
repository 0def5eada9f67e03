"""`invalidator pause` and `resume`: switch the worker's steps off and on.

The switches are the function's event source mappings: one hands the changes queue's messages to intake, which writes
what changed to the table; one hands wakes to the sender, which sends what is pending there.
"""

from enum import StrEnum
from typing import Any

import click

from infra.cli.errors import IN_PARTS, CommandError, explain_aws_error, interrupted_says
from infra.cli.printing import print_json, print_text, span
from infra.cli.session import Session, output, session_options


class Step(StrEnum):
    """A step of the worker."""

    INTAKE = "intake"
    SENDER = "sender"


def _only(command: Any) -> Any:
    return click.option(
        "--only",
        type=click.Choice([step.value for step in Step]),
        help="That step alone: intake reads the queue, the sender invalidates.  [default: both]",
    )(command)


@click.command(epilog="\b\nExamples:\n  invalidator pause\n  invalidator pause --only sender")
@session_options
@_only
def pause(session: Session, *, only: str | None) -> None:
    """Stop the worker, or one of its steps. What arrives is kept: invalidator resume.

    Without intake it stays on the queue, for 4 days. Without the sender it waits in the table, for 7 days; after
    GiveUpHours it is given up if it cannot be sent at once then.
    """
    _switch(session, only, on=False)


@click.command(epilog="\b\nExample:\n  invalidator resume")
@session_options
@_only
def resume(session: Session, *, only: str | None) -> None:
    """Let the worker go on, with all that arrived meanwhile."""
    _switch(session, only, on=True)


def _switch(session: Session, only: str | None, *, on: bool) -> None:
    mappings = event_source_mappings(session)
    wanted = [Step(only)] if only else list(Step)
    changed = [step for step in wanted if is_off(mappings[step]) is on]
    with interrupted_says(lambda: IN_PARTS):
        for step in changed:
            session.client("lambda").update_event_source_mapping(UUID=mappings[step]["UUID"], Enabled=on)
    paused = {step: not on if step in wanted else is_off(mappings[step]) for step in Step}
    if session.as_json:
        print_json({"paused": paused, "changed": changed})
        return
    was = "" if changed else "already "
    named = "The worker" if not only else "The intake" if Step(only) is Step.INTAKE else "The sender"
    if on:
        print_text(f"{named} is {was}on: within a minute it goes on with what waited.")
        for step in (step for step in Step if paused[step]):
            print_text(f"The {step} is still paused: invalidator resume")
        return
    print_text(
        f"{named} is {was}paused; Lambda needs up to a minute to stop reading, and finishes the batch that runs. "
        "Objects that change stay stale meanwhile. Go on with: invalidator resume"
    )
    if Step.INTAKE in wanted:
        print_text(f"What arrives stays on the queue{_kept_on_the_queue(session)}.")
    if Step.SENDER in wanted:
        print_text(f"What is pending waits in the table for {_kept_in_the_table(session)}.")


def _kept_on_the_queue(session: Session) -> str:
    """Say for how long the queue keeps a message, or why these credentials cannot tell."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        attributes: Any = session.client("sqs").get_queue_attributes(
            QueueUrl=output(session, "QueueUrl"), AttributeNames=["MessageRetentionPeriod"]
        )["Attributes"]
    except (BotoCoreError, ClientError) as error:
        return f" (for how long cannot be read: {explain_aws_error(error)})"
    return f" for {span(int(attributes['MessageRetentionPeriod']))}"


def _kept_in_the_table(session: Session) -> str:
    """Say for how long the table keeps what is pending, and when it is given up."""
    from infra.cli.deployed import Deployed, settings_or_why
    from invalidator.aws.table.dynamodb import DAY
    from invalidator.aws.table.logs import PENDING_DAYS

    settings = settings_or_why(Deployed(session))
    hours = "GiveUpHours" if isinstance(settings, str) else f"{settings.give_up_hours} h"
    return (
        f"{span(PENDING_DAYS * DAY)}; what is older than {hours} when the sender goes on, and cannot be sent at once "
        "then, goes to the dead-letter queue"
    )


OFF = ("Disabled", "Disabling")


def event_source_mappings(session: Session) -> dict[Step, Any]:
    """Return the mappings from the stack's queues to its function. Raises CommandError where one is missing."""
    name = output(session, "FunctionName")
    changes = output(session, "QueueArn")
    found = session.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    mappings = {Step.INTAKE if each["EventSourceArn"] == changes else Step.SENDER: each for each in found}
    for step in Step:
        if step not in mappings:
            raise CommandError(
                f"no event source mapping leads to the {step} of {name}; restore it with: make deploy"
            )
    return mappings


def is_off(mapping: Any) -> bool:
    """Tell whether a mapping is switched off, or about to be."""
    return mapping.get("State") in OFF
