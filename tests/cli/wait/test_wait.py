"""`invalidator wait` as a CI job types it: the queue, the table, CloudFront and the dead letters, read."""

import json
import re
import time

import boto3
import pytest

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import Owner
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.target_state import TargetState
from tests.cli.conftest import STACK
from tests.cli.dlq.desk import compact, notification
from tests.cli.made_distributions import config, create
from tests.cli.stored import site
from tests.notifications import direct

SITE = "site.s3.eu-west-1.amazonaws.com"
ALLOWED = json.dumps({"Statement": [
    {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}
]})  # fmt: skip
AT_ONCE = ("--settle", "0", "--timeout", "1")


@pytest.fixture
def waits(deployed_desk, monkeypatch):
    """The desk with a connected, served bucket; time between looks is not waited for. The value: (desk, its id)."""
    monkeypatch.setattr("infra.cli.wait.waiting.POLL_SECONDS", 0.05)
    desk = deployed_desk
    desk.sqs.policy = ALLOWED
    make_bucket("site", desk.sqs.outputs["QueueArn"])
    created = create(config(SITE))
    desk.stored.survey()
    return desk, created


def make_bucket(bucket, queue=""):
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    if queue:
        entry = Owner(STACK, (queue,)).entry(queue, KeyFilter())
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={"QueueConfigurations": [entry]},
            SkipDestinationValidation=True,
        )


def test_nothing_to_do_is_fresh(waits):
    desk, _ = waits
    for url in ((), ("s3://site",), ("s3://site/docs/",), ("s3://site/docs/a.html",)):
        answer = desk.run("wait", *url, "--settle", "0")
        assert answer.code == 0, answer.err
        assert "is fresh: nothing waits" in answer.out


def test_a_message_on_the_queue_is_waited_for_until_the_time_is_up(waits):
    desk, _ = waits
    desk.sqs.put(desk.queue, notification())
    answer = desk.run("wait", "s3://site", *AT_ONCE, "--json")
    assert answer.code == 1
    assert (answer.data["done"], answer.data["messages_on_the_queue"]) == (False, 1)
    assert re.match(r"not fresh after \d+ s: 1 message on the queue", answer.data["why"])
    assert answer.data["why"] in answer.err


def test_pending_changes_are_those_of_the_prefix(waits):
    desk, created = waits
    desk.stored.changes("site", ["docs/a.html", "docs/b.html"], time.time())
    answer = desk.run("wait", "s3://site/docs/", *AT_ONCE, "--json")
    assert answer.code == 1
    assert [(each["waits_for"], each["paths"]) for each in answer.data["waiting"]] == [(created, 2)]
    assert desk.run("wait", *AT_ONCE).code == 1
    # Of another prefix nothing waits; nor of what was invalidated since, though nothing is settled.
    assert desk.run("wait", "s3://site/img/", "--settle", "0").code == 0
    now = time.time()
    desk.stored.record(created, "I1", now, "/docs/*", answered=(now,), completed=True)
    answer = desk.run("wait", "s3://site/docs/", "--settle", "0", "--json")
    assert (answer.code, [each["id"] for each in answer.data["invalidations"]]) == (0, ["I1"])


def test_an_invalidation_in_progress_is_waited_for_until_cloudfront_has_completed_it(waits, monkeypatch):
    desk, created = waits
    asked = []

    def completed(self, distribution, invalidation, role):
        asked.append((distribution, invalidation, role))
        return len(asked) == 3

    monkeypatch.setattr(CloudFrontInvalidations, "completed", completed)
    desk.stored.record(created, "I1", time.time() - 5, "/docs/*")
    desk.stored.record(created, "I2", time.time() - 5, "/img/*")
    answer = desk.run("wait", "s3://site/docs/", "--settle", "0", "--json")
    assert answer.code == 0, answer.err
    assert asked == [(created, "I1", None)] * 3
    assert "waiting: in progress: I1" in answer.err
    assert [(each["id"], each["completed"]) for each in answer.data["invalidations"]] == [("I1", True)]


@pytest.mark.parametrize("url", [(), ("s3://site",)])
def test_paused_is_said_at_once(waits, url):
    desk, _ = waits
    desk.run("pause", "--only", "sender")
    desk.stored.changes("site", ["a"], time.time())
    answer = desk.run("wait", *url, "--settle", "0", "--timeout", "600")
    assert answer.code == 1
    assert "sender paused" in answer.err
    assert "invalidator resume" in answer.err


def test_past_the_budget_it_says_until_when(waits):
    desk, created = waits
    now = time.time()
    desk.stored.accounts.count(OWN_ACCOUNT, 1000, now, 0)
    desk.stored.changes("site", ["a"], now)
    reason = "the month's budget is spent: one path at a time"
    desk.stored.targets.save(created, TargetState(over_until=now + 900, reason=reason))
    answer = desk.run("wait", "s3://site", "--settle", "0", "--timeout", "60")
    assert answer.code == 1
    assert f"{created} is sent nothing before" in answer.err
    assert reason in answer.err


