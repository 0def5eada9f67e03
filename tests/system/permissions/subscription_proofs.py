"""The same of the two functions that connect buckets and watch over them: each proof returns whether it went right."""

from typing import Any

from bucket_subscription.errors import UnsettledError
from bucket_subscription.names import read_queue_arn
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.roads import AwsRoads
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable
from tests.system import site
from tests.system.conftest import PROOF, PROOF_EVENTS, Stack
from tests.system.permissions.proofs import (
    allowed,
    change,
    fresh_bucket,
    write,
)
from tests.system.permissions.roles import (
    as_role,
    configured,
    subscribe,
    survey,
    watch,
    work,
)
from tests.system.stack import listening

# 20 s for the answer and 13 s for a try that is under way are kept back: what is left is to wait for rights.
SUBSCRIPTION_SECONDS = 50  # less than the SDK waits for an answer before it calls once more


def a_bucket_is_connected(stack: Stack) -> bool:
    stack.aws.client("s3").put_bucket_notification_configuration(Bucket=PROOF, NotificationConfiguration={})
    with configured(stack, stack.subscription, Timeout=SUBSCRIPTION_SECONDS):
        answer = subscribe(stack, [PROOF], [])
    return answer["Status"] == "SUCCESS" and "could not be read" not in answer["Reason"]


def a_bucket_is_switched_to_eventbridge(stack: Stack) -> bool:
    stack.aws.client("s3").put_bucket_notification_configuration(
        Bucket=PROOF_EVENTS, NotificationConfiguration={}
    )
    with configured(stack, stack.subscription, Timeout=SUBSCRIPTION_SECONDS):
        answer = subscribe(stack, [], [PROOF_EVENTS])
    return answer["Status"] == "SUCCESS"


def watched(stack: Stack, bucket: str) -> dict[str, Any] | None:
    """What a round of the watch said of a bucket; None where it failed."""
    answer = watch(stack)
    found = [each for each in answer["buckets"] if each["bucket"] == bucket] if answer else []
    return found[0] if found else None


def a_loss_is_seen_and_repaired(stack: Stack) -> bool:
    """On a bucket that the parameters name; the rule and the topics are asked for in each round."""
    return loses_and_regains(stack, PROOF, "notification")


def a_switch_is_seen_and_repaired(stack: Stack) -> bool:
    return loses_and_regains(stack, PROOF_EVENTS, "EventBridge")


def loses_and_regains(stack: Stack, bucket: str, what: str) -> bool:
    wished_again(stack)
    stack.aws.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    table = stack.aws.client("dynamodb")
    table.delete_item(TableName=stack.outputs["TableName"], Key={"pk": {"S": "watch"}, "sk": {"S": bucket}})
    line = watched(stack, bucket)
    return line is not None and line["state"] == "repaired" and what in line["wrong"][0]


def others_are_told_what_was_lost_and_repaired(stack: Stack) -> bool:
    with listening(stack, "Subscription Lost", "Subscription Repaired") as heard:
        if not loses_and_regains(stack, PROOF, "notification"):
            return False
        kinds = [each["detail-type"] for each in heard() if each["detail"]["bucket"] == PROOF]
        return sorted(kinds) == ["Subscription Lost", "Subscription Repaired"]


def wished_again(stack: Stack) -> None:
    """The subscription's own proofs connect and disconnect these buckets, and so forget them."""
    wishes = WishTable(stack.aws.client("dynamodb"), stack.outputs["TableName"])
    wishes.wish(Wish(PROOF, Road.QUEUE, Maker.STACK))
    wishes.wish(Wish(PROOF_EVENTS, Road.EVENTBRIDGE, Maker.STACK))


def nothing_is_in_doubt_about_the_queue(stack: Stack) -> bool:
    """Its key's state and policy are read: what may not be read would be passed over as a doubt."""
    session = as_role(stack, stack.role_of(stack.outputs["WatchFunctionName"]))
    sqs = session.client("sqs", endpoint_url=stack.aws.endpoint)
    kms: Any = session.client("kms", endpoint_url=stack.aws.endpoint)
    access = SqsQueueAccess(sqs, lambda: kms, key_state=True)
    return access.problem(read_queue_arn(stack.outputs["QueueArn"]), PROOF) is None and access.doubts() == ()


def the_topics_are_asked_for_the_queue(stack: Stack) -> bool:
    session = as_role(stack, stack.role_of(stack.outputs["WatchFunctionName"]))
    roads = AwsRoads(
        lambda name: session.client(name, endpoint_url=stack.aws.endpoint),
        stack.outputs["QueueArn"],
        "",
        [stack.raw],
    )
    try:
        return bool(roads.topics)
    except UnsettledError:
        return False


def a_bucket_that_nobody_wants_any_more_is_forgotten(stack: Stack) -> bool:
    key = {"pk": {"S": "watch"}, "sk": {"S": "forgotten"}}
    write(stack, {**key, "standing": {"S": '{"bucket": "forgotten"}'}})
    watch(stack)
    found = stack.aws.client("dynamodb").get_item(TableName=stack.outputs["TableName"], Key=key)
    return "Item" not in found


def a_bucket_that_sends_though_nobody_told_is_learned(stack: Stack) -> bool:
    bucket = fresh_bucket()
    site.make_bucket(stack.aws, bucket)
    entry = {"Id": "theirs", "QueueArn": stack.outputs["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    stack.aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [entry]}
    )
    site.make_distribution(stack.aws, bucket)
    survey(stack)
    work(stack, change(bucket))
    answer = watch(stack)
    return bool(answer) and bucket in answer["learned"]


def who_it_was_can_be_asked(stack: Stack) -> bool:
    trail = as_role(stack, stack.role_of(stack.outputs["WatchFunctionName"])).client(
        "cloudtrail", endpoint_url=stack.aws.endpoint
    )
    return allowed(lambda: trail.lookup_events(MaxResults=1))


def what_is_connected_is_remembered_and_forgotten(stack: Stack) -> bool:
    """Under a bucket's name that another deployment dropped; the answer says where that failed."""
    wishes = WishTable(stack.aws.client("dynamodb"), stack.outputs["TableName"])
    dropped = Wish("dropped", Road.QUEUE, Maker.STACK)
    wishes.wish(dropped)
    wishes.forget(wish for wish in wishes.all() if wish.bucket == PROOF)
    done = a_bucket_is_connected(stack)
    found = {wish.bucket for wish in wishes.all()}
    wishes.forget([dropped])
    return done and PROOF in found and "dropped" not in found
