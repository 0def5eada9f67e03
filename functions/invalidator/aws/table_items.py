"""The table's items: how each value of the worker's memory is written, and read again.

| pk | sk | holds |
| --- | --- | --- |
| `routes` | bucket | the bucket's distributions, packed; until when they count as fresh |
| `pins` | `BUCKET#DISTRIBUTION#…` | a pinned route |
| `sent#DISTRIBUTION` | creation time and id | an invalidation, its paths packed |
| `account#NAME` | | see `account_items` |

An item that an older or newer version wrote and this one cannot read counts as absent: it is learned again.
DynamoDB removes expired items late, so nothing relies on their being gone [aws-behaviour.md, DynamoDB].
"""

import json
import zlib
from dataclasses import asdict

from pydantic import TypeAdapter

from invalidator.aws.dynamodb_table import Item, key, number
from invalidator.core.packed_distribution import pack, unpack
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from invalidator.ports import StoredRoutes

DAY = 86_400
_validate_pin = TypeAdapter(Pin).validate_python
# A dead letter lives for 14 days; what covered its paths is remembered a little longer.
SENT_DAYS = 15
# A stale answer is better than none, for this long.
ROUTES_DAYS = 30
# 3,000 paths of 4,000 characters are below this, and so are the routes of one bucket; more is not ours, and is not
# unpacked: an item of 400 KB could hold 400 MB.
MOST_BYTES = 16 * 1024 * 1024
MOST_PATHS = 10_000
# What an item of another version, or one that was damaged, fails with when it is read.
UNREADABLE = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    zlib.error,
)


def routes_key(bucket: str) -> Item:
    """Return the key of who serves a bucket: all buckets in one partition, so that one query lists them."""
    return key("routes", bucket)


def routes_item(bucket: str, stored: StoredRoutes) -> Item:
    """Return the item that says who serves a bucket."""
    packed = zlib.compress(json.dumps([pack(each) for each in stored.distributions]).encode())
    return {
        **routes_key(bucket),
        "distributions": {"B": packed},
        "fresh_until": number(stored.fresh_until),
        "expires": number(int(stored.fresh_until) + ROUTES_DAYS * DAY),
    }


def read_routes(item: Item) -> StoredRoutes | None:
    """Read who serves a bucket; None where this version cannot."""
    try:
        packed = json.loads(_inflate(item["distributions"]["B"]))
        return StoredRoutes(tuple(unpack(each) for each in packed), float(item["fresh_until"]["N"]))
    except UNREADABLE:
        return None


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
    return {**pin_key(pin), "pin": {"S": json.dumps(plain)}} | (
        {"rendered": {"S": json.dumps(rendered)}} if any(rendered.values()) else {}
    )


def read_pin(item: Item) -> Pin | None:
    """Read a pin; None where it is none at all. What a later version wrote besides is left out."""
    try:
        pin = _validate_pin(
            json.loads(item["pin"]["S"]) | json.loads(item.get("rendered", {}).get("S", "{}"))
        )
    except UNREADABLE:
        return None
    return pin


def sent_partition(distribution: str) -> str:
    """Return where the invalidations of a distribution stand."""
    return f"sent#{distribution}"


def sent_sort_key(created: float, invalidation: str = "") -> str:
    """Return the sort key of an invalidation: its creation in milliseconds; as text it sorts as time."""
    # Rounded: cut off, 0.123 s would be written as 122 ms, read, and written the next time as 121 ms, another item.
    return f"{max(0, round(created * 1000)):015d}#{invalidation}"


def sent_key(sent: Sent) -> Item:
    """Return the key of a sent invalidation."""
    return key(sent_partition(sent.distribution), sent_sort_key(sent.created, sent.id))


def sent_item(sent: Sent) -> Item:
    """Return the item of a sent invalidation."""
    return {
        **sent_key(sent),
        "paths": {"B": zlib.compress("\n".join(sent.paths).encode())},
        "path_count": number(len(sent.paths)),
        "wildcard_count": number(sent.wildcards),
        "work": {"S": sent.work},
        "completed": {"BOOL": sent.completed},
        "expires": number(int(sent.created) + SENT_DAYS * DAY),
    }


def read_sent(distribution: str, item: Item) -> Sent | None:
    """Read a sent invalidation; None where this version cannot."""
    try:
        milliseconds, _, invalidation = item["sk"]["S"].partition("#")
        packed = _inflate(item["paths"]["B"])
        if packed.count(b"\n") >= MOST_PATHS:
            return None
        paths = tuple(packed.decode().split("\n"))
        return Sent(
            distribution,
            invalidation,
            int(milliseconds) / 1000,
            paths,
            item["work"]["S"],
            item["completed"]["BOOL"],
        )
    except UNREADABLE:
        return None


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    unpacked = inflater.decompress(packed, MOST_BYTES)
    if not inflater.eof:
        # Half of it would name paths that were never sent, the last one cut off.
        raise ValueError("packed value is cut off, or too large")
    return unpacked
