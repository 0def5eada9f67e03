"""The names of those that something waits for, as people read and type them."""

from invalidator.core.pending.entry import UNKNOWN, bucket_of_owner


def waits_for(name: str) -> str:
    """Return an owner's name (`target:E1`, `bucket:my-site`, `unknown`) for people: "E1", "all of my-site"."""
    bucket = bucket_of_owner(name)
    if bucket is not None:
        return f"all of {bucket}"
    return "unknown buckets" if name == UNKNOWN else name.removeprefix("target:")
