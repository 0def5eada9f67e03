"""What `bucket list` says of a bucket that sends to EventBridge: switch, rule, target and policy must all hold."""

import json
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from bucket_subscription.bucket_notifications import S3Notifications
from infra.cli.session import Session
from tests.cli.bucket.conftest import ALLOW_S3, QUEUE_ARN, SDK

RULE = "site-events"
PATTERN = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    "detail": {"bucket": {"name": ["blog"]}},
}
ALLOW_EVENTS = ALLOW_S3 | {"Principal": {"Service": "events.amazonaws.com"}}


@pytest.fixture
def events(aws, monkeypatch):
    """A bucket whose events a rule takes to the queue. (Moto's S3 forgets EventBridge's switch.)"""
    aws.bucket("blog")
    monkeypatch.setattr(S3Notifications, "read", lambda *_: {"EventBridgeConfiguration": {}})
    aws.allow(ALLOW_EVENTS)
    client = SDK.client("events")
    client.put_rule(Name=RULE, EventPattern=json.dumps(PATTERN))
    client.put_targets(Rule=RULE, Targets=[{"Id": "1", "Arn": QUEUE_ARN}])
    return client


def no_deletions(events, aws):
    events.put_rule(Name=RULE, EventPattern=json.dumps(PATTERN | {"detail-type": ["Object Created"]}))


BREAKS = {
    "is disabled": lambda events, aws: events.disable_rule(Name=RULE),
    "no EventBridge rule takes Object Deleted": no_deletions,
    "does not let EventBridge send for rule": lambda events, aws: aws.allow(ALLOW_S3),
}


def test_a_bucket_that_reaches_the_queue_works(events, run):
    code, out, _ = run("list", "blog")
    assert (code, "works: through EventBridge rule site-events" in " ".join(out.split())) == (0, True)


@pytest.mark.parametrize("says", BREAKS)
def test_what_stands_between_is_said_and_the_code_is_3(events, aws, run, says):
    BREAKS[says](events, aws)
    code, out, _ = run("list", "blog", "--json")
    (found,) = json.loads(out)["buckets"]
    assert (code, found["state"]) == (3, "broken")
    assert says in found["reason"]
    assert "check --repair" in " ".join(run("list", "blog")[1].split())


def test_a_stacks_own_rule_that_lost_its_target_is_seen(events, run, monkeypatch):
    monkeypatch.setattr("infra.cli.bucket.desk.own_rule", lambda session: RULE)
    events.remove_targets(Rule=RULE, Ids=["1"])
    code, out, _ = run("list", "blog", "--json")
    assert (code, "does not send to the queue any more" in out) == (3, True)


def test_a_rule_that_may_not_be_asked_for_is_not_called_gone(events, run, monkeypatch):
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListRuleNamesByTarget")
    monkeypatch.setattr(events, "list_rule_names_by_target", mock.Mock(side_effect=denied))
    real = Session.client
    monkeypatch.setattr(
        Session, "client", lambda session, name: events if name == "events" else real(session, name)
    )
    code, out, _ = run("list", "blog", "--json")
    (found,) = json.loads(out)["buckets"]
    assert (code, found["state"]) == (1, "unknown")
    assert "EventBridge" in found["reason"]
