"""What a viewer is sent of an answer: nothing where it has it already, a part where it asks for one (RFC 9110 §13, 14).

CloudFront answers both from its cache [RequestAndResponseBehaviorS3Origin, "Conditional GETs"; RangeGETs].
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_OK, _PARTIAL, _NOT_MODIFIED, _NOT_SATISFIABLE = 200, 206, 304, 416
# One range; several, or what is none, are answered whole: CloudFront may do that too [RangeGETs].
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


class Sent(NamedTuple):
    """What is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def sent(method: str, asked: Mapping[str, str], status: int, headers: Mapping[str, str], body: bytes) -> Sent:
    """Return what is sent of an answer.

    Args:
        method: the viewer's.
        asked: the viewer's headers, by whatever case.
        status: of the answer; only a 200 to a GET or HEAD is anything but itself.
        headers: of the answer, in lower case.
        body: all of it.
    """
    if status != _OK or method not in {"GET", "HEAD"}:
        return Sent(status, headers, body)
    if _has_it(asked, headers):
        kept = {name: value for name, value in headers.items() if not name.startswith("content-")}
        return Sent(_NOT_MODIFIED, kept, b"")
    found = _RANGE.fullmatch(asked.get("Range", "").strip())
    if found is None or method != "GET" or not _is_same(asked, headers):
        return Sent(status, headers, body)
    size = len(body)
    if found[3] is not None:
        first, end = max(0, size - int(found[3])), size
    else:
        first, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
        if found[2] and int(found[2]) < first:
            return Sent(status, headers, body)  # no range: RFC 9110 §14.1.1
    if first >= end:
        return Sent(_NOT_SATISFIABLE, {**headers, "content-range": f"bytes */{size}"}, b"")
    part = {**headers, "content-range": f"bytes {first}-{end - 1}/{size}"}
    return Sent(_PARTIAL, part, body[first:end])


def _has_it(asked: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """If-None-Match goes before If-Modified-Since, which then does not count (RFC 9110 §13.2.2)."""
    if "If-None-Match" in asked:
        tags = [each.strip().removeprefix("W/") for each in asked["If-None-Match"].split(",")]
        return "*" in tags or headers.get("etag", "").removeprefix("W/") in set(tags) - {""}
    since, changed = _time(asked.get("If-Modified-Since")), _time(headers.get("last-modified"))
    return since is not None and changed is not None and changed <= since


def _is_same(asked: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether a part is still of what the viewer holds the rest of: If-Range, an ETag or a time."""
    held = asked.get("If-Range", "").strip()
    if not held or held.startswith(('"', "W/")):
        return not held or held == headers.get("etag")
    return _time(held) is not None and _time(held) == _time(headers.get("last-modified"))


def _time(text: str | None) -> datetime | None:
    """Read an HTTP date; None where there is none, or it cannot be read: it does not count then."""
    try:
        read = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
