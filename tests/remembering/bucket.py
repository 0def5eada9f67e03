"""A bucket as S3 keeps it, with its events; written from S3's documentation and not from the judge."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from invalidator.core.messages.change import Change, ChangeKind
from invalidator.core.remembering.head import Absent, Seen
from invalidator.failures import Failure


@dataclass(frozen=True)
class Stored:
    """An object: its bytes, its headers, and what S3 says of it.

    `modified` is when its upload began, to the microsecond; S3 tells whole seconds.
    """

    content: str
    headers: str
    modified: float
    etag: str
    version: str = ""
    checksum: str = ""
    archived: bool = False


@dataclass
class Bucket:
    """One bucket; by default it keeps no versions."""

    now: Callable[[], float]
    name: str = "site"
    versioned: bool = False
    objects: dict[str, Stored] = field(default_factory=dict)
    events: list[Change] = field(default_factory=list)
    count: int = 0
    asked: list[str] = field(default_factory=list)
    refuses: Callable[[str], Failure | None] = lambda _key: None
    page_size: int = 1000

    def put(
        self,
        key: str,
        content: str,
        headers: str = "text/html",
        *,
        multipart: bool = False,
        kms: bool = False,
        began: float | None = None,
    ) -> Change:
        """Write an object; the event is kept, and returned."""
        self.count += 1
        etag = f"etag-of-{content}".replace("-", "_")
        if multipart:
            etag += "-2"
        if kms:
            etag = f"kms_{self.count}"
        version = f"v{self.count}" if self.versioned else ""
        at = self.now()
        self.objects[key] = Stored(
            content,
            headers,
            at if began is None else began,
            etag,
            version,
            f"crc64nvme:{content}" if kms else "",
        )
        return self._told(Change(self.name, key, at, ChangeKind.CREATED, etag, 1, self._sequencer(), version))

    def delete(self, key: str) -> Change:
        """Remove an object."""
        self.count += 1
        self.objects.pop(key, None)
        return self._told(Change(self.name, key, self.now(), ChangeKind.REMOVED, sequencer=self._sequencer()))

    def heads(self, _bucket: str, keys: Iterable[str]) -> Iterator[tuple[str, Seen | Absent | Failure]]:
        for key in keys:
            self.asked.append(key)
            yield key, self.refuses(key) or self._head(key)

    def page(self, _bucket: str, after: str) -> tuple[list[str], bool]:
        left = sorted(key for key in self.objects if key > after)
        return left[: self.page_size], len(left) > self.page_size

    def _head(self, key: str) -> Seen | Absent:
        date = int(self.now())
        stored = self.objects.get(key)
        if stored is None:
            return Absent(date)
        return Seen(
            date,
            int(stored.modified),
            stored.etag,
            len(stored.content),
            stored.headers,
            stored.checksum,
            stored.version,
            stored.archived,
        )

    def _sequencer(self) -> str:
        return f"{0x0055AED6DCD90281 + self.count:018X}"

    def _told(self, change: Change) -> Change:
        self.events.append(change)
        return change
