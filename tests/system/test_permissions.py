"""The deployed roles hold what the functions need, nothing dead, and nothing else; IAM is enforced.

For each permission there is a proof: something that goes right with it and wrong without it.
"""

import itertools
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bucket_subscription.errors import UnsettledError
from bucket_subscription.names import read_queue_arn
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.roads import AwsRoads
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable
from invalidator.aws.queue import ChangesQueue
from invalidator.aws.table.dynamodb import DynamoDbTable, number
from invalidator.aws.table.logs import LogTable, head_key
from invalidator.aws.table.routes import SURVEY as SURVEY_STATE
from invalidator.aws.table.sent_items import sent_items
from invalidator.aws.table.targets import TargetTable, state_item
from invalidator.aws.table.wakes import WakeTable, wake_key
from invalidator.core.pending.entry import UNKNOWN, bucket_owner, target_owner
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.rollback.write_back import WriteBack
from tests.cache_policies import cache_policy_config
from tests.notifications import direct
from tests.system import site
from tests.system.conftest import DIRECT, EVENTS, PROOF, PROOF_EVENTS, Stack
from tests.system.permissions import (
    as_role,
    listed,
    look,
    statements,
    subscribe,
    survey,
    sweep,
    watch,
    without,
    work,
)
from tests.system.stack import letters, paths_sent

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

_numbers = itertools.count()
# What was made is surveyed so many at a time, to survey seldom.
SITES = 12
_sites: list[tuple[str, str]] = []
SECONDS_TO_SURVEY = 10.0


@pytest.fixture(scope="module", autouse=True)
def by_hand(stack):
    """Nothing calls the functions but these tests, and what changed is sent without waiting for quiet."""
    functions, events = stack.aws.client("lambda"), stack.aws.client("events")
    mappings = [each["UUID"] for each in functions.list_event_source_mappings()["EventSourceMappings"]]
    schedules = [each["Name"] for each in events.list_rules()["Rules"] if each.get("ScheduleExpression")]
    assert (len(mappings), len(schedules)) == (2, 3)
    for each in mappings:
        functions.update_event_source_mapping(UUID=each, Enabled=False)
    for each in schedules:
        events.disable_rule(Name=each)
    found = functions.get_function_configuration(FunctionName=stack.outputs["FunctionName"])
    at_once = {**found["Environment"]["Variables"], "QUIET_SECONDS": "0", "GATHER_SECONDS": "0"}
    with configured(stack, Environment={"Variables": at_once}):
        yield
    for name in ("QueueUrl", "WakeQueueUrl", "DeadLetterQueueUrl"):
        stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs[name])
    for each in mappings:
        functions.update_event_source_mapping(UUID=each, Enabled=True)
    for each in schedules:
        events.enable_rule(Name=each)


def fresh_bucket() -> str:
    """A bucket's name that nobody has asked about yet; the worker needs no bucket to exist."""
    return f"never-seen-{next(_numbers)}"


def fresh_site(stack: Stack) -> tuple[str, str]:
    """A bucket and its distribution, which the survey knows, and for which nothing was sent yet."""
    if not _sites:
        for _ in range(SITES):
            bucket = fresh_bucket()
            _sites.append((bucket, site.make_distribution(stack.aws, bucket)))
        assert survey(stack)["outcome"] == "complete"
    return _sites.pop()


@pytest.fixture
def sites(stack):
    """Survey what the test needs before it takes a permission away."""
    bucket_and_distribution = fresh_site(stack)
    _sites.append(bucket_and_distribution)


def change(bucket: str, key: str = "a.html", before: float = 0.0) -> str:
    return direct(key, bucket=bucket, at=time.time() - before)


def is_known(stack: Stack, bucket: str) -> bool:
    head = stack.aws.client("dynamodb").get_item(
        TableName=stack.outputs["TableName"], Key=head_key(bucket_owner(bucket))
    )
    return "known" in head.get("Item", {})


def write(stack: Stack, item: dict[str, Any]) -> None:
    stack.aws.client("dynamodb").put_item(TableName=stack.outputs["TableName"], Item=item)