def test_past_the_hard_limit_it_never_ends(waits):
    desk, _ = waits
    desk.function.configuration["Environment"]["Variables"]["HARD_PATH_LIMIT"] = "1000"
    now = time.time()
    desk.stored.accounts.count(OWN_ACCOUNT, 1000, now, 0)
    desk.stored.changes("site", ["a"], now)
    answer = desk.run("wait", "s3://site", "--settle", "0", "--timeout", "600")
    assert "HardPathLimit is reached: raise it, or wait for the month's end" in answer.err
    assert answer.code == 1


def test_what_keeps_failing_says_why_when_the_time_is_up(waits):
    desk, created = waits
    desk.stored.changes("site", ["a"], time.time())
    desk.stored.targets.save(created, TargetState(failing_since=time.time(), reason="CloudFront answers 503"))
    answer = desk.run("wait", "s3://site", *AT_ONCE)
    assert f"1 path for {created} (CloudFront answers 503)" in answer.err


def test_what_was_given_up_meanwhile_fails_the_wait(waits):
    desk, created = waits
    desk.bury(compact(created, ("site",), {"/docs/a": time.time()}), "access-denied")
    desk.bury(notification("docs/old", at="2026-01-01T00:00:00.000Z"), "unfinished", time.time() - 86_400)
    for url in ((), ("s3://site",), ("s3://site/docs/",)):
        answer = desk.run("wait", *url, "--settle", "0")
        assert answer.code == 1
        assert f"1 dead letter: access-denied on {created}; see: invalidator dlq explain" in answer.err
    assert desk.run("wait", "s3://site/img/", "--settle", "0").code == 0
    assert len(desk.sqs.visible[desk.dead]) == 2, "the letters are there for others"


@pytest.mark.parametrize(
    ("environment", "fails"),
    [({"ACL_CHANGES": "yes"}, True), ({"ACL_CHANGES": "no"}, False), (None, True)],
    ids=["asked for", "not asked for", "nobody can tell"],
)
def test_a_new_acl_that_was_given_up_fails_the_wait_where_it_is_a_change(waits, environment, fails):
    desk, _ = waits
    variables = desk.function.configuration["Environment"]["Variables"]
    desk.function.configuration["Environment"] = (
        {} if environment is None else {"Variables": variables | environment}
    )
    desk.bury(direct("docs/a", name="ObjectAcl:Put", at=time.time()))
    for url in ("s3://site", "s3://site/docs/"):
        answer = desk.run("wait", url, "--settle", "0")
        assert (answer.code, "unfinished on site" in answer.err) == (int(fails), fails)
    assert desk.run("wait", "s3://site/img/", "--settle", "0").code == 0


def test_a_wait_whose_time_is_up_before_any_answer_is_refused_at_once(waits):
    desk, _ = waits
    answer = desk.run("wait", "s3://site", "--timeout", "10")
    assert (answer.code, answer.out) == (1, "")
    assert "--timeout 10 ends before an answer can come: S3 is given 10 s" in answer.err


def test_no_route_is_said(waits):
    desk, _ = waits
    make_bucket("alone", desk.sqs.outputs["QueueArn"])
    answer = desk.run("wait", "s3://alone", "--settle", "0")
    assert answer.code == 1
    assert "no distribution serves alone, so nothing of it is ever sent" in answer.err


def test_a_bucket_that_does_not_send_is_never_called_fresh(waits):
    desk, _ = waits
    make_bucket("silent")
    answer = desk.run("wait", "s3://silent", "--settle", "0")
    assert answer.code == 1
    assert "invalidator bucket connect silent" in answer.err
    desk.sqs.policy = json.dumps({"Statement": []})
    answer = desk.run("wait", "s3://site", "--settle", "0")
    assert answer.code == 1
    assert "site does not send its changes: the policy of queue Queue does not let S3 send" in answer.err


def test_changes_of_a_bucket_that_nobody_knows_are_pending(waits):
    desk, _ = waits
    make_bucket("new", desk.sqs.outputs["QueueArn"])
    desk.stored.changes("new", ["docs/a"], time.time())
    desk.stored.routes.know_bucket("new", [])
    desk.stored.serve(site("E9", "new"))
    answer = desk.run("wait", "s3://new/docs/", *AT_ONCE)
    assert "1 path for unknown buckets (nobody knows yet who serves it)" in answer.err
    assert desk.run("wait", "s3://new/img/", "--settle", "0").code == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("site", "site: not an S3 URL; write s3://BUCKET/PREFIX"),
        ("s3://nosuch-bucket", "nosuch-bucket"),
        ("s3:///x", "s3:///x: no bucket"),
    ],
)
def test_bad_input_is_one_line(waits, url, said):
    desk, _ = waits
    answer = desk.run("wait", url, "--settle", "0")
    assert (answer.code, answer.out) == (1, "")
    assert said in answer.err
    assert "Traceback" not in answer.err
