"""S3's objects as a memory asks for them, on moto."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from invalidator.aws.objects import S3Objects
from invalidator.core.remembering.head import Absent, HeadError, Seen, read_head, same_for_viewers
from invalidator.failures import Failure

HEADERS = {
    "date": "Mon, 23 Nov 2026 12:00:05 GMT",
    "last-modified": "Mon, 23 Nov 2026 11:59:00 GMT",
    "etag": '"0cc175b9c0f1b6a831c399e269772661"',
    "content-length": "1",
    "content-type": "text/html",
    "x-amz-checksum-crc64nvme": "AAAA",
    "x-amz-checksum-type": "FULL_OBJECT",
    "x-amz-version-id": "v1",
}


def _dated(parsed: dict[str, Any], **_: Any) -> None:
    """S3 dates each answer [HTTP, 6.6.1]; moto does not."""
    headers = parsed["ResponseMetadata"]["HTTPHeaders"]
    headers.setdefault("date", HEADERS["date"])
    headers.pop("x-amzn-requestid", None)  # no header of S3's


@pytest.fixture(scope="module")
def client():
    with mock_aws(config={"core": {"mock_credentials": False}}):
        client: Any = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.meta.events.register("after-call.s3.HeadObject", _dated)
        client.create_bucket(Bucket="site")
        client.put_object(Bucket="site", Key="a b+c.html", Body=b"one", ContentType="text/html")
        client.put_object(Bucket="site", Key="b.css", Body=b"two", Metadata={"x-y": "1"})
        yield client


def test_an_object_is_seen_with_its_headers_and_one_that_is_not_there_is_absent(client):
    objects = S3Objects(client)
    got = dict(objects.heads("site", ["a b+c.html", "no", "b.css"]))
    page, style = got["a b+c.html"], got["b.css"]
    assert isinstance(page, Seen)
    assert isinstance(style, Seen)
    assert (page.size, page.etag) == (3, "f97c5d29941bfb1b2fdab0874906ab82")
    assert isinstance(got["no"], Absent)
    assert not same_for_viewers(page, style)


@pytest.mark.parametrize(
    "header", [{"ContentType": "text/plain"}, {"CacheControl": "no-cache"}, {"Metadata": {"a": "1"}}]
)
def test_another_header_is_another_object_for_viewers(client, header):
    objects = S3Objects(client)
    given = {"ContentType": "text/html"}
    seen = []
    for more in ({}, {}, header):
        client.put_object(Bucket="site", Key="headers", Body=b"x", **given | more)
        seen += [each for _, each in objects.heads("site", ["headers"])]
    client.delete_object(Bucket="site", Key="headers")
    assert same_for_viewers(seen[0], seen[1])
    assert not same_for_viewers(seen[1], seen[2])


def test_the_keys_come_in_order(client):
    assert S3Objects(client).page("site", "") == (["a b+c.html", "b.css"], False)
    assert S3Objects(client).page("site", "a b+c.html") == (["b.css"], False)
    with pytest.raises(Failure, match="NoSuchBucket"):
        S3Objects(client).page("gone", "")


@pytest.mark.parametrize(("code", "status"), [("403", 403), ("SlowDown", 503), ("400", 400)])
def test_what_s3_refuses_is_a_failure(code, status):
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        stub.add_client_error("head_object", code, "why", status)
        ((_, answer),) = S3Objects(client).heads("site", ["a"])
    assert isinstance(answer, Failure)


def test_every_header_that_viewers_get_counts():
    seen = read_head(HEADERS)
    assert (seen.date - seen.modified, seen.etag, seen.size) == (65, "0cc175b9c0f1b6a831c399e269772661", 1)
    assert (seen.checksum, seen.version, seen.archived) == ("", "v1", False), "its ETag tells the bytes"
    for header in ("content-encoding", "x-amz-meta-a", "x-amz-website-redirect-location", "x-of-tomorrow"):
        assert not same_for_viewers(seen, read_head({**HEADERS, header: "1"}))
    for header in (
        "x-amz-request-id",
        "x-amzn-requestid",
        "x-amz-expiration",
        "x-amz-replication-status",
        "x-amz-restore",
    ):
        assert same_for_viewers(seen, read_head({**HEADERS, header: "1"}))


def test_an_etag_of_a_kms_key_differs_each_time_and_the_checksum_tells():
    before = {**HEADERS, "x-amz-server-side-encryption": "aws:kms"}
    again = {**before, "etag": '"other"'}
    assert same_for_viewers(read_head(before), read_head(again))
    assert not same_for_viewers(read_head(before), read_head({**again, "x-amz-checksum-crc64nvme": "BBBB"}))
    composite = {**again, "x-amz-checksum-type": "COMPOSITE"}
    assert not same_for_viewers(read_head(before), read_head(composite))


@pytest.mark.parametrize("storage", ["GLACIER", "DEEP_ARCHIVE"])
def test_what_viewers_cannot_read_is_never_the_same(storage):
    seen = read_head({**HEADERS, "x-amz-storage-class": storage})
    assert seen.archived
    assert not same_for_viewers(seen, seen)


@pytest.mark.parametrize("header", ["date", "etag", "last-modified", "content-length"])
def test_an_answer_that_lacks_a_header_names_it(header):
    with pytest.raises(HeadError, match=header):
        read_head({name: value for name, value in HEADERS.items() if name != header})
    if header != "etag":
        with pytest.raises(HeadError, match=r"can(not)? be read"):
            read_head({**HEADERS, header: "nonsense"})
