"""Which invalidation batches CloudFront refuses for their paths.

From [aws-behaviour.md, CloudFront invalidations, Paths] and the page it cites,
invalidation-specifying-objects.
What CloudFront accepts without effect, an over-encoded path or `%7E`, is accepted here too: a stand-in that
refused it would hide the worst mistake there is, a paid invalidation that removes nothing.
"""

import re
from collections.abc import Sequence

from infra.local.cloudfront.quotas import Refusal

LONGEST_PATH = 4000
# Printable ASCII but RFC 1738's unsafe characters; of those, `%` may stand at the head of an encoded byte.
_PATH = re.compile(r'/(?:[^\x00-\x20\x7f-\U0010ffff<>"#%{}|\\^~\[\]`]|%[0-9A-Fa-f]{2})*')


def refusal_of_paths(paths: Sequence[str], quantity: int) -> Refusal | None:
    """Return why CloudFront refuses these items, or None.

    As with CloudFront, the message never says which path is bad, and one bad path refuses the whole batch. A
    `*` that is not the last character is a literal and no fault; an item that starts with `#` is a cache tag.

    Args:
        paths: the items as they stand in the request.
        quantity: the request's Quantity.
    """
    if quantity != len(paths):
        return Refusal(
            "InconsistentQuantities", "The value of Quantity and the size of Items don't match.", 400
        )
    if not paths:
        return Refusal("InvalidArgument", "Your request must contain at least one invalidation path.", 400)
    if not all(_is_tag(path) or _is_path(path) for path in paths):
        return Refusal(
            "InvalidArgument", "Your request contains one or more invalid invalidation paths.", 400
        )
    return None


def _is_tag(item: str) -> bool:
    return item.startswith("#") and len(item) > 1


def _is_path(item: str) -> bool:
    return len(item) <= LONGEST_PATH and _PATH.fullmatch(item) is not None
