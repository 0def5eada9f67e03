"""What `bucket list` says of a bucket that sends through EventBridge."""

import pytest

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.names import read_queue_arn
from bucket_subscription.owner import Owner
from infra.cli.bucket.state import Through, read_state

QUEUE = read_queue_arn("arn:aws:sqs:eu-west-1:123456789012:site-changes")
OWNER = Owner("site", (QUEUE.arn,))
DIRECT = {"QueueConfigurations": [OWNER.entry(QUEUE.arn, KeyFilter())]}
EVENTBRIDGE = {"EventBridgeConfiguration": {}}


@pytest.mark.parametrize(
    ("document", "through", "state", "reason"),
    [
        (EVENTBRIDGE, Through(["rule-1"]), "works", "through EventBridge rule rule-1"),
        (EVENTBRIDGE, Through(wrong=["it is disabled", "shut out"]), "broken", "it is disabled; shut out"),
        (
            EVENTBRIDGE,
            Through(),
            "not connected",
            "no rule takes it to the queue; name it in EventBridgeBuckets",
        ),
        ({**DIRECT, **EVENTBRIDGE}, Through(), "works", "all keys"),
        ({**DIRECT, **EVENTBRIDGE}, Through(wrong=["it is disabled"]), "works", "all keys"),
        (
            {**DIRECT, **EVENTBRIDGE},
            Through(["rule-1"]),
            "works",
            "twice: directly, and through EventBridge rule rule-1",
        ),
        ({}, Through(["rule-1"]), "not connected", ""),
    ],
)
def test_a_bucket_works_through_eventbridge_where_a_rule_takes_its_events_on(
    document, through, state, reason
):
    found = read_state("blog", document, OWNER, problem=None, through=lambda: through)
    assert found.state == state
    assert reason in found.reason
