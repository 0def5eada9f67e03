"""What S3 said of one change of an object: enough to judge later whether anything changed for viewers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of a key in a remembered bucket.

    Attributes:
        at: when S3 finished the request, epoch seconds by S3's clock.
        removed: whether the object was removed, by whomever.
        etag: the new content's ETag without quotes, "" where the event does not tell.
        sequencer: orders the events of one key (hex, the shorter padded with zeros on the left); "" for none.
        version: the version that was made or removed, "" where the bucket keeps none.
    """

    at: float
    removed: bool = False
    etag: str = ""
    sequencer: str = ""
    version: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What is the same for an event that S3 delivered twice, and for no other of its key."""
        return (self.sequencer,) if self.sequencer else (self.at, self.removed, self.etag, self.version)


def follows(sequencer: str, other: str) -> bool | None:
    """Whether the event with a sequencer came after the one with another; None where they do not tell.

    As hex, the shorter padded with zeros on the left [aws-behaviour.md, S3 event notifications].
    """
    try:
        return int(sequencer, 16) > int(other, 16) if sequencer and other else None
    except ValueError:
        return None
