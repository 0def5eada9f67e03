"""What an operator and a CI job type, on the deployed stack: change or send, then wait, and all of it is fresh."""

import time

import pytest

from infra.demo.proof import uncovered
from tests.system import site
from tests.system.conftest import DIRECT
from tests.system.stack import invalidator, paths_sent, until

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

# The local S3 tells at once.
WAIT = ("--settle", "1", "--timeout", "60")


@pytest.fixture(scope="module")
def distribution(stack):
    made = site.make_distribution(stack.aws, DIRECT, "/desk")
    invalidator(stack.aws, "route", "refresh")
    return made


def test_when_wait_returns_what_was_uploaded_before_is_fresh(stack, distribution):
    changes = site.upload(stack.aws.client("s3"), DIRECT, [f"desk/a/{number}.html" for number in range(20)])
    waited = invalidator(stack.aws, "wait", f"s3://{DIRECT}/desk/", *WAIT)
    assert not uncovered(changes, {distribution: "/desk"}, stack.aws.gate.seen)
    assert waited["done"]
    mine = [each for each in waited["invalidations"] if each["distribution"] == distribution]
    assert mine
    assert all(each["completed"] for each in mine)


def test_what_is_sent_by_hand_goes_the_workers_way_and_is_waited_for(stack, distribution):
    invalidator(stack.aws, "wait", f"s3://{DIRECT}", *WAIT)
    before = len(paths_sent(stack.aws, distribution))
    asked = (f"s3://{DIRECT}/desk/docs/", f"s3://{DIRECT}/desk/index.html")
    shown = invalidator(stack.aws, "send", *asked)
    assert shown["dry_run"]
    assert len(paths_sent(stack.aws, distribution)) == before
    at = time.time()
    sent = invalidator(stack.aws, "send", *asked, "--yes")
    invalidator(stack.aws, "wait", f"s3://{DIRECT}/desk/", *WAIT)
    planned = next(each["paths"] for each in sent["distributions"] if each["id"] == distribution)
    assert (
        sorted(paths_sent(stack.aws, distribution)[before:])
        == sorted(planned)
        == ["/", "/docs", "/docs/*", "/index.html"]
    )
    assert all(each.at >= at for each in stack.aws.gate.invalidations[-1:])


def test_a_viewers_url_leads_to_the_key_and_the_invalidation(stack, distribution):
    site.put(stack.aws.client("s3"), DIRECT, "desk/shown/index.html")
    invalidator(stack.aws, "wait", f"s3://{DIRECT}/desk/shown/", *WAIT)
    found = until(
        lambda: invalidator(stack.aws, "explain", f"https://{distribution}/shown/?x=1"), 5, "it is explained"
    )
    key = found["keys"][0]
    assert (key["bucket"], key["key"], key["state"]) == (DIRECT, "desk/shown/index.html", "covered")
    assert found["invalidations"][0]["completed"] in {True, False}


def test_verify_sees_what_the_edge_gives_and_when_it_is_fresh_again(stack, distribution):
    """The edge keeps the first version; the second lies in S3 before anybody invalidates."""
    s3 = stack.aws.client("s3")
    s3.put_object(Bucket=DIRECT, Key="desk/v.html", Body=b"first", ContentType="text/html")
    invalidator(stack.aws, "wait", f"s3://{DIRECT}/desk/", *WAIT)
    edge = ("--edge", stack.aws.edge.endpoint)
    url = f"https://{distribution}/v.html"
    assert invalidator(stack.aws, "verify", url, *edge)["results"][0]["verdict"] == "fresh"
    invalidator(stack.aws, "pause", "--only", "sender")
    try:
        s3.put_object(Bucket=DIRECT, Key="desk/v.html", Body=b"the second", ContentType="text/html")
        (stale,) = invalidator(stack.aws, "verify", url, *edge, expect=3)["results"]
        assert (stale["verdict"], stale["object"]) == ("stale", f"s3://{DIRECT}/desk/v.html")
        assert stale["x_cache"] == "Hit from cloudfront"
        assert "length: 5 bytes at the edge, 10 in S3" in stale["differences"]
        assert "it was not invalidated since it changed" in stale["why"]
    finally:
        invalidator(stack.aws, "resume")
    invalidator(stack.aws, "wait", f"s3://{DIRECT}/desk/v.html", *WAIT)
    fresh = until(
        lambda: invalidator(stack.aws, "verify", url, *edge, expect=None)["results"][0]["verdict"] == "fresh",
        20,
        "the edge has it",
    )
    assert fresh


def test_check_finds_nothing_wrong_on_a_stack_as_it_was_deployed(stack):
    found = invalidator(stack.aws, "check", expect=None)["findings"]
    # The emulator keeps neither point-in-time recovery nor Lambda's metrics as AWS does.
    told = {each["part"]: [] for each in found}
    for each in found:
        told[each["part"]].append((each["state"], each["text"]))
    assert told["functions"][0] == ("ok", "the worker starts")
    for part in ("stack", "event sources", "queues", "rule"):
        assert {state for state, _ in told[part]} == {"ok"}, told[part]
