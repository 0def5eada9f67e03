"""The switch of the worker: the event source mapping, which hands the queue's messages to the function."""

from typing import Any

from infra.cli.errors import CommandError
from infra.cli.session import Session, output

OFF = ("Disabled", "Disabling")


def mapping_of(session: Session) -> Any:
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
