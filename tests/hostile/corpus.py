"""Inputs to begin from: valid ones of each road, and each one that once broke something or was built to."""

import json
import zlib
from dataclasses import asdict

from invalidator.core.routing.target import TargetRoutes
from tests.notifications import TEST_EVENT, direct, through_eventbridge, through_sns

ESCAPES = "a\nb\x1b[31m\x07\u2028\u202e\x9b\u0085\x7f"
COMPACT = {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/a": 1.0}, "attempts": 1}
CONFIG = {
    "Id": "E1",
    "DistributionConfig": {
        "Origins": {"Items": [{"Id": "o", "DomainName": "site.s3.amazonaws.com", "OriginPath": "/v1"}]},
        "DefaultCacheBehavior": {"TargetOriginId": "o"},
        "CacheBehaviors": {"Items": [{"PathPattern": "/img/*", "TargetOriginId": "o"}]},
        "DefaultRootObject": "index.html",
    },
}
EVENT = {
    "RequestType": "Create",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/my-stack/9f1",
    "RequestId": "r",
    "LogicalResourceId": "BucketSubscriptions",
    "ResourceProperties": {
        "Buckets": ["site"],
        "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:queue",
    },
}


def packed_routes() -> bytes:
    from tests.hostile.targets import SITE  # noqa: PLC0415  the targets are not needed for the rest

    return zlib.compress(json.dumps(asdict(TargetRoutes("E1", (SITE,), "1", 0.0))).encode())


def corpus() -> list[bytes]:
    """Every input, as bytes."""
    texts = [
        "", "null", "[]", "{}", "1", '"a"', direct("a.html"), direct("\u20ac ~*/../x", ESCAPES), direct("a" * 1024),
        direct("a" * 100_000), through_sns("a"), through_eventbridge("a b"), through_eventbridge(ESCAPES), TEST_EVENT,
        json.dumps(COMPACT), json.dumps(COMPACT | {"attempts": -5}), json.dumps(COMPACT | {"paths": {"/*": 1e300}}),
        json.dumps(COMPACT | {"paths": {"/%C3%A9?*": -1}}), '{"invalidator":1,"bucket":"b","keys":{"a+%FF":1}}',
        '{"invalidator":1,"bucket":"b","keys":{"a":1},"attempts":' + "9" * 4300 + "}",
        json.dumps(CONFIG), json.dumps({"Distribution": CONFIG}), json.dumps(CONFIG | {"Id": ESCAPES}),
        json.dumps(EVENT),
        json.dumps(EVENT | {"ResourceProperties": 7}), json.dumps(EVENT | {"StackId": ["a"]}),
        json.dumps(EVENT | {"ResourceProperties": {"Buckets": ["\u00e9" * 5000]}}),
        json.dumps(EVENT | {"RequestType": "\U0001f4a5" * 3000}),
        '{"bucket": 1, "distribution": []}', '{"bucket": "b", "distribution": "E1"}', "9" * 400 + "#I1", "1e999", "nan",
        "[" * 100_000, '{"a":' * 100_000, '{"Records":[' * 500,
        "*a" * 100 + "\n" + "a" * 1000, "*?" * 2000 + "\n" + "b" * 2000,
        "s3." * 2000, "a.s3-website-" + "a-" * 2000, "/" + "%" * 3000, "\n".join("a" * n for n in range(1, 300)),
        ESCAPES,
    ]  # fmt: skip
    lead_bytes = b"\n".join(b"\xc3" * 1000 + bytes([48 + n]) for n in range(6))
    raw = [lead_bytes, b"\xff\xfe\x00", b"\x80" * 1000, packed_routes(), zlib.compress(b"\n" * 30_000_000)]
    return [text.encode() for text in texts] + raw
