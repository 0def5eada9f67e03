"""What goes right with a permission of the deployed roles, and wrong without it: each proof returns whether it did."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from invalidator.aws.queue import ChangesQueue
from invalidator.aws.table.dynamodb import DynamoDbTable, number
from invalidator.aws.table.logs import LogTable, head_key
from invalidator.aws.table.routes import SURVEY as SURVEY_STATE
from invalidator.aws.table.sent_items import sent_items
from invalidator.aws.table.targets import TargetTable, state_item
from invalidator.aws.table.wakes import WakeTable, wake_key
from invalidator.core.messages.wake import wake_body
from invalidator.core.pending.entry import UNKNOWN, bucket_owner, target_owner
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.rollback.write_back import WriteBack
from tests.cache_policies import cache_policy_config
from tests.notifications import direct
from tests.system import site
from tests.system.conftest import DIRECT, Stack
from tests.system.permissions.roles import (
    as_role,
    delivered,
    look,
    survey,
    sweep,
    work,
)
from tests.system.stack import PATIENCE_SECONDS, letters, listening, paths_sent, until

_numbers = itertools.count()
# What was made is surveyed so many at a time, to survey seldom.
SITES = 12
_sites: list[tuple[str, str]] = []


def fresh_bucket() -> str:
    """A bucket's name that nobody has asked about yet; the worker needs no bucket to exist."""
    return f"never-seen-{next(_numbers)}"


def fresh_site(stack: Stack) -> tuple[str, str]:
    """A bucket and its distribution, which the survey knows, and for which nothing was sent yet."""
    return ready_sites(stack).pop()


def ready_sites(stack: Stack) -> list[tuple[str, str]]:
    """One at least of those that `fresh_site` takes."""
    if not _sites:
        for _ in range(SITES):
            bucket = fresh_bucket()
            _sites.append((bucket, site.make_distribution(stack.aws, bucket)))
        # Another survey may be at work, which a proof started.
        until(lambda: (survey(stack) or {}).get("outcome") == "complete", PATIENCE_SECONDS, "a survey")
    return _sites


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
    return messages(stack, stack.outputs["WakeQueueUrl"])


def messages(stack: Stack, url: str) -> int:
    found = stack.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(value) for name, value in found.items() if name.startswith("ApproximateNumberOf"))


def allowed(call: Callable[[], object]) -> bool:
    """Tell whether a call is allowed, whatever else it may be refused for."""
    try:
        call()
    except ClientError as error:
        return not error.response["Error"]["Code"].startswith("AccessDenied")
    return True


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
    _, log = delivered(stack, wake_body(UNKNOWN), queue="WakeQueueUrl")
    refused = "the survey could not be started" in log
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not is_known(stack, bucket) and not refused and time.monotonic() < give_up:
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


def others_are_told_what_was_created(stack: Stack) -> bool:
    bucket, distribution = fresh_site(stack)
    with listening(stack, "Invalidation Created") as heard:
        work(stack, change(bucket))
        look(stack, target_owner(distribution))
        return [each["detail"]["distribution"] for each in heard()] == [distribution]


def others_are_told_what_has_completed(stack: Stack) -> bool:
    _, distribution = fresh_site(stack)
    made = stack.aws.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/a"]}, "CallerReference": distribution},
    )["Invalidation"]
    now = time.time()
    for each in sent_items(Sent(distribution, made["Id"], now - 30, ("/a",))):
        write(stack, each)
    rest = {"rest": {"N": "2"}, "rest_until": {"N": str(now)}}
    write(stack, wake_key(target_owner(distribution)) | rest)
    with listening(stack, "Invalidation Completed") as heard:
        sweep(stack)
        return made["Id"] in {each["detail"]["invalidation"] for each in heard()}


def lambda_can_read_the_changes(stack: Stack) -> bool:
    return reads(stack, "QueueUrl")


def lambda_can_read_the_wakes(stack: Stack) -> bool:
    return reads(stack, "WakeQueueUrl")


def reads(stack: Stack, queue: str) -> bool:
    return reads_as(stack, stack.worker_role, stack.outputs[queue])


def reads_as(stack: Stack, role: str, url: str) -> bool:
    """What Lambda does with a function's role (Lambda guide, "Configuring permissions", SQS event source)."""
    sqs = as_role(stack, role).client("sqs", endpoint_url=stack.aws.endpoint)
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


def a_sweep_asks_whether_the_table_was_restored_and_notes_it(stack: Stack) -> bool:
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
