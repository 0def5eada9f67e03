"""The names of those that something waits for, as people read and type them."""

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
