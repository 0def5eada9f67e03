"""What a compact message never holds if this worker wrote it.

Whoever may send to the queue can forge one. It then does no more than a forged notification: paths are only those that
CloudFront takes (it refuses a batch for one bad path and does not say which, so a message full of them would hold up
its distribution with a call for each), and whatever is put back again still fits one message.
"""

import re
from collections.abc import Iterable

from invalidator.core.path_encoding import LONGEST_PATH

# The oldest buckets' names are the longest [S3 user guide, bucket naming rules]; more is none, and fits no table key.
LONGEST_BUCKET_NAME = 255
# S3 user guide, object-keys: 1,024 bytes of UTF-8, so never more characters.
LONGEST_KEY = 1024
# A distribution's id has 14 characters or so.
LONGEST_DISTRIBUTION_ID = 64
# The buckets of one distribution's origins and pins.
MOST_BUCKETS = 1000
# Far more than the worker retries.
MOST_ATTEMPTS_TOLD = 1000
# What the encoding (path_encoding) and the coalescing leave, query string forms included.
_VIEWER_PATH = re.compile(r"/[!$%&-;=@-Z_a-z]*(?:\?\*)?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-F]{2})")


def flaw_of_head(distribution: str, buckets: Iterable[str]) -> str:
    """What is wrong with the names in a compact message; "" for nothing."""
    names = tuple(buckets)
    if len(names) > MOST_BUCKETS:
        return f"buckets: {len(names)} of them"
    if any(len(name) > LONGEST_BUCKET_NAME for name in names):
        return "compact message: a bucket's name is too long"
    if "" in names:
        return "compact message: a bucket's name is empty"
    if len(distribution) > LONGEST_DISTRIBUTION_ID:
        return "distribution: too long for an id"
    return ""


def flaw_of_paths(paths: Iterable[str]) -> str:
    """What is wrong with the viewer paths in a compact message; "" for nothing."""
    bad = next((path for path in paths if not _is_viewer_path(path)), None)
    return "" if bad is None else f"paths: {bad!a} is not a viewer path"


def flaw_of_keys(keys: Iterable[str]) -> str:
    """What is wrong with the (decoded) keys in a compact message; "" for nothing."""
    bad = any(not key or len(key) > LONGEST_KEY for key in keys)
    return "keys: one is empty, or longer than any key" if bad else ""


def _is_viewer_path(path: str) -> bool:
    if len(path) > LONGEST_PATH or _VIEWER_PATH.fullmatch(path) is None:
        return False
    return "%" not in path or _BROKEN_ESCAPE.search(path) is None
