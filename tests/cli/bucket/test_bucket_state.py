"""What `bucket list` says of a bucket that sends through EventBridge."""

import pytest

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.names import read_queue_arn
from bucket_subscription.owner import Owner
from infra.cli.bucket.desk import speaks_of
from infra.cli.bucket.state import read_state

QUEUE = read_queue_arn("arn:aws:sqs:eu-west-1:123456789012:site-changes")
OWNER = Owner("site", (QUEUE.arn,))
DIRECT = {"QueueConfigurations": [OWNER.entry(QUEUE.arn, KeyFilter())]}
EVENTBRIDGE = {"EventBridgeConfiguration": {}}


@pytest.mark.parametrize(
    ("document", "rules", "state", "reason"),
    [
        (EVENTBRIDGE, ["rule-1"], "works", "through EventBridge rule rule-1"),
        (EVENTBRIDGE, [], "not connected", "no rule takes it to the queue; name it in EventBridgeBuckets"),
        ({**DIRECT, **EVENTBRIDGE}, [], "works", "all keys"),
        (
            {**DIRECT, **EVENTBRIDGE},
            ["rule-1"],
            "works",
            "twice: directly, and through EventBridge rule rule-1",
        ),
        ({}, ["rule-1"], "not connected", ""),
    ],
)
def test_a_bucket_works_through_eventbridge_where_a_rule_takes_its_events_on(document, rules, state, reason):
    found = read_state("blog", document, OWNER, problem=None, rules_for=lambda bucket: rules)
    assert found.state == state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        ({"source": ["aws.s3"], "detail": {"bucket": {"name": ["blog", "site"]}}}, True),
        ({"source": ["aws.s3"], "detail": {"bucket": {"name": ["site"]}}}, False),
        ({"source": ["aws.s3"]}, True),
        ({"source": ["aws.ec2"]}, False),
    ],
)
def test_a_rule_speaks_of_the_buckets_it_names(pattern, takes):
    assert speaks_of(pattern, "blog") is takes
