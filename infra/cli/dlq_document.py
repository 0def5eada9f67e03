"""What JSON says of a dead letter."""

from typing import Any

from infra.cli.dlq.letters import DeadLetter
from infra.cli.times import iso


def letter_document(letter: DeadLetter, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a letter's document, with its attributes in the form that the command shows them in."""
    return {
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "sent": iso(letter.sent),
        "buckets": list(letter.buckets),
        "distribution": letter.distribution or None,
        "attributes": attributes,
        "body": letter.body,
    }
