"""The queues: who may write to the queue of changes, and where what fails goes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.policy import EVENTBRIDGE, SNS, Caller
from bucket_subscription.queue_access import SqsQueueAccess
from infra.cli.bucket.own_rule import own_rule
from infra.cli.check.finding import Finding, Repair, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.session import output

PART = "queues"
_ANY_BUCKET = "invalidator-check"


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the queue's policy, its key, and its way to the dead-letter queue."""
    session = ground.session
    queue = read_queue_arn(output(session, "QueueArn"))
    access = SqsQueueAccess(session.client("sqs"), lambda: session.client("kms"))
    senders = _senders(ground, queue)
    out = [(each, why) for each in senders if (why := access.keeps_out(queue, each.caller)) is not None]
    if not out:
        yield ok(PART, f"{', '.join(each.name for each in senders)} may write to {queue.name}")
    else:
        by_policy = [each for each, why in out if why.by_policy]
        repair = _let_in(ground, queue, by_policy) if by_policy else None
        yield wrong(
            PART, out[0][1].text, "invalidator check --repair --yes" if repair else "make deploy", repair
        )
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


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who has to write to the queue.

    Attributes:
        name: for people.
        caller: one that is asked about.
        sid: the template's statement for it.
        condition: that statement's.
    """

    name: str
    caller: Caller
    sid: str
    condition: dict[str, Any]


def _senders(ground: Ground, queue: QueueArn) -> list[_Sender]:
    """Return those that the parameters ask for; a topic that is let in no more is asked about first."""
    account = queue.account
    bucket, *_ = (*ground.list_of("Buckets"), _ANY_BUCKET)
    any_bucket = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:{queue.partition}:s3:::*"},
    }
    s3 = Caller(account, f"arn:{queue.partition}:s3:::{bucket}")
    senders = [_Sender("S3", s3, "BucketsOfThisAccount", any_bucket)]
    rule = own_rule(ground.session)
    if rule:
        arn = f"arn:{queue.partition}:events:{queue.region}:{account}:rule/{rule}"
        only = {"ArnEquals": {"aws:SourceArn": arn}}
        senders.append(_Sender("EventBridge", Caller(account, arn, EVENTBRIDGE), "TheRuleOfThisStack", only))
    topics = ground.list_of("TopicArns")
    named = {"ArnEquals": {"aws:SourceArn": list(topics)}}
    senders += [_Sender("SNS", Caller(account, each, SNS), "TheNamedTopics", named) for each in topics]
    return senders


def _let_in(ground: Ground, queue: QueueArn, senders: Sequence[_Sender]) -> Repair:
    """Put the template's statements into the policy; other statements stay, so a denial is not taken back."""
    sqs, url = ground.session.client("sqs"), output(ground.session, "QueueUrl")
    attributes: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    policy = json.loads(attributes.get("Policy") or "{}") or {"Version": "2012-10-17"}
    found = policy.get("Statement", [])
    before = found if isinstance(found, list) else [found]
    mine = {
        each.sid: {
            "Sid": each.sid,
            "Effect": "Allow",
            "Principal": {"Service": each.caller.service},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            "Condition": each.condition,
        }
        for each in senders
    }
    kept = [each for each in before if each.get("Sid") not in mine]
    lines = [f"- policy of {queue.name}: {json.dumps(each)}" for each in before if each not in kept]
    lines += [f"+ policy of {queue.name}: {json.dumps(each)}" for each in mine.values()]
    wanted = {**policy, "Statement": [*mine.values(), *kept]}

    def do() -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(wanted)})

    return Repair(lines, do)
