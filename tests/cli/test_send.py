"""`invalidator send`: what is put on the worker's queue is what the worker would have been told by S3."""

import time

import boto3
import pytest

from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.intake.inbox import read
from invalidator.ports import Message
from tests.cli.made_distributions import config, create

SITE = "site.s3.eu-west-1.amazonaws.com"


@pytest.fixture
def served(deployed_desk):
    """A bucket with two distributions, one of a part of it; the desk, and their ids."""
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="site", Key="docs/a.html", Body=b"x")
    whole, docs = create(config(SITE, root="index.html")), create(config(SITE, path="/docs"))
    deployed_desk.stored.survey()
    return deployed_desk, whole, docs


def handed_over(desk):
    """What intake reads of the messages on the queue, received now: (keys by bucket, paths by distribution)."""
    now = time.time()
    inbox = read([Message(str(at), body, now) for at, body in enumerate(desk.sqs.bodies(desk.queue))])
    assert not inbox.unreadable
    times = [*(backlog.keys for _, backlog in inbox.keys), *(backlog.paths for _, backlog in inbox.paths)]
    assert all(set(each.values()) == {now} for each in times), "as old as SQS says that the message is"
    keys = {backlog.bucket: sorted(backlog.keys) for _, backlog in inbox.keys}
    return keys, {backlog.distribution: sorted(backlog.paths) for _, backlog in inbox.paths}


def test_without_yes_the_price_is_shown_and_nothing_sent(served):
    desk, whole, docs = served
    desk.stored.accounts.count(OWN_ACCOUNT, 999, time.time(), 0)
    answer = desk.run("send", "s3://site/docs/", "--json")
    assert answer.code == 0, answer.err
    # With a path left of the budget the worker would send one wildcard where two paths would do.
    assert {each["id"]: each["paths"] for each in answer.data["distributions"]} == {
        whole: ["/docs*"],
        docs: ["/*"],
    }
    assert (answer.data["paths"], answer.data["cost_usd"], answer.data["paths_this_month"]) == (2, 0.005, 999)
    assert (answer.data["dry_run"], answer.data["messages"]) == (True, 0)
    assert "Dry run: nothing was sent" in answer.err
    assert desk.sqs.bodies(desk.queue) == []
    for_people = desk.run("send", "s3://site/docs/").out
    assert "2 paths: $0.005 (999 of this month's 1,000 free ones are used)" in for_people
    assert max(map(len, for_people.splitlines())) <= 80


def test_a_key_goes_as_a_key_and_a_prefix_as_what_covers_it(served):
    desk, whole, _ = served
    answer = desk.run("send", "s3://site/docs/a.html", "s3://site/img/", "s3://site/js/app*", "--yes")
    assert answer.code == 0, answer.err
    assert handed_over(desk) == ({"site": ["docs/a.html"]}, {whole: ["/img", "/img/*", "/js/app*"]})
    assert "When it is done, this returns" in answer.out
    assert answer.out.endswith("\n  invalidator wait\n")


def test_a_bucket_alone_is_all_that_leads_to_it(served):
    desk, whole, docs = served
    answer = desk.run("send", "s3://site", "--yes")
    assert answer.code == 0
    assert answer.out.endswith("\n  invalidator wait s3://site/\n")
    assert handed_over(desk) == ({}, {whole: ["/*"], docs: ["/*"]})


def test_a_key_that_is_not_there_is_sent_and_the_slip_is_named(served):
    desk, *_ = served
    answer = desk.run("send", "s3://site/docs", "--yes")
    assert answer.code == 0, answer.err
    assert (
        "there is no object s3://site/docs now; if you mean all that begins so, write s3://site/docs/"
        in answer.err
    )
    assert handed_over(desk)[0] == {"site": ["docs"]}


def test_a_message_holds_no_more_than_sqs_takes(served):
    desk, *_ = served
    keys = [f"s3://site/{'k' * 900}/{number}" for number in range(1500)]
    assert desk.run("send", *keys, "--yes", "--json").data["messages"] == 2
    assert max(map(len, desk.sqs.bodies(desk.queue))) <= 1_000_000
    inbox = read([Message("m", body, time.time()) for body in desk.sqs.bodies(desk.queue)])
    assert sum(len(backlog.keys) for _, backlog in inbox.keys) == 1500


def test_what_nobody_serves_is_an_error_and_beside_other_things_a_note(served):
    desk, *_ = served
    answer = desk.run("send", "s3://nobodys/x", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "no distribution serves s3://nobodys/x" in answer.err
    assert "invalidator route list" in answer.err
    both = desk.run("send", "s3://nobodys/x/", "s3://site/docs/", "--yes", "--json")
    assert (both.code, both.data["unserved"]) == (0, ["s3://nobodys/x/"])
    assert "nobody serves s3://nobodys/x/" in both.err


def test_paused_and_over_the_budget_are_said(served):
    desk, *_ = served
    desk.run("pause", "--only", "sender")
    desk.stored.accounts.count(OWN_ACCOUNT, 1000, time.time(), 0)
    answer = desk.run("send", "s3://site/docs/")
    assert "sender paused; it is sent after: invalidator resume" in answer.err
    assert "the budget is spent for now (1000 of 1000 paths this month)" in answer.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("site/docs", "site/docs: not an S3 URL; write s3://BUCKET/PREFIX"),
        ("https://www.example.com/", "https://www.example.com/: not an S3 URL; write s3://BUCKET/PREFIX"),
        ("s3:///docs", "s3:///docs: no bucket; write s3://BUCKET/PREFIX"),
        ("s3://a\x1b/", "no distribution serves s3://a\\x1b/"),
    ],
)
def test_what_is_no_s3_url_is_one_line(served, url, said):
    desk, *_ = served
    answer = desk.run("send", url, "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert said in answer.err
    assert desk.sqs.bodies(desk.queue) == []


def test_before_a_survey_nobody_knows_who_serves_it(deployed_desk):
    answer = deployed_desk.run("send", "s3://site/docs/", "--yes")
    assert answer.code == 1
    assert "no distribution serves s3://site/docs/" in answer.err
    assert "no survey of the distributions has completed yet" in answer.err
    assert deployed_desk.sqs.bodies(deployed_desk.queue) == []