def wakes_sent(stack: Stack) -> int:
    """How many messages are on the wake queue, which nobody reads."""
    url = stack.outputs["WakeQueueUrl"]
    found = stack.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(value) for name, value in found.items() if name.startswith("ApproximateNumberOf"))


def allowed(call: Callable[[], object]) -> bool:
    """Tell whether a call is allowed, whatever else it may be refused for."""
    try:
        call()
    except ClientError as error:
        return not error.response["Error"]["Code"].startswith("AccessDenied")
    return True


# ---- What goes right with a permission. Each returns whether it did. ----


def a_change_is_taken_in_and_sent(stack: Stack) -> bool:
    bucket, distribution = fresh_site(stack)
    work(stack, change(bucket))
    look(stack, target_owner(distribution))
    return paths_sent(stack.aws, distribution) == ["/a.html"]


def a_change_wakes_its_distribution(stack: Stack) -> bool:
    bucket, _ = fresh_site(stack)
    before = wakes_sent(stack)
    work(stack, change(bucket))
    return wakes_sent(stack) == before + 1


def an_unknown_bucket_starts_a_survey(stack: Stack) -> bool:
    bucket = fresh_bucket()
    site.make_distribution(stack.aws, bucket)
    stack.aws.client("dynamodb").delete_item(TableName=stack.outputs["TableName"], Key=SURVEY_STATE)
    work(stack, change(bucket))
    look(stack, UNKNOWN)
    give_up = time.monotonic() + SECONDS_TO_SURVEY
    while not is_known(stack, bucket) and time.monotonic() < give_up:
        time.sleep(0.1)
    return is_known(stack, bucket)


def a_message_that_cannot_be_read_is_put_aside(stack: Stack) -> bool:
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["DeadLetterQueueUrl"])
    failed = work(stack, "not JSON")
    reasons = {
        each["MessageAttributes"]["Reason"]["StringValue"]
        for each in letters(stack.aws, stack.outputs["DeadLetterQueueUrl"])
    }
    return failed == [] and reasons == {"not-json"}


def finished_invalidations_make_room_for_the_next(stack: Stack) -> bool:
    """Fifteen wildcards were sent 30 s ago; CloudFront has finished them, but only asking it tells so."""
    bucket, distribution = fresh_site(stack)
    paths = tuple(f"/{each}/*" for each in range(15))
    made = stack.aws.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 15, "Items": paths}, "CallerReference": bucket},
    )["Invalidation"]
    sent = Sent(distribution, made["Id"], time.time() - 30, paths)
    for each in sent_items(sent):
        write(stack, each)
    write(stack, state_item(distribution, TargetState(sent=sent.created)))
    work(stack, change(bucket, "next/~.html"))
    look(stack, target_owner(distribution))
    return paths_sent(stack.aws, distribution)[15:] == ["/next/*"]


def the_named_role_can_be_assumed(stack: Stack) -> bool:
    """What the worker then does with it, and what is said where it may not, `tests/cli` shows with a pin."""
    sts = as_role(stack, stack.worker_role).client("sts", endpoint_url=stack.aws.endpoint)
    return allowed(lambda: sts.assume_role(RoleArn=stack.role, RoleSessionName="proof"))


def the_named_bucket_can_be_listed(stack: Stack) -> bool:
    s3 = as_role(stack, stack.worker_role).client("s3", endpoint_url=stack.aws.endpoint)
    return allowed(lambda: s3.list_objects_v2(Bucket=DIRECT, Prefix="docs/"))


def version_0_1_0_could_look_up_distributions(stack: Stack) -> bool:
    """What its code asks while an update has changed the role and not yet the code."""
    _, distribution = fresh_site(stack)
    session = as_role(stack, stack.worker_role)
    cloudfront = session.client("cloudfront", endpoint_url=stack.aws.gate.endpoint)
    return (
        allowed(cloudfront.list_distributions)
        and allowed(lambda: cloudfront.get_distribution_config(Id=distribution))
        and allowed(lambda: cloudfront.get_cache_policy(Id=site.CACHING_OPTIMIZED))
    )


