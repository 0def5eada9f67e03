"""The deployed roles hold what the functions need, nothing dead, and nothing else; IAM is enforced.

For each permission there is a proof: something that goes right with it and wrong without it.
"""

import base64
import itertools
import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from infra.local.cloudfront.faults import Fault
from infra.local.cloudfront.quotas import Refusal
from invalidator.aws import table_items
from invalidator.core.sent import Sent
from tests.cache_policies import cache_policy_config
from tests.notifications import direct
from tests.system import site
from tests.system.conftest import DIRECT, EVENTS, PROOF, PROOF_EVENTS, Stack
from tests.system.permissions import as_role, listed, statements, subscribe, without, work
from tests.system.stack import invalidator, letters, messages_done, until

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

# An error nobody foresaw counts as passing; the SDK knows it as little, and does not retry it first.
PASSING = Refusal("Unforeseen", "try again later", 400)
_numbers = itertools.count()


def fresh_bucket() -> str:
    """A bucket's name that nobody has asked about yet; the worker needs no bucket to exist."""
    return f"never-seen-{next(_numbers)}"


def sent_to(stack: Stack, distribution: str) -> list[str]:
    return [
        p for each in stack.aws.gate.invalidations if each.distribution == distribution for p in each.paths
    ]


def cold(stack: Stack) -> None:
    """Let the worker start anew, so that it remembers nothing."""
    stack.aws.client("lambda").update_function_configuration(
        FunctionName=stack.outputs["FunctionName"], Description=f"start {next(_numbers)}"
    )


# ---- What goes right with a permission. Each returns whether it did. ----


def a_bucket_s_distribution_is_found_and_invalidated(stack: Stack) -> bool:
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket)
    work(stack, direct("a.html", bucket=bucket, at=time.time()))
    return sent_to(stack, distribution) == ["/a.html"]


def a_cache_policy_without_query_strings_keeps_paths_exact(stack: Stack) -> bool:
    """Unknown, it counts as keyed on query strings, and each path is widened."""
    made = stack.aws.client("cloudfront").create_cache_policy(
        CachePolicyConfig=cache_policy_config(fresh_bucket(), "none")
    )
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket, policy=made["CachePolicy"]["Id"])
    work(stack, direct("a.html", bucket=bucket, at=time.time()))
    return sent_to(stack, distribution) == ["/a.html"]


def the_second_batch_of_a_bucket_knows_its_distributions(stack: Stack) -> bool:
    bucket = fresh_bucket()
    asked = stack.aws.gate.calls["ListDistributions"]
    for key in ("a.html", "b.html"):
        work(stack, direct(key, bucket=bucket, at=time.time()))
    return stack.aws.gate.calls["ListDistributions"] == asked + 1


def pins_are_read_so_no_change_waits_for_them(stack: Stack) -> bool:
    waiting = delayed(stack)
    work(stack, direct("a.html", bucket=fresh_bucket(), at=time.time()))
    return delayed(stack) == waiting


def what_was_sent_is_remembered(stack: Stack) -> bool:
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket)
    work(stack, direct("a.html", bucket=bucket, at=time.time()))
    found = stack.aws.client("dynamodb").query(
        TableName=stack.outputs["TableName"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"sent#{distribution}"}},
    )
    return len(found["Items"]) == 1


def work_that_cloudfront_does_not_take_now_is_put_back(stack: Stack) -> bool:
    """And its message is done with; without the right to put back, the message itself stays on the queue."""
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket)
    stack.aws.gate.inject(Fault(PASSING, times=None, distribution=distribution))
    try:
        failed, _ = work(stack, direct("a.html", bucket=bucket, at=time.time()))
    finally:
        stack.aws.gate.forget_faults()
    return failed == []


def a_message_that_cannot_be_read_is_put_aside(stack: Stack) -> bool:
    failed, _ = work(stack, "not JSON")
    reasons = {each["MessageAttributes"]["Reason"]["StringValue"] for each in dead(stack)}
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["DeadLetterQueueUrl"])
    return failed == [] and reasons == {"not-json"}


def finished_invalidations_make_room_for_the_next(stack: Stack) -> bool:
    """Fifteen wildcards were sent 30 s ago; CloudFront has finished them, but only asking it tells so."""
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, bucket)
    paths = tuple(f"/{number}/*" for number in range(15))
    made = stack.aws.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 15, "Items": paths}, "CallerReference": bucket},
    )["Invalidation"]
    sent = Sent(distribution, made["Id"], time.time() - 30, paths)
    stack.aws.client("dynamodb").put_item(
        TableName=stack.outputs["TableName"], Item=table_items.sent_item(sent)
    )
    with configured(stack, Timeout=6):
        work(stack, direct("next/~.html", bucket=bucket, at=time.time()))
    return sent_to(stack, distribution)[15:] == ["/next/*"]


