"""The queues: who may write to the queue of changes, and where what fails goes."""

import json
from collections.abc import Iterator
from typing import Any

from bucket_subscription.names import read_queue_arn
from bucket_subscription.queue_access import SqsQueueAccess
from infra.cli.check.finding import Finding, Repair, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.session import output

PART = "queues"
# The statement of the template.
SID = "BucketsOfThisAccount"
_ANY_BUCKET = "invalidator-check"


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the queue's policy, its key, and its way to the dead-letter queue."""
    session = ground.session
    queue = read_queue_arn(output(session, "QueueArn"))
    access = SqsQueueAccess(session.client("sqs"), lambda: session.client("kms"))
    named, *_ = (*ground.list_of("Buckets"), _ANY_BUCKET)
    problem = access.problem(queue, named)
    if problem is None:
        yield ok(PART, f"S3 may write to {queue.name}")
    else:
        repair = _let_s3_in(ground) if "policy of queue" in problem else None
        yield wrong(PART, problem, "invalidator check --repair --yes" if repair else "make deploy", repair)
    for doubt in access.doubts():
        yield Finding(PART, State.UNKNOWN, doubt)
    attributes: Any = (
        session.client("sqs")
        .get_queue_attributes(QueueUrl=output(session, "QueueUrl"), AttributeNames=["RedrivePolicy"])
        .get("Attributes", {})
    )
    told = json.loads(attributes.get("RedrivePolicy", "{}"))
    if told.get("deadLetterTargetArn") != output(session, "DeadLetterQueueArn"):
        yield wrong(
            PART, "what no run finishes does not go to the dead-letter queue: it is lost", "make deploy"
        )


def _let_s3_in(ground: Ground) -> Repair:
    """Put the template's statement into the policy; other statements stay, so a denial is not taken back."""
    session = ground.session
    sqs, url = session.client("sqs"), output(session, "QueueUrl")
    queue = read_queue_arn(output(session, "QueueArn"))
    attributes: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    policy = json.loads(attributes.get("Policy") or "{}") or {"Version": "2012-10-17"}
    found = policy.get("Statement", [])
    before = found if isinstance(found, list) else [found]
    mine = {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": queue.account},
            "ArnLike": {"aws:SourceArn": f"arn:{queue.partition}:s3:::*"},
        },
    }
    replaced = [each for each in before if each.get("Sid") == SID]
    wanted = [mine, *(each for each in before if each.get("Sid") != SID)]
    lines = [f"- policy of {queue.name}: {json.dumps(each)}" for each in replaced]
    lines.append(f"+ policy of {queue.name}: {json.dumps(mine)}")

    def do() -> None:
        sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": json.dumps({**policy, "Statement": wanted})}
        )

    return Repair(lines, do)