def lambda_can_read_the_changes(stack: Stack) -> bool:
    return reads(stack, "QueueUrl")


def lambda_can_read_the_wakes(stack: Stack) -> bool:
    return reads(stack, "WakeQueueUrl")


def reads(stack: Stack, queue: str) -> bool:
    """What Lambda does with the function's role (Lambda guide, "Configuring permissions", SQS event source)."""
    sqs = as_role(stack, stack.worker_role).client("sqs", endpoint_url=stack.aws.endpoint)
    url = stack.outputs[queue]
    return (
        allowed(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))
        and allowed(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=0))
        and allowed(lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="of nothing"))
    )


def what_is_due_is_called_for(stack: Stack) -> bool:
    _, distribution = fresh_site(stack)
    past = number(time.time() - 300)
    write(stack, {**wake_key(target_owner(distribution)), "due": past, "since": past})
    before = wakes_sent(stack)
    return sweep(stack) is not None and wakes_sent(stack) > before


def what_rests_is_forgotten(stack: Stack) -> bool:
    _, distribution = fresh_site(stack)
    key = wake_key(target_owner(distribution))
    write(stack, {**key, "rest": number(2.0), "rest_until": number(time.time() - 3600)})
    sweep(stack)
    found = stack.aws.client("dynamodb").get_item(TableName=stack.outputs["TableName"], Key=key)
    return "Item" not in found


def a_sweep_asks_whether_the_table_was_restored(stack: Stack) -> bool:
    return sweep(stack) is not None


def a_new_distribution_is_known(stack: Stack) -> bool:
    """Exactly, with its cache policy: of one that cannot be read all counts."""
    made = stack.aws.client("cloudfront").create_cache_policy(
        CachePolicyConfig=cache_policy_config(fresh_bucket(), "none")
    )
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket, policy=made["CachePolicy"]["Id"])
    done = survey(stack)
    if not done or done["outcome"] != "complete" or distribution in done["unread"]:
        return False
    work(stack, change(bucket))
    look(stack, target_owner(distribution))
    return paths_sent(stack.aws, distribution) == ["/a.html"]


def a_deleted_distribution_is_forgotten(stack: Stack) -> bool:
    bucket = fresh_bucket()
    cloudfront, distribution = stack.aws.client("cloudfront"), site.make_distribution(stack.aws, bucket)
    survey(stack)
    found = cloudfront.get_distribution_config(Id=distribution)
    off = cloudfront.update_distribution(
        Id=distribution,
        IfMatch=found["ETag"],
        DistributionConfig={**found["DistributionConfig"], "Enabled": False},
    )
    cloudfront.delete_distribution(Id=distribution, IfMatch=off["ETag"])
    done = survey(stack)
    table = stack.aws.client("dynamodb")
    key = {"pk": {"S": "distributions"}, "sk": {"S": distribution}}
    left = table.get_item(TableName=stack.outputs["TableName"], Key=key)
    return done is not None and is_known(stack, bucket) and "Item" not in left


def changed_routing_wakes_its_distribution(stack: Stack) -> bool:
    """All its viewer paths lead elsewhere from now on, and it was looked at before."""
    bucket, distribution = fresh_site(stack)
    work(stack, change(bucket))
    look(stack, target_owner(distribution))
    cloudfront = stack.aws.client("cloudfront")
    found = cloudfront.get_distribution_config(Id=distribution)
    config = found["DistributionConfig"]
    config["Origins"]["Items"][0]["OriginPath"] = "/new"
    cloudfront.update_distribution(Id=distribution, IfMatch=found["ETag"], DistributionConfig=config)
    before = wakes_sent(stack)
    survey(stack)
    return wakes_sent(stack) > before


