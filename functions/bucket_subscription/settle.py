"""Changes one bucket's notification safely, although S3 has no way to say "only if it is still as I read it".

`PutBucketNotificationConfiguration` replaces everything and has no ETag. So: read, merge, show the
difference, read again, write, read back. What someone else changes before the second read is merged in. What they
change after our write is left alone, and if ours was lost by it, ours is written again. What remains is the moment
between the second read and the write, one round trip: S3 has nothing that could close it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bucket_subscription.bucket_notifications import BucketNotifications
from bucket_subscription.document import Document, difference, same
from bucket_subscription.errors import RejectedError, UnsettledError

Wanted = Callable[[Document], Document]
Show = Callable[[tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """Waiting up to a moment.

    Attributes:
        until: the moment, on `now`'s clock, in seconds.
        now: the clock.
        sleep: waits some seconds.
        pause: seconds between two tries.
    """

    until: float
    now: Callable[[], float]
    sleep: Callable[[float], None]
    pause: float = 1.0

    def again(self) -> bool:
        """Wait a pause and return True; return False at once where that would be too late."""
        if self.now() + self.pause > self.until:
            return False
        self.sleep(self.pause)
        return True


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change came to.

    Attributes:
        before: the document as first read.
        after: the document as last read; on a dry run, as it would be.
        lines: the difference that was shown last, one line an entry; empty where nothing needed a change.
        rejected: destinations of others that S3 could not validate, so it was told not to; else empty.
    """

    before: Document
    after: Document
    lines: tuple[str, ...]
    rejected: tuple[str, ...] = ()


@dataclass(slots=True)
class Settler:
    """One change of one bucket.

    Attributes:
        bucket: its name.
        wanted: gives the document as it should be, for any document; the same again for its own result.
        destination: our queue's ARN, which S3 validates on writing; None where there is nothing to validate.
        notifications: S3.
        patience: how long S3 and others may take to settle.
        show: is given the difference before it is written.
    """

    bucket: str
    wanted: Wanted
    destination: str | None
    notifications: BucketNotifications
    patience: Patience
    show: Show

    def look(self) -> Settled:
        """Show the difference and write nothing."""
        before = self.notifications.read(self.bucket)
        after = self.wanted(before)
        lines = difference(before, after)
        if lines:
            self.show(lines)
        return Settled(before, after, lines)

    def settle(self) -> Settled:
        """Make the bucket as wanted. Raises UnsettledError where it could not be seen to be so in time."""
        before = document = self.notifications.read(self.bucket)
        shown: tuple[str, ...] = ()
        rejected: tuple[str, ...] = ()
        while not same(target := self.wanted(document), document):
            lines = difference(document, target)
            if lines != shown:
                self.show(lines)
                shown = lines
            try:
                if same(self.notifications.read(self.bucket), document):
                    rejected = self._write(target)
                document = self._read_back()
            except (UnsettledError, RejectedError):
                # The write may have taken effect or not, and a queue's policy may take a minute to be seen
                # (SQS API reference, SetQueueAttributes): look again.
                if not self.patience.again():
                    raise
                document = self.notifications.read(self.bucket)
        return Settled(before, document, shown, rejected)

    def _write(self, target: Document) -> tuple[str, ...]:
        """Write, and return the destinations of others for which S3's validation had to be left out."""
        try:
            self.notifications.write(self.bucket, target, validate=self.destination is not None)
        except RejectedError as error:
            if not error.arns or self.destination in error.arns:
                raise
            # S3 validates everyone's destinations on each write; another's broken one must not stop us.
            self.notifications.write(self.bucket, target, validate=False)
            return error.arns
        return ()

    def _read_back(self) -> Document:
        """Return the document once it is as wanted, or as it stands when patience ends for this round."""
        document = self.notifications.read(self.bucket)
        if same(self.wanted(document), document):
            return document
        # S3 may show the old configuration for a moment, or someone wrote over ours.
        if not self.patience.again():
            raise UnsettledError(
                f"bucket {self.bucket!r}: its notification is not yet as written, perhaps because someone "
                "else is changing it; run it again",
            )
        return self.notifications.read(self.bucket)
