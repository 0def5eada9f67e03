"""Reads a compact message back: the work that `backlog` wrote, and nothing that this worker never writes.

Whoever may send to the queue can forge one. It then does no more than a forged notification: paths are only those that
CloudFront takes (it refuses a batch for one bad path and does not say which, so a message full of them would hold up
its distribution with a call for each), and whatever is put back again still fits one message.
"""

import re
from collections.abc import Iterable, Mapping

from invalidator.core.messages.backlog import VERSION, KeyBacklog, PathBacklog
from invalidator.core.messages.change import LONGEST_BUCKET_NAME, LONGEST_KEY
from invalidator.core.messages.change_reading import decode_key
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import BacklogFields
from invalidator.core.reasons import Reason
from invalidator.core.routing.paths.encoding import LONGEST_PATH
from invalidator.core.routing.templates import is_tag

# A distribution's id has 14 characters or so.
LONGEST_DISTRIBUTION_ID = 64
# The buckets of one distribution's origins and pins.
MOST_BUCKETS = 1000
# Far more than the worker retries.
MOST_ATTEMPTS_TOLD = 1000
# What the encoding (`core/routing/paths`) and the coalescing leave, query string forms included.
_VIEWER_PATH = re.compile(r"/[!$%&-;=@-Z_a-z]*(?:\?\*)?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-F]{2})")


def read_backlog(message: BacklogFields, sent: float) -> MessageContent:
    """Read a compact message.

    Args:
        message: its fields; `invalidator`, the version, is among them.
        sent: when SQS took the message, epoch seconds: no change is younger.
    """
    version = message["invalidator"]
    if version != VERSION:
        return MessageContent(
            problem=Problem(Reason.UNSUPPORTED_VERSION, f"compact message of version {version}")
        )
    attempts, reason = min(max(0, message.get("attempts", 0)), MOST_ATTEMPTS_TOLD), message.get("reason", "")
    distribution, buckets, paths = (
        message.get("distribution", ""),
        message.get("buckets", ()),
        message.get("paths", {}),
    )
    bucket, keys = message.get("bucket", ""), message.get("keys", {})
    backlog: PathBacklog | KeyBacklog
    if distribution and buckets and paths:
        flaw = _flaw_of_head(distribution, buckets) or _flaw_of_paths(paths)
        backlog = PathBacklog(distribution, buckets, _believed(paths, sent), attempts, reason)
    elif bucket and keys:
        decoded = {decode_key(key): at for key, at in _believed(keys, sent).items()}
        flaw = _flaw_of_head("", (bucket,)) or _flaw_of_keys(decoded)
        backlog = KeyBacklog(bucket, decoded, attempts, reason)
    else:
        flaw = "compact message without distribution, buckets and paths, and without bucket and keys"
        return MessageContent(problem=Problem(Reason.BAD_RECORD, flaw))
    return (
        MessageContent(problem=Problem(Reason.BAD_RECORD, flaw)) if flaw else MessageContent(backlog=backlog)
    )


def _believed(times: Mapping[str, float], sent: float) -> dict[str, float]:
    """The times of changes, no younger than their message, no older than 1970; they may have waited long."""
    # In this order, a NaN counts as the youngest possible: it compares false with everything.
    return {name: max(0.0, min(sent, at)) for name, at in times.items()}


def _flaw_of_head(distribution: str, buckets: Iterable[str]) -> str:
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


def _flaw_of_paths(paths: Iterable[str]) -> str:
    """What is wrong with the viewer paths in a compact message; "" for nothing."""
    bad = next((path for path in paths if not _is_viewer_path(path)), None)
    return "" if bad is None else f"paths: {bad!a} is not a viewer path"


def _flaw_of_keys(keys: Iterable[str]) -> str:
    """What is wrong with the (decoded) keys in a compact message; "" for nothing."""
    bad = any(not key or len(key) > LONGEST_KEY for key in keys)
    return "keys: one is empty, or longer than any key" if bad else ""


def _is_viewer_path(path: str) -> bool:
    """Whether CloudFront takes it in an invalidation; a cache tag (`#tag`) stands among the paths."""
    if path.startswith("#"):
        return is_tag(path)
    if len(path) > LONGEST_PATH or _VIEWER_PATH.fullmatch(path) is None:
        return False
    return "%" not in path or _BROKEN_ESCAPE.search(path) is None