def what_is_pending_is_written_back(stack: Stack) -> bool:
    """As the function behind `PendingChanges` does when it is deleted, under its role; also past a writer that died."""
    bucket, distribution = fresh_site(stack)
    sqs, table = stack.aws.client("sqs"), stack.aws.client("dynamodb")
    LogTable(DynamoDbTable(table, stack.outputs["TableName"]), time.time).deal(bucket_owner(bucket))
    key = f"{distribution}.html"
    work(stack, change(bucket, key))
    session = as_role(stack, stack.role_of(stack.named("PendingChangesFunction")))
    own = DynamoDbTable(
        session.client("dynamodb", endpoint_url=stack.aws.endpoint), stack.outputs["TableName"]
    )
    queue = ChangesQueue(session.client("sqs", endpoint_url=stack.aws.endpoint), stack.outputs["QueueUrl"])
    sqs.purge_queue(QueueUrl=stack.outputs["QueueUrl"])
    try:
        WriteBack(LogTable(own, time.time), WakeTable(own), TargetTable(own), queue.send).run(time.time())
    except (TableUnavailable, QueueUnavailable):
        return False
    return any(key in each["Body"] for each in letters(stack.aws, stack.outputs["QueueUrl"]))


def the_stack_s_status_is_seen(stack: Stack) -> bool:
    stacks = as_role(stack, stack.role_of(stack.named("PendingChangesFunction"))).client(
        "cloudformation", endpoint_url=stack.aws.endpoint
    )
    described = stack.aws.client("cloudformation").describe_stacks(StackName="cloudfront-invalidator")
    return allowed(lambda: stacks.describe_stacks(StackName=described["Stacks"][0]["StackId"]))


def writes_log(function: str, name: str) -> Callable[[Stack], bool]:
    """What Lambda does with the role (Lambda guide, "Lambda execution role"); MiniStack asks no role for it."""

    def proof(stack: Stack) -> bool:
        role = stack.role_of(stack.named(function))
        logs = as_role(stack, role).client("logs", endpoint_url=stack.aws.endpoint)
        group, stream = f"/aws/lambda/cloudfront-invalidator/{name}", fresh_bucket()
        line = {"timestamp": int(time.time() * 1000), "message": "x"}
        return allowed(lambda: logs.create_log_stream(logGroupName=group, logStreamName=stream)) and allowed(
            lambda: logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])
        )

    proof.__name__ = f"lambda_can_write_the_log_of_{name}"
    return proof


def uses_the_key(function: str) -> Callable[[Stack], bool]:
    """What SQS does with the caller's rights (SQS guide, "Key management", data key reuse)."""

    def proof(stack: Stack) -> bool:
        role = stack.role_of(stack.named(function))
        kms = as_role(stack, role).client("kms", endpoint_url=stack.aws.endpoint)
        own = stack.aws.client("kms").generate_data_key(KeyId=stack.key, KeySpec="AES_256")
        return allowed(lambda: kms.generate_data_key(KeyId=stack.key, KeySpec="AES_256")) and allowed(
            lambda: kms.decrypt(CiphertextBlob=own["CiphertextBlob"])
        )

    proof.__name__ = f"the_queues_key_can_be_used_by_{function}"
    return proof


# 20 s for the answer and 13 s for a try that is under way are kept back: two are left to wait for rights.
SUBSCRIPTION_SECONDS = 35


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


@contextmanager
def configured(stack: Stack, function: str | None = None, **settings):
    """Give a function other settings for a moment."""
    functions, name = stack.aws.client("lambda"), function or stack.outputs["FunctionName"]
    before = functions.get_function_configuration(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, **settings)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, **{key: before[key] for key in settings})


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


Proof = Callable[[Stack], bool]


def each_of(sid: str, actions: str, proof: Proof) -> dict[tuple[str, str], Proof]:
    """(statement, action) → what goes wrong without it."""
    service, _, names = actions.partition(":")
    return {(sid, f"{service}:{name}"): proof for name in names.split()}


def those_of_every_function(function: str, log: str) -> dict[tuple[str, str], Proof]:
    return {
        **each_of("WriteLog", "logs:CreateLogStream PutLogEvents", writes_log(function, log)),
        **each_of("UseTheQueuesKey", "kms:Decrypt GenerateDataKey", uses_the_key(function)),
    }


