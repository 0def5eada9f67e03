"""Notifications as the four roads deliver them, written from AWS's documented examples and not from the reader."""

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus

# 2026-11-23T12:00:00Z: when the changes of these tests happened, and when SQS took the messages.
CHANGED = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
SENT = CHANGED + 2.0


def stamp(at: float) -> str:
    """The time as S3 writes it, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def s3_record(
    key: str, bucket: str = "site", at: float = CHANGED, name: str = "ObjectCreated:Put", **changes
):
    """One record; the key is encoded as S3 does it: form-encoded, `/` left alone."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": stamp(at),
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDA"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "0", "x-amz-id-2": "0"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "invalidator",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(key, safe="/", errors="surrogateescape"),
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
        **changes,
    }


def direct(*keys: str, **changes) -> str:
    """S3 straight to SQS, or through SNS with raw delivery: the same text."""
    return json.dumps({"Records": [s3_record(key, **changes) for key in keys]})


def through_sns(*keys: str, **changes) -> str:
    """S3 through SNS, wrapped."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "dc1e94d9-56c5-5e96-808d-cc7f68faa162",
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:topic",
            "Subject": "Amazon S3 Notification",
            "Message": direct(*keys, **changes),
            "Timestamp": stamp(CHANGED + 1),
            "SignatureVersion": "1",
        }
    )


def through_eventbridge(
    key: str, bucket: str = "site", at: float = CHANGED, kind: str = "Object Created"
) -> str:
    """S3 through EventBridge: the key is not encoded, the time is in whole seconds."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "111122223333",
            "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket},
                "object": {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184"},
                "request-id": "N4N7GDK58NMKJ12R",
                "reason": "PutObject",
            },
        }
    )


TEST_EVENT = json.dumps(
    {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": stamp(CHANGED),
        "Bucket": "site",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
    }
)
