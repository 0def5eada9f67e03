"""Dead letters as values: read from what SQS hands out, selected, grouped by reason. Nothing here asks AWS.

A dead letter is either a message as it came to the queue, with `Reason`, `Detail` and `MessageId` as attributes;
or a compact message (`invalidator.core.messages.backlog`) with `Reason`, `Detail`, `Distribution`, `Buckets`,
`Paths`; or a message that the queue's redrive policy moved, which says nothing of itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.cli.dlq.selection import known
from infra.cli.printing import iso
from invalidator.core.messages.backlog import PathBacklog
from invalidator.core.messages.reading import read_body
from invalidator.core.reasons import FIX, MEANING, Reason

# What the worker writes; the rest came with the message and is kept on a redrive.
OWN_ATTRIBUTES = frozenset({
    "Reason", "Detail", "MessageId", "Distribution", "Buckets", "Paths", "PathCount", "KeyCount",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message of the dead-letter queue.

    Attributes:
        id: SQS's message id.
        body: the text.
        sent: when SQS took it, epoch seconds. The redrive policy keeps the time of the first sending.
        reason: why it is here, a value of `Reason`, or what a newer version of the worker wrote.
        detail: what AWS or the reader said.
        buckets: the buckets it speaks of, sorted; none where it cannot be read.
        distribution: the distribution's id, "" where the letter speaks of keys.
        attributes: message attributes as SQS has them, name → {"DataType", "StringValue", …}.
    """

    id: str
    body: str
    sent: float
    reason: str
    detail: str = ""
    buckets: tuple[str, ...] = ()
    distribution: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """The dead letters of one reason, oldest first; never empty."""

    reason: str
    letters: tuple[DeadLetter, ...]

    @property
    def buckets(self) -> list[str]:
        """The buckets they speak of."""
        return sorted({bucket for letter in self.letters for bucket in letter.buckets})

    @property
    def distributions(self) -> list[str]:
        """The distributions they speak of."""
        return sorted({letter.distribution for letter in self.letters if letter.distribution})

    @property
    def meaning(self) -> str:
        """What the reason means."""
        reason = known(self.reason)
        return MEANING[reason] if reason else "This version does not know the reason."

    @property
    def fix(self) -> str:
        """What to do about it."""
        reason = known(self.reason)
        return FIX[reason] if reason else "Update the command line to the version that is deployed."


def read_letter(message: Mapping[str, Any]) -> DeadLetter:
    """Read one message as ReceiveMessage returns it, with all its attributes asked for."""
    attributes = message.get("MessageAttributes", {})
    system = message.get("Attributes", {})
    sent = int(system.get("SentTimestamp", "0")) / 1000
    reason = _text(attributes, "Reason")
    detail = _text(attributes, "Detail")
    # A redriven message keeps its attributes when the service moves it: what failed before does not tell why
    # the redrive policy moved it now.
    if not reason or "DeadLetterQueueSourceArn" in system:
        reason, detail = Reason.UNFINISHED.value, _undelivered(attributes)
    body = message["Body"]
    distribution, buckets = _about(body, sent)
    return DeadLetter(
        id=message["MessageId"],
        body=body,
        sent=sent,
        reason=reason,
        detail=detail,
        buckets=tuple(sorted(buckets)),
        distribution=distribution,
        attributes=attributes,
    )


def group(letters: Iterable[DeadLetter]) -> list[Group]:
    """Group dead letters by reason, the largest group first."""
    by_reason: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        by_reason.setdefault(letter.reason, []).append(letter)
    groups = [
        Group(reason, tuple(sorted(found, key=lambda each: (each.sent, each.id))))
        for reason, found in by_reason.items()
    ]
    return sorted(groups, key=lambda each: (-len(each.letters), each.reason))


def _about(body: str, sent: float) -> tuple[str, set[str]]:
    # Whether a new ACL is a change the worker's settings say; whose object it was it says by itself.
    reading = read_body(body, sent, acl_changes=True)
    if isinstance(reading.backlog, PathBacklog):
        return reading.backlog.distribution, set(reading.backlog.buckets)
    if reading.backlog is not None:
        return "", {reading.backlog.bucket}
    return "", {change.bucket for change in reading.changes}


def _undelivered(attributes: Mapping[str, Any]) -> str:
    """Why EventBridge wrote the letter, if it did (EventBridge guide, dead-letter queues: its message attributes)."""
    code, message = _text(attributes, "ERROR_CODE"), _text(attributes, "ERROR_MESSAGE")
    return f"EventBridge could not deliver it: {code} {message}".rstrip() if code else ""


def _text(attributes: Mapping[str, Any], name: str) -> str:
    return str(attributes.get(name, {}).get("StringValue", ""))


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
