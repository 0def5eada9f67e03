"""What an answer of the edge says of freshness: the rules."""

import hashlib
from dataclasses import replace
from email.utils import formatdate

import pytest

from infra.cli.verify.fetch import Fetched
from infra.cli.verify.judging import Known, Verdict, judge
from infra.cli.viewer.objects import Stored
from invalidator.core.sent import Sent

NOW = 1_795_000_000.0
NEW, OLD = b"new content", b"old content, and longer"


def md5(body):
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def seen(body=NEW, status=200, age=None, modified=NOW - 100, **headers):
    told = {
        "etag": f'"{md5(body)}"',
        "content-type": "text/html",
        "last-modified": formatdate(modified, usegmt=True),
    }
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    if age is not None:
        told["age"] = str(age)
    told = {name: value for name, value in told.items() if value}
    return Fetched(NOW, status, told, len(body), md5(body))


THERE = Stored(
    exists=True, modified=NOW - 100, etag=md5(NEW), size=len(NEW), headers={"content-type": "text/html"}
)
SENT = Sent("E1", "I1", NOW - 90, ("/*",))
KNOWN = Known("s3://site/a.html", THERE)
OLD_COPY = seen(OLD, age=500, modified=NOW - 900)


def test_the_same_content_and_headers_are_fresh():
    assert judge(seen(), KNOWN).verdict is Verdict.FRESH
    # Compression on the way weakens the ETag; a multipart upload's is no MD5.
    assert judge(seen(etag=f'W/"{md5(NEW)}"'), KNOWN).verdict is Verdict.FRESH
    multipart = replace(KNOWN, object=replace(THERE, etag="abc-2"))
    assert judge(seen(etag='"abc-2"'), multipart).verdict is Verdict.FRESH


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        (seen(OLD), "ETag"),
        (seen(OLD, etag=""), "length"),
        (replace(seen(), md5=md5(b"new c0ntent")), "content: MD5"),
        (seen(modified=NOW - 900), "last-modified"),
        (
            seen(modified=NOW - 900, content_type="text/plain"),
            "content-type: text/plain at the edge, text/html in S3",
        ),
    ],
)
def test_any_difference_of_an_older_copy_is_stale(answer, difference):
    judged = judge(answer, KNOWN)
    assert any(each.startswith(difference) for each in judged.differences)
    assert judged.verdict is Verdict.STALE


def test_headers_that_differ_on_the_same_version_were_set_on_the_way():
    judged = judge(seen(content_type="text/html; charset=utf-8"), KNOWN)
    assert judged.verdict is Verdict.UNSURE
    assert "response headers policy" in judged.fix


@pytest.mark.parametrize(
    ("known", "why", "fix"),
    [
        (KNOWN, "it was not invalidated since it changed", "invalidator send s3://site/a.html --yes"),
        (replace(KNOWN, clearing=SENT), "is still in progress", "invalidator wait s3://site/a.html"),
        (
            replace(KNOWN, clearing=SENT, completed=True),
            "I1 of 2026-11-18 11:05:10 UTC should have cleared it",
            "invalidator send 's3://site/a.html*' --yes",
        ),
        (
            replace(KNOWN, cached=False),
            "although caching is disabled there",
            "invalidator explain s3://site/a.html",
        ),
    ],
)
def test_a_stale_copy_says_which_invalidation_and_what_to_do(known, why, fix):
    judged = judge(OLD_COPY, known)
    assert judged.verdict is Verdict.STALE
    assert why in judged.why
    assert fix in judged.fix


def test_a_copy_fetched_after_the_invalidation_is_the_origins_fault():
    known = replace(KNOWN, clearing=SENT, completed=True)
    judged = judge(seen(OLD, age=30, modified=NOW - 900), known)
    assert "fetched 30 s ago, after invalidation I1" in judged.why
    assert "does a cache stand between?" in judged.fix


GONE = replace(KNOWN, object=Stored(exists=False))


@pytest.mark.parametrize(
    ("answer", "known", "verdict", "why"),
    [
        (seen(status=404), GONE, Verdict.FRESH, "is not there, and the edge says so (404)"),
        (seen(status=403), GONE, Verdict.FRESH, "(403)"),
        (OLD_COPY, GONE, Verdict.STALE, "is not there any more, and the edge shows it still"),
        (OLD_COPY, replace(GONE, error_pages=True), Verdict.UNSURE, "the distribution's page for that"),
        (seen(status=404), KNOWN, Verdict.STALE, "is there, and the edge says it is not (404)"),
        (seen(status=403), KNOWN, Verdict.UNSURE, "answers 403"),
        (seen(status=502), KNOWN, Verdict.UNSURE, "answers 502"),
        (seen(status=502), GONE, Verdict.UNSURE, "answers 502"),
        (seen(status=301, location="/docs/"), KNOWN, Verdict.UNSURE, "redirects to /docs/"),
        (seen(), replace(KNOWN, object=Stored(None, "S3 says 403")), Verdict.UNSURE, "S3 says 403"),
        (
            replace(
                seen(status=403),
                text="<Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter",
            ),
            KNOWN,
            Verdict.UNSURE,
            "signed URLs alone",
        ),
    ],
)
def test_what_is_not_200_or_not_there(answer, known, verdict, why):
    judged = judge(answer, known)
    assert judged.verdict is verdict
    assert why in judged.why