READ = "sqs:ReceiveMessage DeleteMessage GetQueueAttributes"
WORKER = {
    **each_of("ReadChanges", READ, lambda_can_read_the_changes),
    **each_of("ReadWakes", READ, lambda_can_read_the_wakes),
    **each_of("Wake", "sqs:SendMessage", a_change_wakes_its_distribution),
    **each_of("PutAside", "sqs:SendMessage", a_message_that_cannot_be_read_is_put_aside),
    **each_of("Remember", "dynamodb:BatchGetItem PutItem Query UpdateItem", a_change_is_taken_in_and_sent),
    **each_of("Invalidate", "cloudfront:CreateInvalidation", a_change_is_taken_in_and_sent),
    **each_of("Invalidate", "cloudfront:GetInvalidation", finished_invalidations_make_room_for_the_next),
    **each_of("AskForASurvey", "lambda:InvokeFunction", an_unknown_bucket_starts_a_survey),
    **each_of("ListAsVersion010", "cloudfront:ListDistributions", version_0_1_0_could_look_up_distributions),
    **each_of(
        "LookUpAsVersion010",
        "cloudfront:GetCachePolicy GetDistributionConfig",
        version_0_1_0_could_look_up_distributions,
    ),
    **each_of(
        "InvalidateInOtherAccounts",
        "sts:AssumeRole",
        the_named_role_can_be_assumed,
    ),
    **each_of("SeeWhatAWildcardWouldPurge", "s3:ListBucket", the_named_bucket_can_be_listed),
    **those_of_every_function("InvalidatorFunction", "invalidator"),
}
SWEEP = {
    **each_of("SeeWhatWaits", "dynamodb:Query UpdateItem", what_is_due_is_called_for),
    **each_of("SeeWhatWaits", "dynamodb:DeleteItem", what_rests_is_forgotten),
    **each_of(
        "DoubtWhatARestoreForgot",
        "dynamodb:BatchGetItem DescribeTable PutItem",
        a_sweep_asks_whether_the_table_was_restored,
    ),
    **each_of("Wake", "sqs:SendMessage", what_is_due_is_called_for),
    **each_of("CountDeadLetters", "sqs:GetQueueAttributes", what_is_due_is_called_for),
    **those_of_every_function("SweepFunction", "sweep"),
}
SURVEY = {
    **each_of("FindDistributions", "cloudfront:ListDistributions", a_new_distribution_is_known),
    **each_of("ReadDistributions", "cloudfront:GetDistributionConfig", a_new_distribution_is_known),
    **each_of("ReadCachePolicies", "cloudfront:GetCachePolicy", a_new_distribution_is_known),
    **each_of(
        "RememberRoutes",
        "dynamodb:BatchGetItem BatchWriteItem PutItem Query UpdateItem",
        a_new_distribution_is_known,
    ),
    **each_of("RememberRoutes", "dynamodb:DeleteItem", a_deleted_distribution_is_forgotten),
    **each_of("Wake", "sqs:SendMessage", changed_routing_wakes_its_distribution),
    **those_of_every_function("SurveyFunction", "survey"),
}
ROLLBACK = {
    **each_of("SeeWhyItIsDeleted", "cloudformation:DescribeStacks", the_stack_s_status_is_seen),
    **each_of("ReadWhatIsPending", "dynamodb:BatchGetItem PutItem Query", what_is_pending_is_written_back),
    **each_of("WriteItBack", "sqs:SendMessage", what_is_pending_is_written_back),
    **those_of_every_function("PendingChangesFunction", "pending-changes"),
}
WATCH = {
    **each_of("ReadNotifications", "s3:GetBucketNotification", a_loss_is_seen_and_repaired),
    **each_of(
        "ConnectBuckets", "s3:GetBucketNotification PutBucketNotification", a_loss_is_seen_and_repaired
    ),
    **each_of(
        "ConnectEventBridgeBuckets",
        "s3:GetBucketNotification PutBucketNotification",
        a_switch_is_seen_and_repaired,
    ),
    **each_of("CheckTheQueue", "sqs:GetQueueAttributes", nothing_is_in_doubt_about_the_queue),
    **each_of("CheckTheQueuesKey", "kms:DescribeKey GetKeyPolicy", nothing_is_in_doubt_about_the_queue),
    **each_of("FindRules", "events:ListRuleNamesByTarget", a_switch_is_seen_and_repaired),
    **each_of("ReadRules", "events:DescribeRule", a_switch_is_seen_and_repaired),
    **each_of("ReadTopics", "sns:ListSubscriptionsByTopic", the_topics_are_asked_for_the_queue),
    **each_of("SeeWhoTookItAway", "cloudtrail:LookupEvents", who_it_was_can_be_asked),
    **each_of("Remember", "dynamodb:PutItem Query UpdateItem", a_loss_is_seen_and_repaired),
    **each_of("Remember", "dynamodb:BatchGetItem", a_bucket_that_sends_though_nobody_told_is_learned),
    **each_of("Remember", "dynamodb:DeleteItem", a_bucket_that_nobody_wants_any_more_is_forgotten),
    **each_of("WriteLog", "logs:CreateLogStream PutLogEvents", writes_log("WatchFunction", "watch")),
}
SUBSCRIPTION = {
    **each_of(
        "RememberWhatIsConnected",
        "dynamodb:DeleteItem PutItem Query",
        what_is_connected_is_remembered_and_forgotten,
    ),
    **each_of("CheckTheQueue", "sqs:GetQueueAttributes", a_bucket_is_connected),
    **each_of("CheckTheQueuesKey", "kms:GetKeyPolicy", a_bucket_is_connected),
    **each_of(
        "WriteLog",
        "logs:CreateLogStream PutLogEvents",
        writes_log("BucketSubscriptionFunction", "bucket-subscription"),
    ),
    **each_of("ConnectBuckets", "s3:GetBucketNotification PutBucketNotification", a_bucket_is_connected),
    **each_of(
        "ConnectEventBridgeBuckets",
        "s3:GetBucketNotification PutBucketNotification",
        a_bucket_is_switched_to_eventbridge,
    ),
}
# Function → (statement, action) → proof.
ROLES = {
    "InvalidatorFunction": WORKER,
    "SweepFunction": SWEEP,
    "SurveyFunction": SURVEY,
    "WatchFunction": WATCH,
    "PendingChangesFunction": ROLLBACK,
    "BucketSubscriptionFunction": SUBSCRIPTION,
}
# The emulator has no X-Ray: Lambda sends the tracer's segments with the function's role (Lambda guide, "Lambda
# execution role"). That the function's Tracing is Active, which is what they are for, tests/template holds.
# It knows no distribution tenants either: tests/aws and tests/survey hold what is asked of CloudFront.
NOT_PROVED_HERE = {
    ("Trace", "xray:PutTraceSegments"),
    ("Trace", "xray:PutTelemetryRecords"),
    ("InvalidateTenants", "cloudfront:CreateInvalidationForDistributionTenant"),
    ("InvalidateTenants", "cloudfront:GetInvalidationForDistributionTenant"),
    ("FindDistributions", "cloudfront:ListDistributionTenants"),
    ("ReadTenants", "cloudfront:GetDistributionTenant"),
}