def a_distribution_of_another_account_is_invalidated_by_its_role(stack: Stack) -> bool:
    bucket = fresh_bucket()
    distribution = site.make_distribution(stack.aws, fresh_bucket())
    invalidator(stack.aws, "route", "pin", bucket, "--distribution", distribution, "--role-arn", stack.role)
    cold(stack)  # the worker keeps an assumed role's session for a while
    try:
        work(stack, direct("a.html", bucket=bucket, at=time.time()))
    finally:
        invalidator(stack.aws, "route", "unpin", bucket, "--distribution", distribution)
        stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["DeadLetterQueueUrl"])
    return "/a.html" in [path.rstrip("*") for path in sent_to(stack, distribution)]


def the_worker_knows_what_its_wildcards_purge_needlessly(stack: Stack) -> bool:
    """With a ceiling of one path it must choose a wildcard, and looks what else lies below it."""
    site.make_distribution(stack.aws, DIRECT, "/listed")
    done = messages_done(stack.aws)
    site.upload(stack.aws.client("s3"), DIRECT, [f"listed/{name}.html" for name in "abc"])
    # Their own notifications, worked off under the ceiling, would cover what follows.
    until(lambda: messages_done(stack.aws) >= done + 3, 40, "the uploads are done")
    cold(stack)
    names = stack.aws.client("lambda").get_function_configuration(FunctionName=stack.outputs["FunctionName"])
    variables = {**names["Environment"]["Variables"], "MAX_PATHS": "1"}
    with configured(stack, Environment={"Variables": variables}):
        changed = [f"listed/{name}-{fresh_bucket()}.html" for name in "ab"]
        _, log = work(stack, direct(*changed, bucket=DIRECT, at=time.time()))
    return '"Collateral"' in base64.b64decode(log).decode()


def lambda_can_read_the_queue_for_the_worker(stack: Stack) -> bool:
    """What Lambda does with the function's role (Lambda guide, "Configuring permissions", SQS event source)."""
    sqs = as_role(stack, stack.worker_role).client("sqs", endpoint_url=stack.aws.endpoint)
    url = stack.outputs["QueueUrl"]
    try:
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=0)
        sqs.delete_message(QueueUrl=url, ReceiptHandle="of nothing")
    except ClientError as error:
        return error.response["Error"]["Code"] == "ReceiptHandleIsInvalid" or not_denied(error)
    return True


def lambda_can_write_the_worker_s_log(stack: Stack) -> bool:
    return writes_log(stack, stack.worker_role, "invalidator")


def lambda_can_write_the_subscription_s_log(stack: Stack) -> bool:
    return writes_log(stack, stack.role_of(stack.subscription), "bucket-subscription")


def writes_log(stack: Stack, role: str, name: str) -> bool:
    """What Lambda does with the role (Lambda guide, "Lambda execution role"); MiniStack asks no role for it."""
    logs = as_role(stack, role).client("logs", endpoint_url=stack.aws.endpoint)
    group, stream = f"/aws/lambda/cloudfront-invalidator/{name}", fresh_bucket()
    line = {"timestamp": int(time.time() * 1000), "message": "x"}
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])
    except ClientError as error:
        return not_denied(error)
    return True


def not_denied(error: ClientError) -> bool:
    """Say no where a permission lacked, and raise anything else."""
    if not error.response["Error"]["Code"].startswith("AccessDenied"):
        raise error
    return False


def the_queues_key_can_be_used(stack: Stack) -> bool:
    """What SQS does for the worker, with the worker's rights (SQS guide, "Key management", data key reuse)."""
    kms = as_role(stack, stack.worker_role).client("kms", endpoint_url=stack.aws.endpoint)
    try:
        key = kms.generate_data_key(KeyId=stack.key, KeySpec="AES_256")
        return kms.decrypt(CiphertextBlob=key["CiphertextBlob"])["Plaintext"] == key["Plaintext"]
    except ClientError as error:
        return not_denied(error)


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


def dead(stack: Stack) -> list:
    return letters(stack.aws, stack.outputs["DeadLetterQueueUrl"])


def delayed(stack: Stack) -> int:
    asked = "ApproximateNumberOfMessagesDelayed"
    url = stack.outputs["QueueUrl"]
    found = stack.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[asked])
    return int(found["Attributes"][asked])


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


