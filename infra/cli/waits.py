"""Those that something waits for, and why, as people read and type them."""

import re

from invalidator.core.pending.entry import UNKNOWN, bucket_of_owner, memory_of_owner


def waits_for(name: str) -> str:
    """Return an owner's name for people: "E1" for `target:E1`, "all of my-site" for `bucket:my-site`, and so on."""
    bucket = bucket_of_owner(name)
    if bucket is not None:
        return f"all of {bucket}"
    remembered = memory_of_owner(name)
    if remembered is not None:
        return f"the memory of {remembered}"
    return "unknown buckets" if name == UNKNOWN else name.removeprefix("target:")


# What the SDK puts before AWS's own words: in a table's column nothing else would be left.
_REFUSED = re.compile(r"An error occurred \((\S+)\) when calling the (\w+) operation( \([^)]*\))?: ")


def in_short(reason: str) -> str:
    """Return why something waits, what matters first: "ServiceUnavailable by CreateInvalidation: try later"."""
    return _REFUSED.sub(r"\1 by \2: ", reason)
