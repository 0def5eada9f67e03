"""Whether what the edge gave is what lies in S3 now, and why not. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

from infra.cli.printing import instant, span
from infra.cli.verify.fetch import Fetched
from infra.cli.viewer.objects import Stored
from invalidator.core.sent import Sent

_MD5 = re.compile(r"[0-9a-f]{32}")
_FOUND, _REDIRECTED, _REFUSED, _MISSING = 200, range(300, 400), 403, 404
# What CloudFront says where it wants a signature (CloudFront guide, "Using signed URLs"; its XML names the parameter).
_SIGNED = ("MissingKey", "Key-Pair-Id")


class Verdict(StrEnum):
    """What a viewer gets."""

    FRESH = "fresh"
    STALE = "stale"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a URL.

    Attributes:
        verdict: what a viewer gets.
        why: one sentence.
        fix: what to type or do, "" where nothing is to be done.
        differences: how the copy differs, a line each.
    """

    verdict: Verdict
    why: str
    fix: str = ""
    differences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the object behind a URL.

    Attributes:
        name: `s3://BUCKET/KEY`.
        object: as S3 has it now.
        clearing: the invalidation that should have cleared older copies; None where none was sent since it changed.
        completed: whether that one has completed.
        cached: whether the edge may keep it at all.
        error_pages: whether the distribution shows pages of its own in an error's place.
    """

    name: str
    object: Stored
    clearing: Sent | None = None
    completed: bool = False
    cached: bool = True
    error_pages: bool = False


def judge(seen: Fetched, known: Known) -> Judged:
    """Compare what the edge gave with what lies in S3."""
    doubt = _doubt(seen, known)
    if doubt is not None:
        return doubt
    if not known.object.exists:
        return _without_object(seen, known)
    return _compared(seen, known) if seen.status == _FOUND else _not_found(seen, known)


def _doubt(seen: Fetched, known: Known) -> Judged | None:
    """Why the two cannot be compared; None where they can."""
    if seen.status == _REFUSED and all(word in seen.text for word in _SIGNED):
        return Judged(
            Verdict.UNSURE,
            "the distribution answers signed URLs alone",
            "sign the URL (aws cloudfront sign), and verify it with its signature, in quotes",
        )
    if known.object.exists is None:
        return Judged(
            Verdict.UNSURE, f"what lies in S3 is not known: {known.object.why}", "allow s3:GetObject"
        )
    if seen.status in _REDIRECTED:
        where = seen.headers.get("location", "nowhere")
        return Judged(Verdict.UNSURE, f"it redirects to {where}", f"invalidator verify {where}")
    return None


def _compared(seen: Fetched, known: Known) -> Judged:
    content, others = tuple(_content(seen, known.object)), tuple(_headers(seen, known.object))
    if not content and not others:
        return Judged(Verdict.FRESH, f"the edge gives what {known.name} is now")
    if not content and _is_current(seen, known.object):
        return Judged(
            Verdict.UNSURE,
            f"the content is what {known.name} is now, but other headers come with it",
            "see whether a response headers policy or a function sets them",
            others,
        )
    return _stale(
        seen, known, f"the edge gives another version than {known.name} is now", (*content, *others)
    )


def _without_object(seen: Fetched, known: Known) -> Judged:
    if seen.status in {_REFUSED, _MISSING}:
        return Judged(Verdict.FRESH, f"{known.name} is not there, and the edge says so ({seen.status})")
    if seen.status == _FOUND and known.error_pages:
        return Judged(
            Verdict.UNSURE,
            f"{known.name} is not there; what comes may be the distribution's page for that",
            f"invalidator explain {known.name}",
        )
    if seen.status == _FOUND:
        return _stale(seen, known, f"{known.name} is not there any more, and the edge shows it still", ())
    return Judged(Verdict.UNSURE, f"the edge answers {seen.status}", "look at what it says: curl -i URL")


def _not_found(seen: Fetched, known: Known) -> Judged:
    if seen.status == _MISSING:
        return _stale(seen, known, f"{known.name} is there, and the edge says it is not (404)", ())
    if seen.status == _REFUSED:
        return Judged(
            Verdict.UNSURE,
            f"the edge answers 403 for {known.name}, which is there",
            "let the distribution read the bucket (origin access control), and see its functions and web ACL",
        )
    return Judged(Verdict.UNSURE, f"the edge answers {seen.status}", "look at what it says: curl -i URL")


def _content(seen: Fetched, stored: Stored) -> Iterator[str]:
    if seen.etag and seen.etag != stored.etag:
        yield f"ETag: {seen.etag} at the edge, {stored.etag} in S3"
    if seen.length != stored.size:
        yield f"length: {seen.length:,} bytes at the edge, {stored.size:,} in S3"
    elif _MD5.fullmatch(stored.etag) and seen.md5 != stored.etag:
        yield f"content: MD5 {seen.md5} at the edge, {stored.etag} in S3"


def _headers(seen: Fetched, stored: Stored) -> Iterator[str]:
    for name, value in stored.headers.items():
        theirs = seen.headers.get(name)
        if theirs != value:
            yield f"{name}: {'none' if theirs is None else theirs} at the edge, {value} in S3"
    if not _is_current(seen, stored):
        yield f"last-modified: {seen.headers.get('last-modified', 'none')} at the edge"


def _is_current(seen: Fetched, stored: Stored) -> bool:
    """Whether the copy is of the object as it was written last; S3 dates it to the second."""
    try:
        dated = parsedate_to_datetime(seen.headers["last-modified"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return True
    return stored.modified is None or int(dated) >= int(stored.modified)


def _stale(seen: Fetched, known: Known, what: str, differences: Sequence[str]) -> Judged:
    """Say why the edge has it still: the one of four that the copy's age and the invalidations tell."""
    sent = known.clearing
    if not known.cached:
        return Judged(
            Verdict.STALE,
            f"{what}, although caching is disabled there: a cache behind the edge, or another origin, answers",
            f"invalidator explain {known.name}",
            differences,
        )
    if sent is None:
        return Judged(
            Verdict.STALE,
            f"{what}; it was not invalidated since it changed",
            f"invalidator pending list; invalidator dlq explain; by hand: invalidator send {known.name} --yes",
            differences,
        )
    named = f"invalidation {sent.id} of {instant(sent.created)}"
    if not known.completed:
        return Judged(
            Verdict.STALE,
            f"{what}; {named} is still in progress",
            f"invalidator wait {known.name}",
            differences,
        )
    if seen.age is not None and seen.at - seen.age > sent.created:
        return Judged(
            Verdict.STALE,
            f"{what}; it was fetched {span(seen.age)} ago, after {named}: what the edge asks gives an old version",
            f"invalidator explain {known.name} (is this the bucket behind it? does a cache stand between?)",
            differences,
        )
    return Judged(
        Verdict.STALE,
        f"{what}; {named} should have cleared it, and did not: it is cached under a name that was not sent",
        f"purge all forms of it: invalidator send '{known.name}*' --yes; and see: invalidator explain {known.name}",
        differences,
    )
