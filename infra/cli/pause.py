"""`invalidator pause` and `resume`: switch the worker off and on.

The switch is the event source mapping, which hands the queue's messages to the function.
"""

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import print_json, print_text, span
from infra.cli.session import Session, output, session_options


@click.command(epilog="\b\nExample:\n  invalidator pause")
@session_options
def pause(session: Session) -> None:
    """Stop the worker. The queue keeps what arrives, for 4 days: invalidator resume."""
    _switch(session, on=False)


@click.command(epilog="\b\nExample:\n  invalidator resume")
@session_options
def resume(session: Session) -> None:
    """Let the worker go on, with all that arrived meanwhile."""
    _switch(session, on=True)


def _switch(session: Session, *, on: bool) -> None:
    mapping = event_source_mapping(session)
    already = is_off(mapping) is not on
    if not already:
        session.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
    if session.as_json:
        print_json({"paused": not on, "changed": not already})
        return
    was = "already " if already else ""
    if on:
        print_text(
            f"The worker is {was}on: within a minute it takes what waited, coalesced with what arrives."
        )
        return
    print_text(
        f"The worker is {was}paused; Lambda needs up to a minute to stop reading, and finishes the batch that "
        "runs. What arrives stays in the queue"
        f"{_kept(session)}, and its objects stay stale. Go on with: invalidator resume"
    )


def _kept(session: Session) -> str:
    """Say for how long the queue keeps a message; nothing where these credentials may not ask."""
    try:
        attributes: Any = session.client("sqs").get_queue_attributes(
            QueueUrl=output(session, "QueueUrl"), AttributeNames=["MessageRetentionPeriod"]
        )["Attributes"]
    except (BotoCoreError, ClientError) as error:
        return f" (for how long cannot be read: {explain_aws_error(error)})"
    return f" for {span(int(attributes['MessageRetentionPeriod']))}"


OFF = ("Disabled", "Disabling")


def event_source_mapping(session: Session) -> Any:
    """Return the mapping from the stack's queue to its function. Raises CommandError where there is none."""
    name = output(session, "FunctionName")
    found = session.client("lambda").list_event_source_mappings(
        FunctionName=name, EventSourceArn=output(session, "QueueArn")
    )["EventSourceMappings"]
    if not found:
        raise CommandError(
            f"no event source mapping leads from the queue to {name}; restore it with: make deploy"
        )
    return found[0]


def is_off(mapping: Any) -> bool:
    """Tell whether a mapping is switched off, or about to be."""
    return mapping.get("State") in OFF
