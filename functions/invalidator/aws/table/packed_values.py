"""Values packed into one attribute of an item: JSON, compressed.

An attribute that another version wrote, or that somebody edited by hand, does not unpack; what then follows depends on
what it held.
"""

import hashlib
import json
import zlib
from typing import Any

from invalidator.aws.table.dynamodb import Item, place

# An item of 400 KB could hold 400 MB; no value of ours is so large, and what is not ours is not unpacked.
MOST_BYTES = 16 * 1024 * 1024
# What an item of another version, or one that was damaged, fails with when it is read.
UNREADABLE = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    zlib.error,
)


def packed(value: Any) -> Item:
    """Return a JSON value as a packed attribute. Keys of objects may hold what is no Unicode: it comes back."""
    return packed_bytes(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(*_ENCODING))


def packed_bytes(value: bytes) -> Item:
    """Return bytes as a packed attribute."""
    return {"B": zlib.compress(value)}


def unpacked(attribute: Item) -> Any:
    """Read what `packed` wrote. Raises one of `UNREADABLE`."""
    return json.loads(unpacked_bytes(attribute).decode(*_ENCODING))


def unpacked_bytes(attribute: Item) -> bytes:
    """Read what `packed_bytes` wrote. Raises one of `UNREADABLE`."""
    inflater = zlib.decompressobj()
    value = inflater.decompress(attribute["B"], MOST_BYTES)
    if not inflater.eof:
        # Half of it would name paths that were never sent, the last one cut off.
        raise ValueError("packed value is cut off, or too large")
    return value


def digest(*parts: bytes) -> str:
    """Return what an item's content is held against when it is read: of an edit by hand that reads well, nobody else
    would see that it was one.
    """
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def digest_at(item: Item, *parts: bytes) -> str:
    """Return that of an item's content and of where it stands: what is true of one may be wrong under another's key."""
    return digest("\n".join((*place(item), "")).encode(), *parts)


_ENCODING = ("utf-8", "surrogatepass")
