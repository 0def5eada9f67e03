"""What people pinned, in DynamoDB.

| pk | sk | holds |
| --- | --- | --- |
| `pins` | bucket, distribution, OriginPath and prefix | a pinned route, as JSON |
"""

import json
from dataclasses import asdict
from dataclasses import fields as fields_of

from pydantic import TypeAdapter

from invalidator.aws.table.dynamodb import DynamoDbTable, Item, key, text
from invalidator.aws.table.packed_values import UNREADABLE
from invalidator.core.routing.pins import Pin
from invalidator.failures import UnreadablePin

_validate = TypeAdapter(Pin).validate_python
_FIELDS = {field.name for field in fields_of(Pin)}


class PinTable:
    """The pinned routes. Every method raises TableUnavailable where the table cannot be asked."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def pins(self) -> list[Pin]:
        """Return what people have pinned. Raises UnreadablePin."""
        return [read_pin(item) for item in self._table.items("pins")]

    def pin(self, pin: Pin) -> None:
        """Remember a pin; the same pin again replaces it."""
        self._table.put(pin_item(pin))

    def unpin(self, pin: Pin) -> None:
        """Forget a pin."""
        self._table.delete(pin_key(pin))


def pin_key(pin: Pin) -> Item:
    """Return the key of a pin: the same bucket, distribution, path and prefix are the same pin."""
    return key("pins", json.dumps([pin.bucket, pin.distribution, pin.origin_path, pin.prefix]))


def pin_item(pin: Pin) -> Item:
    """Return the item of a pin.

    What came after 0.1.0 stands beside what that version reads: rolled back, it would take a pin with a field that
    it does not know for none, and drop all its changes. Without these it takes every path for the bucket's.
    """
    plain = asdict(pin)
    rendered = {name: plain.pop(name) for name in ("templates", "tags")}
    item = {**pin_key(pin), "pin": text(json.dumps(plain))}
    return item | ({"rendered": text(json.dumps(rendered))} if any(rendered.values()) else {})


def read_pin(item: Item) -> Pin:
    """Read a pin. Raises UnreadablePin: left out, what it says would be invalidated no more, and nobody would know."""
    try:
        fields = json.loads(item["pin"]["S"]) | json.loads(item.get("rendered", {}).get("S", "{}"))
        unknown = fields.keys() - _FIELDS
        if unknown:
            raise UnreadablePin(item["sk"]["S"], f"{min(unknown)} is not known here")
        return _validate(fields)
    except UNREADABLE as error:
        raise UnreadablePin(item["sk"]["S"], str(error) or type(error).__name__) from error
