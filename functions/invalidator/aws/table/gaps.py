"""The gaps in which a bucket's changes may have been lost, in DynamoDB, as the sweep reads them.

| pk | sk | holds |
| --- | --- | --- |
| `gaps` | bucket | as `bucket_subscription/wishes/wish_table.py` writes it: `since`, `noted`, `due`, `why`, `covered` |
"""

from invalidator.aws.table.dynamodb import DynamoDbTable, Item, key, number, place, text
from invalidator.aws.table.packed_values import UNREADABLE
from invalidator.ports import Gap

GAPS = "gaps"


class GapTable:
    """The port `Gaps` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def open(self) -> list[Gap]:
        """Return those that are not covered; one that somebody edited into what is none is due, and is covered."""
        gaps = (_read(item) for item in self._table.items(GAPS))
        return [gap for gap in gaps if not gap.covered]

    def of(self, bucket: str) -> Gap | None:
        """Return the newest gap of a bucket; None where it has none."""
        asked = key(GAPS, bucket)
        item = self._table.get([asked]).get(place(asked))
        return None if item is None else _read(item)

    def covered(self, gap: Gap, now: float) -> bool:
        """Note that a gap is covered; False where it has grown meanwhile: that is covered in its turn."""
        values = {
            ":now": number(now),
            ":due": number(gap.due),
            ":since": number(gap.since),
            ":why": text(gap.why),
            ":number": text("N"),
        }
        return (
            self._table.update(
                key(GAPS, gap.bucket),
                "SET #covered = :now, #due = :due, #since = :since, #why = :why",
                values,
                "#due = :due OR NOT attribute_type(#due, :number)",
            )
            is not None
        )


def _read(item: Item) -> Gap:
    since, due, covered = (_time(item, name) for name in ("since", "due", "covered"))
    why = item.get("why", {}).get("S", "a gap was noted that somebody edited by hand")
    return Gap(item["sk"]["S"], since, due, why, covered)


def _time(item: Item, name: str) -> float:
    try:
        return float(item[name]["N"])
    except UNREADABLE:
        return 0.0