@pytest.mark.parametrize("function", ROLES)
def test_every_permission_of_the_deployed_roles_has_its_proof(stack, function):
    found = statements(stack, stack.role_of(stack.named(function)))
    held = {(sid, action) for sid, each in found.items() for action in listed(each["Action"])}
    assert held - NOT_PROVED_HERE == ROLES[function].keys()


PROOFS = {proof.__name__: proof for proofs in ROLES.values() for proof in proofs.values()}


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_with_its_permissions(stack, proof):
    assert proof(stack)


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("function", "sid", "action"),
    [(function, *permission) for function, proofs in ROLES.items() for permission in proofs],
)
def test_without_a_permission(stack, function, sid, action):
    """…the function does not do what the proof looks for."""
    role = stack.role_of(stack.named(function))
    with without(stack, role, action, statements(stack, role)[sid]["Resource"]):
        assert not ROLES[function][sid, action](stack)


@pytest.fixture(scope="module")
def others(stack):
    """What other people own in the account."""
    made = stack.aws.client("sqs").create_queue(QueueName="other")["QueueUrl"]
    stack.aws.client("dynamodb").create_table(
        TableName="other",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    stack.aws.client("s3").put_object(Bucket=DIRECT, Key="kept.html", Body=b"x")
    return {"queue": made, "table": "other"}


FORBIDDEN = {
    "read another queue": lambda aws, o, s: aws("sqs").receive_message(QueueUrl=o["queue"]),
    "write to another queue": lambda aws, o, s: aws("sqs").send_message(QueueUrl=o["queue"], MessageBody="x"),
    "read the dead letters": lambda aws, o, s: aws("sqs").receive_message(
        QueueUrl=s.outputs["DeadLetterQueueUrl"]
    ),
    "purge its queue": lambda aws, o, s: aws("sqs").purge_queue(QueueUrl=s.outputs["QueueUrl"]),
    "read another table": lambda aws, o, s: aws("dynamodb").query(
        TableName=o["table"],
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    ),
    "delete items": lambda aws, o, s: aws("dynamodb").delete_item(
        TableName=s.outputs["TableName"], Key={"pk": {"S": "pins"}, "sk": {"S": "x"}}
    ),
    "scan its table": lambda aws, o, s: aws("dynamodb").scan(TableName=s.outputs["TableName"]),
    "delete its table": lambda aws, o, s: aws("dynamodb").delete_table(TableName=s.outputs["TableName"]),
    "read objects": lambda aws, o, s: aws("s3").get_object(Bucket=DIRECT, Key="kept.html"),
    "write objects": lambda aws, o, s: aws("s3").put_object(Bucket=DIRECT, Key="kept.html", Body=b"y"),
    "delete objects": lambda aws, o, s: aws("s3").delete_object(Bucket=DIRECT, Key="kept.html"),
    "list a bucket that was not named": lambda aws, o, s: aws("s3").list_objects_v2(Bucket=EVENTS),
    "change a bucket's notifications": lambda aws, o, s: aws("s3").put_bucket_notification_configuration(
        Bucket=DIRECT, NotificationConfiguration={}
    ),
    "change a distribution": lambda aws, o, s: aws("cloudfront").delete_distribution(Id="E1", IfMatch="x"),
    "write another function's log": lambda aws, o, s: aws("logs").create_log_stream(
        logGroupName="/aws/lambda/cloudfront-invalidator/bucket-subscription", logStreamName="x"
    ),
    "assume another role": lambda aws, o, s: aws("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/other", RoleSessionName="session"
    ),
    "pass a role": lambda aws, o, s: aws("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=s.role,
        Handler="a.b",
        Code={"ZipFile": b"x"},
    ),
    "make itself mightier": lambda aws, o, s: aws("iam").put_role_policy(
        RoleName=s.worker_role, PolicyName="all", PolicyDocument="{}"
    ),
}


@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_worker_may_not(stack, others, call):
    session = as_role(stack, stack.worker_role)
    with pytest.raises(ClientError) as refused:
        call(lambda service: session.client(service, endpoint_url=stack.aws.endpoint), others, stack)
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}


@pytest.mark.parametrize(
    ("call", "bucket"),
    [
        ("get_bucket_notification_configuration", EVENTS + "-x"),
        ("delete_bucket", DIRECT),
        ("list_objects_v2", DIRECT),
        ("list_buckets", None),
    ],
)
def test_the_subscription_may_not(stack, call, bucket):
    """…touch a bucket that was not named, nor do more to one that was."""
    session = as_role(stack, stack.role_of(stack.subscription))
    s3 = session.client("s3", endpoint_url=stack.aws.endpoint)
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(s3, call)(**({"Bucket": bucket} if bucket else {}))
