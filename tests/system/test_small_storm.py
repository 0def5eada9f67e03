"""A bounded share of the storm (`test_storm.py`), in `make test`: nothing in it depends on how fast the machine is.

Each fault lasts until it was met, one after the other. At the end the bucket's changes and the invalidations are
compared: each change is covered by a later invalidation, and none is in the dead-letter queue.
"""

import time

import pytest

from infra.local.cloudfront.faults import SERVICE_UNAVAILABLE, Fault
from infra.local.cloudfront.quotas import THROTTLED, TOO_MANY
from tests.system import site
from tests.system.conftest import SECOND
from tests.system.stack import PATIENCE_SECONDS, all_fresh, invalidator, letters, until
from tests.system.storm import TAKING_IN, table_in_between

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

# A killed batch comes back after the visibility timeout; the local AWS sees the kill at the function's time-out.
FUNCTION_SECONDS, VISIBILITY_SECONDS = 20, 21


@pytest.fixture
def stormy(stack):
    """A distribution of its own; then the queue and the worker's memory of the faults are as they were."""
    sqs, url = stack.aws.client("sqs"), stack.outputs["QueueUrl"]
    was = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})
    distribution = site.make_distribution(stack.aws, SECOND, "/stormy")
    invalidator(stack.aws, "route", "refresh")
    # What a long poll takes that began before, it holds for the timeout that was; a poll waits for a second at most.
    time.sleep(2)
    yield distribution
    sqs.set_queue_attributes(QueueUrl=url, Attributes=was)
    stack.aws.gate.forget_faults()
    stack.aws.gate.skew(0)
    stack.aws.client("dynamodb").delete_item(
        TableName=stack.outputs["TableName"], Key={"pk": {"S": "account#self"}, "sk": {"S": "calls"}}
    )


def test_a_worker_killed_a_table_away_and_a_cloudfront_that_refuses_leave_nothing_stale(stack, stormy):
    aws, gate, s3 = stack.aws, stack.aws.gate, stack.aws.client("s3")
    waves = [site.plain_keys(8, directories=4), site.ODD_KEYS, site.plain_keys(8), site.plain_keys(4)]
    changes = []

    def upload(wave):
        changes.extend(site.upload(s3, SECOND, [f"stormy/{wave}/{key}" for key in waves[wave]]))

    with table_in_between(aws, stack.outputs["FunctionName"], FUNCTION_SECONDS) as table:
        table.killing.add(TAKING_IN)  # nothing was written: its messages must come again
        upload(0)
        until(lambda: table.killed, PATIENCE_SECONDS, "the worker is killed")

        refusals = [
            Fault(TOO_MANY, distribution=stormy),
            Fault(THROTTLED, distribution=stormy),
            Fault(SERVICE_UNAVAILABLE, distribution=stormy, answer_lost=True),
        ]
        for each in refusals:
            gate.inject(each)
        upload(1)
        until(lambda: not any(each.times for each in refusals), PATIENCE_SECONDS, "each refusal is met")

        table.take_away()
        gate.skew(-2)
        upload(2)
        until(table.missed.is_set, PATIENCE_SECONDS, "the table is missed")
        table.bring_back()
        gate.skew(2)
        upload(3)
        all_fresh(aws, changes, {stormy: "/stormy"})
    dead = [each.get("MessageAttributes", {}) for each in letters(aws, stack.outputs["DeadLetterQueueUrl"])]
    assert [each for each in dead if each.get("Distribution", {}).get("StringValue") == stormy] == []
