"""How letters are sent again: in batches that SQS takes, and clean of what the worker wrote on them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from infra.cli.dlq.letters import OWN_ATTRIBUTES, DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10
# SQS takes 1 MiB for all entries of a batch together, attributes included [aws-behaviour.md, SQS and Lambda].
BATCH_BYTES = 1_048_576


def send_entry(number: int, letter: DeadLetter) -> "SendMessageBatchRequestEntryTypeDef":
    """Return the entry that sends a letter's body again.

    The worker's own attributes stay behind: they would tell of this failure when the message fails anew.
    """
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": letter.body}
    kept = _kept(letter)
    if kept:
        entry["MessageAttributes"] = kept
    return entry


def send_batches(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Yield letters in batches of at most ten that fit SQS's limit of bytes."""
    batch: list[DeadLetter] = []
    size = 0
    for letter in letters:
        weight = _weight(letter)
        if batch and (len(batch) == BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += weight
    if batch:
        yield batch


def _kept(letter: DeadLetter) -> dict[str, Any]:
    return {name: value for name, value in letter.attributes.items() if name not in OWN_ATTRIBUTES}


def _weight(letter: DeadLetter) -> int:
    weight = len(letter.body.encode("utf-8", "surrogatepass"))
    for name, value in _kept(letter).items():
        content = value.get("BinaryValue", b"") or value.get("StringValue", "").encode()
        weight += len(name.encode()) + len(value["DataType"]) + len(content)
    return weight
