"""Names of buckets as people type them."""

import re
from collections import Counter
from collections.abc import Iterable

from bucket_subscription.errors import RefusedError

# S3 user guide, bucketnamingrules.
_RULE = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


def check_bucket_name(name: str) -> str:
    """Return the name. Raises RefusedError for one that no bucket can have."""
    if name.startswith(("arn:", "s3://")):
        raise RefusedError(f"{name!r} is no bucket name; give the bare name, without arn: or s3://")
    if name != name.lower():
        raise RefusedError(
            f"bucket name {name!r} holds capitals, which S3 does not allow; did you mean {name.lower()!r}?"
        )
    if not _RULE.fullmatch(name):
        raise RefusedError(
            f"{name!r} is no bucket name: 3 to 63 of a-z, 0-9, dots, hyphens and (in old names) underscores"
        )
    return name


def check_bucket_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names. Raises RefusedError for a name no bucket can have, and for one given twice."""
    checked = tuple(check_bucket_name(name) for name in names)
    twice = [name for name, times in Counter(checked).items() if times > 1]
    if twice:
        raise RefusedError(f"bucket {twice[0]!r} is named twice; name it once")
    return checked
