"""Which invalidations others were told to have completed, in DynamoDB; only where a stack has a bus.

| pk | sk | holds |
| --- | --- | --- |
| `told` | creation time and id of the invalidation | `expires` |
"""

from invalidator.aws.table.dynamodb import DAY, DynamoDbTable, key, number
from invalidator.aws.table.sent_items import sent_sort_key
from invalidator.core.sent import Sent

TOLD = "told"


class ToldTable:
    """The port `Told` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def since(self, created: float) -> set[str]:
        """Return the ids of those created at or after a time (epoch seconds). Raises TableUnavailable."""
        pages = self._table.pages(TOLD, since=sent_sort_key(created))
        return {item["sk"]["S"].partition("#")[2] for page in pages for item in page}

    def mark(self, sent: Sent) -> None:
        """Note that others were told. Raises TableUnavailable."""
        expires = number(int(sent.created) + DAY)
        self._table.put(key(TOLD, sent_sort_key(sent.created, sent.id)) | {"expires": expires})