QUEUE, DEAD, TABLE = "queue", "dead letters", "table"
Proof = Callable[[Stack], bool]
# (statement, action) → what goes wrong without it.
WORKER: dict[tuple[str, str], Proof] = {
    ("ReadChanges", "sqs:ReceiveMessage"): lambda_can_read_the_queue_for_the_worker,
    ("ReadChanges", "sqs:DeleteMessage"): lambda_can_read_the_queue_for_the_worker,
    ("ReadChanges", "sqs:GetQueueAttributes"): lambda_can_read_the_queue_for_the_worker,
    ("PutBackOrAside", "sqs:SendMessage"): work_that_cloudfront_does_not_take_now_is_put_back,
    ("Remember", "dynamodb:BatchGetItem"): the_second_batch_of_a_bucket_knows_its_distributions,
    ("Remember", "dynamodb:BatchWriteItem"): the_second_batch_of_a_bucket_knows_its_distributions,
    ("Remember", "dynamodb:PutItem"): what_was_sent_is_remembered,
    ("Remember", "dynamodb:UpdateItem"): what_was_sent_is_remembered,
    ("Remember", "dynamodb:Query"): pins_are_read_so_no_change_waits_for_them,
    ("Invalidate", "cloudfront:CreateInvalidation"): a_bucket_s_distribution_is_found_and_invalidated,
    ("Invalidate", "cloudfront:GetDistributionConfig"): a_bucket_s_distribution_is_found_and_invalidated,
    ("Invalidate", "cloudfront:GetInvalidation"): finished_invalidations_make_room_for_the_next,
    (
        "ReadCachePolicies",
        "cloudfront:GetCachePolicy",
    ): a_cache_policy_without_query_strings_keeps_paths_exact,
    ("FindDistributions", "cloudfront:ListDistributions"): a_bucket_s_distribution_is_found_and_invalidated,
    ("WriteLog", "logs:CreateLogStream"): lambda_can_write_the_worker_s_log,
    ("WriteLog", "logs:PutLogEvents"): lambda_can_write_the_worker_s_log,
    (
        "InvalidateInOtherAccounts",
        "sts:AssumeRole",
    ): a_distribution_of_another_account_is_invalidated_by_its_role,
    ("SeeWhatAWildcardWouldPurge", "s3:ListBucket"): the_worker_knows_what_its_wildcards_purge_needlessly,
    ("UseTheQueuesKey", "kms:Decrypt"): the_queues_key_can_be_used,
    ("UseTheQueuesKey", "kms:GenerateDataKey"): the_queues_key_can_be_used,
}
SUBSCRIPTION: dict[tuple[str, str], Proof] = {
    ("CheckTheQueue", "sqs:GetQueueAttributes"): a_bucket_is_connected,
    ("CheckTheQueuesKey", "kms:GetKeyPolicy"): a_bucket_is_connected,
    ("WriteLog", "logs:CreateLogStream"): lambda_can_write_the_subscription_s_log,
    ("WriteLog", "logs:PutLogEvents"): lambda_can_write_the_subscription_s_log,
    **{
        ("ConnectBuckets", f"s3:{each}"): a_bucket_is_connected
        for each in ("GetBucketNotification", "PutBucketNotification")
    },
    **{
        ("ConnectEventBridgeBuckets", f"s3:{each}"): a_bucket_is_switched_to_eventbridge
        for each in ("GetBucketNotification", "PutBucketNotification")
    },
}
# The emulator has no X-Ray: Lambda sends the tracer's segments with the function's role (Lambda guide, "Lambda
# execution role"). That the function's Tracing is Active, which is what they are for, tests/template holds.
# It knows no distribution tenants either: tests/aws and tests/survey hold what is asked of CloudFront.
NOT_PROVED_HERE = {
    ("Trace", "xray:PutTraceSegments"),
    ("Trace", "xray:PutTelemetryRecords"),
    ("InvalidateTenants", "cloudfront:CreateInvalidationForDistributionTenant"),
    ("InvalidateTenants", "cloudfront:GetInvalidationForDistributionTenant"),
}


def test_every_permission_of_the_deployed_roles_has_its_proof(stack):
    def held(role):
        found = statements(stack, role).items()
        return {(sid, action) for sid, each in found for action in listed(each["Action"])}

    assert held(stack.worker_role) == WORKER.keys() | NOT_PROVED_HERE
    assert held(stack.role_of(stack.subscription)) == SUBSCRIPTION.keys()


PROOFS = sorted(
    {*WORKER.values(), *SUBSCRIPTION.values(), a_message_that_cannot_be_read_is_put_aside}, key=str
)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda each: each.__name__)
def test_with_its_permissions(stack, proof):
    assert proof(stack)


@pytest.mark.parametrize(("sid", "action"), WORKER, ids=map(" ".join, WORKER))
def test_without_a_permission_the_worker(stack, sid, action):
    """…does not do what the proof looks for. The queues' SendMessage is taken from the first queue only."""
    resource = listed(statements(stack, stack.worker_role)[sid]["Resource"])
    if sid == "PutBackOrAside":
        resource = [each for each in resource if each == stack.outputs["QueueArn"]]
    with without(stack, stack.worker_role, action, resource):
        assert not WORKER[sid, action](stack)
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["DeadLetterQueueUrl"])


def test_without_the_dead_letter_queue_a_message_that_cannot_be_read_stays(stack):
    with without(stack, stack.worker_role, "sqs:SendMessage", stack.outputs["DeadLetterQueueArn"]):
        assert not a_message_that_cannot_be_read_is_put_aside(stack)


@pytest.mark.parametrize(("sid", "action"), SUBSCRIPTION, ids=map(" ".join, SUBSCRIPTION))
def test_without_a_permission_the_subscription(stack, sid, action):
    role = stack.role_of(stack.subscription)
    with without(stack, role, action, statements(stack, role)[sid]["Resource"]):
        assert not SUBSCRIPTION[sid, action](stack)


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
