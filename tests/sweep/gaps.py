"""The gaps of buckets' events, in memory."""

from dataclasses import replace

from invalidator.ports import Gap


class Gaps:
    """The port `Gaps` in memory."""

    def __init__(self, *gaps: Gap) -> None:
        self.kept = {gap.bucket: gap for gap in gaps}

    def open(self) -> list[Gap]:
        return [gap for gap in self.kept.values() if not gap.covered]

    def of(self, bucket: str) -> Gap | None:
        return self.kept.get(bucket)

    def covered(self, gap: Gap, now: float) -> bool:
        if self.kept.get(gap.bucket) != gap:
            return False
        self.kept[gap.bucket] = replace(gap, covered=now)
        return True
