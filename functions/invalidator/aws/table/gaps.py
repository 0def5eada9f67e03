"""The gaps in which a bucket's changes may have been lost, in DynamoDB, as the sweep reads them.

| pk | sk | holds |
| --- | --- | --- |
| `gaps` | bucket | as `bucket_subscription/wishes/wish_table.py` writes it: `since`, `noted`, `due`, `why`, `covered` |
"""

from invalidator.aws.table.dynamodb import DynamoDbTable, key, number
from invalidator.aws.table.packed_values import UNREADABLE
from invalidator.ports import Gap

GAPS = "gaps"


class GapTable:
    """The port `Gaps` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def open(self) -> list[Gap]:
        """Return those that are not covered; one that somebody edited into what is none is passed over."""
        found = []
        for item in self._table.items(GAPS):
            try:
                covered = float(item["covered"]["N"])
                gap = Gap(
                    item["sk"]["S"],
                    float(item["since"]["N"]),
                    float(item["due"]["N"]),
                    item["why"]["S"],
                )
            except UNREADABLE:
                continue
            if not covered:
                found.append(gap)
        return found

    def covered(self, gap: Gap, now: float) -> bool:
        """Note that a gap is covered; False where it has grown meanwhile: that is covered in its turn."""
        values = {":now": number(now), ":due": number(gap.due)}
        return (
            self._table.update(key(GAPS, gap.bucket), "SET #covered = :now", values, "#due = :due")
            is not None
        )
