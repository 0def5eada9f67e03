"""A bulk upload while everything outside the worker fails, comes back and fails again: nothing is lost.

At the end the bucket's changes and the invalidations are compared: each change is covered by a later invalidation, or
stands in the dead-letter queue with a reason; and after a redrive each is covered.
"""

import math
import os
import random
import sys
import time

import pytest

from infra.demo.proof import uncovered
from infra.local.aws import local_aws
from infra.local.cloudfront.gate import Seen
from infra.local.cloudfront.quotas import QuotaSettings
from invalidator.core.messages.reading import read_body
from tests.system import site
from tests.system.stack import all_fresh, invalidator, letters, reason, until
from tests.system.storm import Storm, blowing, table_in_between

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.xdist_group("storm"),
    pytest.mark.soak("the long share"),
]

BUCKET = "stormy-site"
# A killed batch comes back after the visibility timeout, which follows from the function's; both are shortened.
FUNCTION_SECONDS, VISIBILITY_SECONDS = 20, 25
SEED = 20261123


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """With both of CloudFront's documented quota regimes enforced, and IAM."""
    quotas = QuotaSettings(seconds_in_progress=(2.0, 6.0))
    with local_aws(quotas=quotas, enforce_iam=True, logs=tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(aws):
    site.make_bucket(aws, BUCKET)
    deployed = aws.deploy({"Buckets": BUCKET, "MonthlyPathBudget": "0"})
    for queue in ("QueueUrl", "WakeQueueUrl"):
        aws.client("sqs").set_queue_attributes(
            QueueUrl=deployed[queue], Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )
    # A receive that is already waiting, up to a second here, still hides what it gets for twelve minutes.
    time.sleep(2)
    return deployed


@pytest.fixture(scope="module")
def origin_paths(aws, outputs):
    return {site.make_distribution(aws, BUCKET, path): path for path in ("", "/assets/1")}


@pytest.fixture(scope="module")
def table(aws, outputs):
    with table_in_between(aws, outputs["FunctionName"], FUNCTION_SECONDS) as between:
        yield between


def weather(aws, outputs, origin_paths, table, *, seed, objects, seconds, patience):
    """Upload evenly over the storm, wait, compare; return what was seen, for whoever wants to know."""
    storm = Storm(aws, table, random.Random(seed), denied=list(origin_paths)[1])
    kills, refused, paid = len(table.killed), table.refused, len(aws.gate.seen)
    s3, changes = aws.client("s3"), []
    keys = [*site.ODD_KEYS, *site.plain_keys(objects, directories=30)]
    with blowing(storm, seconds):
        began = time.monotonic()
        for start in range(0, len(keys), 50):
            changes += site.upload(s3, BUCKET, keys[start : start + 50])
            time.sleep(max(0.0, began + seconds * start / len(keys) - time.monotonic()))
    last = time.time()

    def missing():
        return uncovered(changes, origin_paths, [*aws.gate.seen, *explained(aws, outputs)])

    until(
        lambda: not missing(),
        patience,
        f"seed {seed}: every change is fresh, or dead with a reason",
        or_tell=lambda: (missing(), waiting(aws, outputs)),
    )
    settled = time.time() - last
    assert len(table.killed) - kills == 3, "the worker was killed as it took in, before it sent and after"
    assert table.refused > refused
    if letters(aws, outputs["DeadLetterQueueUrl"]):
        invalidator(aws, "dlq", "redrive", "--yes")
    all_fresh(aws, changes, origin_paths, patience)
    calls = aws.gate.seen[paid:]
    return {
        "seed": seed,
        "changes": len(changes),
        "settled": round(settled, 1),
        "calls": len(calls),
        "refused": sum(each.refusal is not None for each in calls),
        "paths": sum(len(each.paths) for each in calls if each.invalidation and not each.repeat),
        "killed at": table.killed[kills:],
        "table calls refused": table.refused - refused,
    }


def waiting(aws, outputs):
    """How many messages the queue holds: visible, in flight, delayed."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    asked = {"QueueUrl": outputs["QueueUrl"], "AttributeNames": names}
    return aws.client("sqs").get_queue_attributes(**asked)["Attributes"]


def explained(aws, outputs):
    """The dead letters that hold a reason, as if each were an invalidation still to come."""
    for letter in letters(aws, outputs["DeadLetterQueueUrl"]):
        assert reason(letter), letter
        backlog = read_body(letter["Body"], 0.0).backlog
        yield Seen(math.inf, backlog.distribution, tuple(backlog.paths), "", invalidation="dead")


def test_a_bulk_upload_in_a_storm_ends_with_nothing_stale(aws, outputs, origin_paths, table):
    weather(aws, outputs, origin_paths, table, seed=SEED, objects=300, seconds=12.0, patience=240)


def test_storm_after_storm(aws, outputs, origin_paths, table):
    """For SOAK minutes; each storm's seed is printed."""
    over = time.monotonic() + 60 * float(os.environ["SOAK"])
    seed = int(os.environ.get("SEED", time.time()))
    while time.monotonic() < over:
        chance = random.Random(seed)
        told = weather(
            aws,
            outputs,
            origin_paths,
            table,
            seed=seed,
            objects=chance.choice((300, 3000)),
            seconds=chance.uniform(10, 60),
            patience=300,
        )
        sys.stderr.write(f"{told}\n")
        seed += 1
