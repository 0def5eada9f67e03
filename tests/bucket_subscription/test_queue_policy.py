"""Whether the queue's policy and key let S3 in is known before anything is written."""

import contextlib
import json

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from bucket_subscription.errors import RefusedError, UnsettledError
from bucket_subscription.names import read_queue_arn
from bucket_subscription.policy import Caller, Verdict, verdict
from bucket_subscription.queue_access import SqsQueueAccess
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, QUEUE

CALLER = Caller(ACCOUNT, "arn:aws:s3:::site")
ACCOUNT_IS_OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
ANY_BUCKET = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}


def allow(condition=None, **changes):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE.arn,
        **changes,
    }
    return {**statement, "Condition": condition} if condition else statement


DENY_PLAIN = allow({"Bool": {"aws:SecureTransport": "false"}}, Effect="Deny", Principal="*", Action="sqs:*")


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([allow({**ACCOUNT_IS_OURS, **ANY_BUCKET})], Verdict.ALLOWED),
        ([allow({**ACCOUNT_IS_OURS, **ANY_BUCKET}), DENY_PLAIN], Verdict.ALLOWED),
        ([allow({"Bool": {"aws:SecureTransport": True}})], Verdict.ALLOWED),
        ([allow()], Verdict.ALLOWED),
        ([allow(Principal="*", Action=["sqs:*"])], Verdict.ALLOWED),
        ([allow(Principal={"AWS": "*"}, Action="SQS:Send*")], Verdict.ALLOWED),
        (
            [allow({"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::blog", "arn:aws:s3:::site"]}})],
            Verdict.ALLOWED,
        ),
        ([allow({"ArnLike": {"aws:SourceArn": "arn:*:s3:*:*:si?e"}})], Verdict.ALLOWED),
        ([], Verdict.REFUSED),
        ([allow({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::blog"}})], Verdict.REFUSED),
        ([allow({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::[s]ite"}})], Verdict.REFUSED),
        ([allow({"StringEquals": {"aws:SourceAccount": "999999999999"}})], Verdict.REFUSED),
        ([allow(Principal={"Service": "sns.amazonaws.com"})], Verdict.REFUSED),
        ([allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})], Verdict.REFUSED),
        ([allow(Action="sqs:ReceiveMessage")], Verdict.REFUSED),
        ([allow(Resource=QUEUE.arn + "-other")], Verdict.REFUSED),
        ([allow(), allow(Effect="Deny")], Verdict.REFUSED),
        ([allow({"StringEquals": {"aws:SourceOrgID": "o-1"}})], Verdict.UNSURE),
        ([allow({"DateLessThan": {"aws:CurrentTime": "2030"}, **ACCOUNT_IS_OURS})], Verdict.UNSURE),
    ],
)
def test_a_queue_policy_is_read_as_aws_documents_it(statements, said):
    assert verdict(json.dumps({"Statement": statements}), "sqs:SendMessage", CALLER, QUEUE.arn) is said


def test_no_policy_lets_nobody_in():
    assert verdict(None, "sqs:SendMessage", CALLER, QUEUE.arn) is Verdict.REFUSED


@pytest.fixture(scope="module")
def aws():
    with mock_aws():
        kms = boto3.client("kms", region_name="eu-west-1")
        yield boto3.client("sqs", region_name="eu-west-1"), lambda: kms


def make_queue(sqs, statements, **attributes):
    policy = json.dumps({"Statement": statements})
    with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE.name)["QueueUrl"])
    sqs.create_queue(QueueName=QUEUE.name, Attributes={"Policy": policy, **attributes})


def test_a_queue_that_lets_s3_in_has_no_problem_and_no_doubts(aws):
    make_queue(aws[0], [allow({**ACCOUNT_IS_OURS, **ANY_BUCKET})])
    access = SqsQueueAccess(*aws)
    assert (access.problem(QUEUE, "site"), access.doubts()) == (None, ())


def test_a_queue_that_shuts_s3_out_says_what_to_allow(aws):
    make_queue(aws[0], [allow({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::blog"}})])
    line = SqsQueueAccess(*aws).problem(QUEUE, "site")
    for part in ("s3.amazonaws.com", "sqs:SendMessage", f"aws:SourceAccount {ACCOUNT}", "arn:aws:s3:::site"):
        assert part in line


def test_conditions_only_aws_can_judge_are_a_doubt_and_no_problem(aws):
    make_queue(aws[0], [allow({"StringEquals": {"aws:SourceOrgID": "o-1"}})])
    access = SqsQueueAccess(*aws)
    assert access.problem(QUEUE, "site") is None
    assert "only AWS can judge" in access.doubts()[0]


def test_a_missing_queue_is_refused(aws):
    gone = read_queue_arn(QUEUE.arn + "-gone")
    with pytest.raises(RefusedError, match=f"no queue {gone.arn}; is the stack deployed"):
        SqsQueueAccess(*aws).problem(gone, "site")


@pytest.mark.parametrize(
    ("key_statement", "problem"),
    [
        (allow(Action=["kms:GenerateDataKey", "kms:Decrypt"], Resource="*"), None),
        (allow(Action=["kms:GenerateDataKey*", "kms:Decrypt"], Resource="*"), None),
        (
            allow(Action="kms:Decrypt", Resource="*"),
            "does not let S3 use kms:GenerateDataKey: allow principal s3.amazonaws",
        ),
        (
            allow(Principal={"AWS": "arn:aws:iam::1:root"}, Action="kms:*", Resource="*"),
            "does not let S3 use",
        ),
    ],
)
def test_a_customer_keys_policy_is_checked(aws, key_statement, problem):
    sqs, kms = aws
    key = kms().create_key(Policy=json.dumps({"Statement": [key_statement]}))["KeyMetadata"]["Arn"]
    make_queue(sqs, [allow()], KmsMasterKeyId=key)
    said = SqsQueueAccess(sqs, kms).problem(QUEUE, "site")
    assert said is None if problem is None else problem in said


def test_the_aws_managed_key_is_refused_since_s3_cannot_use_it(aws):
    make_queue(aws[0], [allow()], KmsMasterKeyId="alias/aws/sqs")
    assert "alias/aws/sqs, which S3 cannot use" in SqsQueueAccess(*aws).problem(QUEUE, "site")


def test_a_key_policy_that_cannot_be_read_is_a_doubt_that_says_what_s3_needs(aws):
    make_queue(aws[0], [allow()], KmsMasterKeyId=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/elsewhere")
    access = SqsQueueAccess(*aws)
    assert access.problem(QUEUE, "site") is None
    assert "kms:GenerateDataKey and kms:Decrypt" in access.doubts()[0]


def test_the_messages_of_the_queue_are_counted_without_receiving_any(aws):
    make_queue(aws[0], [allow()])
    access = SqsQueueAccess(*aws)
    url = aws[0].get_queue_url(QueueName=QUEUE.name)["QueueUrl"]
    aws[0].send_message(QueueUrl=url, MessageBody="x")
    assert access.messages(QUEUE) == 1


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_without_the_right_to_read_the_queue_its_policy_is_a_doubt(code, aws):
    sqs, kms = aws
    with Stubber(sqs) as stub:
        stub.add_client_error("get_queue_attributes", code, http_status_code=403)
        stub.add_client_error("get_queue_attributes", code, http_status_code=403)
        access = SqsQueueAccess(sqs, kms)
        assert access.problem(QUEUE, "site") is None
        assert "allow sqs:GetQueueAttributes" in access.doubts()[0]
        assert access.messages(QUEUE) is None


def test_sqs_failing_is_worth_another_try(aws):
    sqs, kms = aws
    with Stubber(sqs) as stub:
        stub.add_client_error("get_queue_attributes", "InternalError", http_status_code=500)
        with pytest.raises(UnsettledError, match="SQS answered InternalError"):
            SqsQueueAccess(sqs, kms).problem(QUEUE, "site")
