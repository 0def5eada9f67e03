"""`invalidator verify`: looks up each URL, fetches it, and says what a viewer gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import NOT_EMPTY, PARTLY_DONE, CommandError
from infra.cli.keys.explain_url import Behind, Explained, look_up
from infra.cli.keys.source import Source
from infra.cli.printing import instant, iso, print_json, print_text, span, visible
from infra.cli.session import Session
from infra.cli.verify.fetch import Fetched, fetch
from infra.cli.verify.judging import Judged, Known, Verdict, judge
from infra.cli.viewer.objects import Stored
from infra.cli.viewer.url import ViewerUrl, read_url
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.core.sent import Sent

_FROM_THE_STACK = Source((), (), None)


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of a URL.

    Attributes:
        url: the URL.
        judged: the verdict.
        explained: whose it is, None where nobody answers for it.
        seen: what the edge gave, None where it did not answer.
        known: what is known of the object, None likewise.
    """

    url: ViewerUrl
    judged: Judged
    explained: Explained | None = None
    seen: Fetched | None = None
    known: Known | None = None


def verify_urls(session: Session, texts: Sequence[str], edge: str | None) -> int:
    """Verify them one after the other; return the exit code."""
    urls = [read_url(text) for text in texts]
    done = []
    for url in urls:
        done.append(_verify(session, url, edge))
        if not session.as_json:
            if len(done) > 1:
                click.echo()
            _print(done[-1])
    if session.as_json:
        print_json({"results": [_document(each) for each in done]})
    verdicts = {each.judged.verdict for each in done}
    if Verdict.STALE in verdicts:
        return NOT_EMPTY
    return PARTLY_DONE if Verdict.UNSURE in verdicts else 0


def _verify(session: Session, url: ViewerUrl, edge: str | None) -> Verified:
    try:
        explained = look_up(session, url, _FROM_THE_STACK)
    except CommandError as error:
        return Verified(url, Judged(Verdict.UNSURE, str(error), f"invalidator explain '{visible(url.text)}'"))
    named = explained.answering.named
    # A distribution that was named by its id answers to its domain name.
    host = named.domain if url.host.upper() == named.id.upper() and named.domain else url.host
    try:
        seen = fetch(url, host, edge)
    except CommandError as error:
        return Verified(
            url, Judged(Verdict.UNSURE, str(error), "check the network, and the name at your DNS"), explained
        )
    known = _known(session, explained)
    if known is None:
        why = "no object of S3 is known to be behind it"
        return Verified(
            url, Judged(Verdict.UNSURE, why, f"invalidator explain '{visible(url.text)}'"), explained, seen
        )
    return Verified(url, judge(seen, known), explained, seen, known)


def _known(session: Session, explained: Explained) -> Known | None:
    """The object behind the URL: the likeliest that is there; where none is, the likeliest."""
    if explained.way is None or not explained.keys:
        return None
    there = next((each for each in explained.keys if each.object is not None and each.object.exists), None)
    chosen = there or next(
        (each for each in explained.keys if each.object and each.object.exists is None), None
    )
    behind = chosen or explained.keys[0]
    clearing = _clearing(behind, explained)
    return Known(
        f"s3://{behind.candidate.bucket}/{behind.candidate.key}",
        behind.object or Stored(None, "S3 was not asked"),
        clearing,
        clearing is not None and _has_completed(session, explained, clearing),
        cached=bool(behind.candidate.sent),
        error_pages=any(route.error_pages for route in explained.answering.named.routes),
    )


def _clearing(behind: Behind, explained: Explained) -> Sent | None:
    """The invalidation that should have cleared copies from before the last change."""
    if behind.fresh is None or behind.object is None:
        return None
    if behind.object.modified is None:
        return explained.sent[0] if explained.sent else None
    return behind.fresh.oldest if behind.fresh.fresh else None


def _has_completed(session: Session, explained: Explained, sent: Sent) -> bool:
    if sent.completed:
        return True
    cloudfront = CloudFrontInvalidations(Deployed(session).cloudfront_clients)
    with one_line():
        return cloudfront.completed(sent.distribution, sent.id, explained.answering.named.role)


def _document(done: Verified) -> dict[str, Any]:
    seen, known, judged = done.seen, done.known, done.judged
    sent = known.clearing if known is not None else None
    return {
        "url": done.url.text,
        "verdict": judged.verdict,
        "why": judged.why,
        "fix": judged.fix or None,
        "differences": list(judged.differences),
        "distribution": None if done.explained is None else done.explained.answering.named.id,
        "object": None if known is None else known.name,
        "last_modified": None
        if known is None or known.object.modified is None
        else iso(known.object.modified),
        "status": None if seen is None else seen.status,
        "age_seconds": None if seen is None else seen.age,
        "x_cache": None if seen is None else seen.headers.get("x-cache"),
        "edge": None if seen is None else seen.headers.get("x-amz-cf-pop"),
        "cleared_by": None
        if sent is None
        else {
            "id": sent.id,
            "created": iso(sent.created),
            "completed": known is not None and known.completed,
        },
    }


def _print(done: Verified) -> None:
    seen, known = done.seen, done.known
    click.echo(visible(done.url.text))
    print_text(f"{done.judged.verdict}: {done.judged.why}")
    for line in done.judged.differences:
        print_text(line, "  ")
    if seen is not None:
        parts = [f"status {seen.status}"]
        parts += [seen.headers[name] for name in ("x-cache", "x-amz-cf-pop") if name in seen.headers]
        if seen.age is not None:
            parts.append(f"at the edge for {span(seen.age)}")
        print_text(", ".join(parts), "  ")
    if known is not None and known.object.modified is not None:
        print_text(f"{known.name} changed {instant(known.object.modified)}", "  ")
    if known is not None and known.clearing is not None:
        state = "completed" if known.completed else "in progress"
        print_text(f"cleared by {known.clearing.id} of {instant(known.clearing.created)}, {state}", "  ")
    if done.judged.fix:
        print_text(f"fix: {done.judged.fix}", "  ")
