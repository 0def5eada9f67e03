"""Takes one permission from a deployed role at a time, and calls the deployed functions under what is left.

A permission is taken by a Deny of just that action on just that resource, which outweighs the role's Allow
(IAM user guide, policy evaluation logic) and can be taken back: to the function it is as if the statement lacked it.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from infra.local.cloudfront.proxy import Answer, Forward, Proxy, Request
from infra.local.ministack import REGION
from invalidator.aws.table.routes import SURVEY
from invalidator.core.messages.wake import wake_body
from tests.system.conftest import Stack

LETTING_IN = "letting-in"


def statements(stack: Stack, role: str) -> dict[str, dict[str, Any]]:
    """Every statement of a role's policies, inline and managed, by its Sid."""
    iam = stack.aws.client("iam")
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        documents.append(
            iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        )
    read = [json.loads(each) if isinstance(each, str) else each for each in documents]
    return {each["Sid"]: each for document in read for each in document["Statement"]}


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@contextmanager
def without(stack: Stack, role: str, action: str, resource: Any) -> Iterator[None]:
    """Take a permission from a role while the block runs."""
    iam = stack.aws.client("iam")
    deny = {"Effect": "Deny", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="taken", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="taken")


def as_role(stack: Stack, role: str) -> boto3.Session:
    """A session with a deployed role's permissions; for it the role trusts this account for a moment."""
    iam = stack.aws.client("iam")
    found = iam.get_role(RoleName=role)["Role"]
    trust = found["AssumeRolePolicyDocument"]
    document = json.loads(trust) if isinstance(trust, str) else trust
    us = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    opened = {**document, "Statement": [*document["Statement"], us]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(opened))
    try:
        credentials = stack.aws.client("sts").assume_role(RoleArn=found["Arn"], RoleSessionName=LETTING_IN)
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    got = credentials["Credentials"]
    return boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], REGION)


def invoke(stack: Stack, function: str, event: Any) -> tuple[Any, str]:
    """Call a function; return what it answers (None where it fails) and its log."""
    for _ in range(3):
        answer = stack.aws.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode(), LogType="Tail"
        )
        payload = answer["Payload"].read()
        # Right after a change of configuration MiniStack may hand out the process that it is about to end.
        if b"Worker process exited immediately" not in payload:
            break
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    return (None if "FunctionError" in answer else json.loads(payload)), log


def work(stack: Stack, *bodies: str, queue: str = "QueueUrl") -> list[str]:
    """Call the worker as Lambda does for a queue; return the bodies that it leaves there."""
    return delivered(stack, *bodies, queue=queue)[0]


def delivered(stack: Stack, *bodies: str, queue: str) -> tuple[list[str], str]:
    """Call the worker as Lambda does for a queue; return the bodies that it leaves there, and its log."""
    sqs = stack.aws.client("sqs")
    source = sqs.get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=["QueueArn"])
    ids = {str(uuid.uuid4()): body for body in bodies}
    records = [
        {
            "messageId": name,
            "body": body,
            "attributes": {"SentTimestamp": str(int(time.time() * 1000) + 1000)},
            "eventSourceARN": source["Attributes"]["QueueArn"],
        }
        for name, body in ids.items()
    ]
    answer, log = invoke(stack, stack.outputs["FunctionName"], {"Records": records})
    assert answer is not None, log
    return [ids[each["itemIdentifier"]] for each in answer["batchItemFailures"]], log


def look(stack: Stack, name: str) -> bool:
    """Let the worker look at a target or at unknown buckets; tell whether it could."""
    return not work(stack, wake_body(name), queue="WakeQueueUrl")


def survey(stack: Stack) -> Any:
    """Survey now, as if none had been asked for before; return the function's answer, None where it fails."""
    stack.aws.client("dynamodb").delete_item(TableName=stack.outputs["TableName"], Key=SURVEY)
    return invoke(stack, stack.outputs["SurveyFunctionName"], {})[0]


def sweep(stack: Stack) -> Any:
    """Sweep now; return the function's answer, None where it fails."""
    return invoke(stack, stack.outputs["SweepFunctionName"], {})[0]


def watch(stack: Stack) -> Any:
    """Look after the buckets now; return the function's answer, None where it fails."""
    return invoke(stack, stack.outputs["WatchFunctionName"], {})[0]


def subscribe(stack: Stack, buckets: list[str], eventbridge: list[str]) -> dict[str, Any]:
    """Call the subscription function as CloudFormation does; return what it answers."""
    answers: list[dict[str, Any]] = []
    answered = threading.Event()

    def take(request: Request, _: Forward) -> Answer:
        answers.append(json.loads(request.body))
        answered.set()
        return Answer(200, {}, b"")

    with Proxy(take, upstream="") as cloudformation:
        event = {
            "RequestType": "Create",
            "StackId": "arn:aws:cloudformation:eu-central-1:000000000000:stack/cloudfront-invalidator/1",
            "RequestId": "r",
            "LogicalResourceId": "BucketSubscriptions",
            "ResponseURL": cloudformation.endpoint,
            "ResourceProperties": {
                "Buckets": buckets,
                "EventBridgeBuckets": eventbridge,
                "QueueArn": stack.outputs["QueueArn"],
                "TableName": stack.outputs["TableName"],
            },
        }
        stack.aws.client("lambda").invoke(FunctionName=stack.subscription, Payload=json.dumps(event).encode())
        assert answered.wait(60)
    (answer,) = answers
    return answer


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
