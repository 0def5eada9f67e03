"""S3's errors and surprises, as they come over the wire, put in words a person can act on."""

import functools

import boto3
import botocore.awsrequest
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.document import sends_to_eventbridge
from bucket_subscription.errors import RefusedError, RejectedError, UnreachableError, UnsettledError
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT

OURS = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Raw:
    """A body as urllib3 would give it."""

    def __init__(self, body):
        self._body = body

    def stream(self, **_):
        yield self._body


@functools.cache
def the_client():
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("s3", region_name="eu-west-1", config=config, **keys)


class Wire:
    """Answers each request with the next of the given answers, and keeps the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.fault = None  # raised instead of an answer, once those given are used up
        # One client for all tests, as making one takes longer than a test; the last Wire answers it.
        client = the_client()
        client.meta.events.unregister("before-send.s3", unique_id="wire")
        client.meta.events.register("before-send.s3", self._send, unique_id="wire")
        self.notifications = S3Notifications(client, ACCOUNT)

    def _send(self, request, **_):
        self.requests.append(request)
        if self.fault and not self.answers:
            raise self.fault
        status, body, headers = self.answers.pop(0)
        return botocore.awsrequest.AWSResponse(request.url, status, headers, Raw(body.encode()))


def error(status, code, message="", detail=""):
    return status, f"<Error><Code>{code}</Code><Message>{message}</Message>{detail}</Error>", {}


def ok(body="", **headers):
    return 200, body, headers


@pytest.mark.parametrize(
    ("answer", "kind", "line"),
    [
        (error(404, "NoSuchBucket"), UnreachableError, "no bucket 'site'; check its name"),
        (
            error(503, "SlowDown", "Reduce"),
            UnsettledError,
            "bucket 'site': S3 answered SlowDown: Reduce; run it again",
        ),
        (
            error(409, "OperationAborted", "Busy"),
            UnsettledError,
            "S3 answered OperationAborted: Busy; run it again",
        ),
        (error(500, "InternalError"), UnsettledError, "run it again"),
        (
            error(400, "MalformedXML", "odd"),
            RefusedError,
            "S3 refused PutBucketNotificationConfiguration: MalformedXML: odd",
        ),
        (
            error(403, "AccessDenied"),
            UnreachableError,
            "allow s3:GetBucketNotification and s3:PutBucketNotification on it",
        ),
        (
            error(
                400,
                "InvalidArgument",
                "Configuration is ambiguously defined. Cannot have overlapping suffixes.",
            ),
            RefusedError,
            "ambiguously defined",
        ),
    ],
)
def test_an_error_of_s3_on_writing_says_what_to_do(answer, kind, line):
    with pytest.raises(kind) as raised:
        Wire(answer).notifications.write("site", {}, validate=True)
    assert line in str(raised.value)
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (
            "",
            f"<ArgumentName1>{OURS}</ArgumentName1><ArgumentValue1>The queue does not exist</ArgumentValue1>",
        ),
        (f": {OURS}, arn:aws:sns:eu-west-1:1:t", ""),
    ],
)
def test_a_destination_that_s3_cannot_reach_is_named(message, detail):
    text = f"Unable to validate the following destination configurations{message}"
    with pytest.raises(RejectedError) as raised:
        Wire(error(400, "InvalidArgument", text, detail)).notifications.write("site", {}, validate=True)
    assert raised.value.arns[0] == OURS
    assert OURS in str(raised.value)
    assert "check its policy and its key" in str(raised.value)


def test_the_region_is_read_even_where_s3_refuses_the_caller():
    assert Wire((403, "", {"x-amz-bucket-region": "us-west-2"})).notifications.region("site") == "us-west-2"
    assert Wire((403, "", {})).notifications.region("site") is None


def test_a_bucket_of_another_account_is_told_from_one_without_permission():
    open_to_us = Wire(error(403, "AccessDenied"), ok(f"<NotificationConfiguration {NAMESPACE}/>"))
    with pytest.raises(UnreachableError, match=f"bucket 'site' is not of account {ACCOUNT}"):
        open_to_us.notifications.read("site")
    closed = Wire(error(403, "AccessDenied"), error(403, "AccessDenied"))
    with pytest.raises(UnreachableError, match="no access to the notification of bucket 'site'") as raised:
        closed.notifications.read("site")
    assert raised.value.denied


def test_a_bucket_that_is_closed_and_then_does_not_answer_is_said_to_be_closed():
    wire = Wire(error(403, "AccessDenied"))
    wire.fault = ReadTimeoutError(endpoint_url="https://s3")
    with pytest.raises(UnreachableError, match="no access to the notification of bucket 'site'"):
        wire.notifications.read("site")


def test_the_owner_is_named_in_each_call_so_that_a_foreign_bucket_of_the_name_is_not_changed():
    wire = Wire(ok(f"<NotificationConfiguration {NAMESPACE}/>"), ok())
    wire.notifications.read("site")
    wire.notifications.write("site", {}, validate=True)
    assert [request.headers["x-amz-expected-bucket-owner"] for request in wire.requests] == [
        ACCOUNT.encode()
    ] * 2


@pytest.mark.parametrize(("validate", "skip"), [(True, b"false"), (False, b"true")])
def test_s3_is_told_whether_to_test_the_destinations(validate, skip):
    wire = Wire(ok())
    wire.notifications.write("site", {}, validate=validate)
    assert wire.requests[0].headers["x-amz-skip-destination-validation"] == skip


def test_eventbridge_is_read_and_written_over_the_wire():
    """moto leaves EventBridge out of its answers, so the wire is the proof."""
    body = f"<NotificationConfiguration {NAMESPACE}><EventBridgeConfiguration/></NotificationConfiguration>"
    wire = Wire(ok(body), ok())
    document = wire.notifications.read("site")
    assert sends_to_eventbridge(document)
    wire.notifications.write("site", document, validate=False)
    assert b"<EventBridgeConfiguration" in wire.requests[1].body


@pytest.mark.parametrize(
    "body",
    [
        "<FutureConfiguration><Id>x</Id></FutureConfiguration>",
        "<QueueConfiguration><Id>x</Id><Queue>q</Queue><Event>e</Event><Batching>1</Batching></QueueConfiguration>",
    ],
)
def test_a_notification_of_a_kind_this_version_does_not_know_is_never_written_over(body):
    wire = Wire(ok(f"<NotificationConfiguration {NAMESPACE}>{body}</NotificationConfiguration>"))
    with pytest.raises(
        RefusedError, match=r"(FutureConfiguration|Batching), which this version does not know"
    ):
        wire.notifications.read("site")


@pytest.mark.parametrize("fault", [EndpointConnectionError, ReadTimeoutError])
def test_no_answer_is_worth_another_try(fault):
    wire = Wire()
    wire.fault = fault(endpoint_url="https://s3")
    notifications = wire.notifications
    for call in (
        lambda: notifications.region("site"),
        lambda: notifications.read("site"),
        lambda: notifications.write("site", {}, validate=True),
    ):
        with pytest.raises(UnsettledError, match="S3 did not answer"):
            call()
