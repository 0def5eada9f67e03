"""What cannot be invalidated ends in the dead-letter queue with its reason, and is fresh after the repair."""

import json

import pytest

from infra.local.cloudfront.faults import ACCESS_DENIED, Fault
from tests.system import site
from tests.system.conftest import SECOND
from tests.system.stack import PATIENCE_SECONDS, all_fresh, invalidator, letters, reason, until

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]


def test_a_denied_distribution_and_broken_json_are_shown_repaired_and_redriven(stack, tmp_path):
    """And nobody else waits for them: another distribution of the same bucket is invalidated at once."""
    aws, dead = stack.aws, stack.outputs["DeadLetterQueueUrl"]
    denied = site.make_distribution(aws, SECOND, "/denied")
    good = site.make_distribution(aws, SECOND, "/fine")
    invalidator(aws, "route", "refresh")
    aws.gate.inject(Fault(ACCESS_DENIED, times=None, distribution=denied))
    try:
        aws.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody='{"Records": [')
        changes = [site.put(aws.client("s3"), SECOND, key) for key in ("denied/é.html", "fine/é.html")]
        all_fresh(aws, changes, {good: "/fine"})
        until(
            lambda: {reason(each) for each in letters(aws, dead)} >= {"access-denied", "not-json"},
            PATIENCE_SECONDS,
            "dead",
        )
        listed = invalidator(aws, "dlq", "list")
        groups = {each["reason"]: each for each in listed["groups"]}
        assert groups["access-denied"]["distributions"] == [denied]
        assert groups["access-denied"]["buckets"] == [SECOND]
        assert (groups["access-denied"]["count"], groups["not-json"]["count"]) == (1, 1)
        assert "CreateInvalidation" in groups["access-denied"]["fix"]
        invalidator(aws, "dlq", "list", "--check", expect=3)
        (letter,) = [each for each in letters(aws, dead) if reason(each) == "access-denied"]
        assert letter["MessageAttributes"]["Paths"]["StringValue"] == "/%C3%A9.html"
    finally:
        aws.gate.forget_faults()
    invalidator(aws, "dlq", "redrive", "--reason", "access-denied", "--yes")
    all_fresh(aws, changes, {denied: "/denied", good: "/fine"})
    exported = tmp_path / "letters.jsonl"
    invalidator(aws, "dlq", "purge", "--reason", "not-json", "--export", str(exported), "--yes")
    assert json.loads(exported.read_text().splitlines()[0])["body"] == '{"Records": ['
    assert letters(aws, dead) == []
