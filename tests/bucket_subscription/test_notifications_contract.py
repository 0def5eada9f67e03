"""The fake S3 and moto's S3 answer the same: what the other tests show on the fake holds over the SDK."""

import boto3
import pytest
from moto import mock_aws

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.document import same
from bucket_subscription.errors import UnreachableError
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, QUEUE, FakeS3, queue_entry

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def moto_client():
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


@pytest.fixture(params=["fake", "moto"])
def notifications(request, moto_client):
    if request.param == "fake":
        return FakeS3(site={})
    moto_client.put_bucket_notification_configuration(Bucket="site", NotificationConfiguration={})
    return S3Notifications(moto_client, ACCOUNT)


DOCUMENT = {
    "QueueConfigurations": [
        queue_entry("one", ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], prefix="a+b/", suffix=".html"),
        queue_entry("two", ["s3:ObjectTagging:*"]),
    ],
    "TopicConfigurations": [queue_entry("three", ["s3:ObjectAcl:Put"], kind="TopicConfigurations")],
    "LambdaFunctionConfigurations": [
        queue_entry("four", ["s3:ObjectCreated:*"], prefix="%C3%BC/", kind="LambdaFunctionConfigurations")
    ],
}


def test_a_bucket_without_notifications_reads_as_an_empty_document(notifications):
    assert same(notifications.read("site"), {})


def test_what_is_written_is_what_is_read(notifications):
    notifications.write("site", DOCUMENT, validate=False)
    assert same(notifications.read("site"), DOCUMENT)


def test_what_was_read_can_be_written_again(notifications):
    notifications.write("site", DOCUMENT, validate=False)
    notifications.write("site", notifications.read("site"), validate=True)
    assert same(notifications.read("site"), DOCUMENT)


def test_a_write_replaces_everything(notifications):
    notifications.write("site", DOCUMENT, validate=False)
    notifications.write("site", {"QueueConfigurations": [DOCUMENT["QueueConfigurations"][0]]}, validate=False)
    assert same(notifications.read("site"), {"QueueConfigurations": [DOCUMENT["QueueConfigurations"][0]]})
    notifications.write("site", {}, validate=False)
    assert same(notifications.read("site"), {})


def test_an_entry_without_an_id_is_given_one(notifications):
    entry = {name: value for name, value in queue_entry("x", ["s3:ObjectCreated:*"]).items() if name != "Id"}
    notifications.write("site", {"QueueConfigurations": [entry]}, validate=False)
    (read,) = notifications.read("site")["QueueConfigurations"]
    assert read["Id"]


def test_a_bucket_names_its_region(notifications):
    assert notifications.region("site") == QUEUE.region


@pytest.mark.parametrize("call", ["region", "read", "write"])
def test_a_missing_bucket_is_unreachable_to_every_call(notifications, call):
    arguments = ({},) if call == "write" else ()
    options = {"validate": False} if call == "write" else {}
    with pytest.raises(UnreachableError, match="no bucket 'nowhere'"):
        getattr(notifications, call)("nowhere", *arguments, **options)
