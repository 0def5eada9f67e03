"""Buckets, distributions and uploads, as the people who use the stack make them."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.demo.proof import Changed
from infra.local.ministack import REGION

CACHING_OPTIMIZED = (
    "658327ea-f89d-4fab-a63d-7e88639e58f6"  # AWS's managed policy: no query strings in the key
)
UPLOADS_AT_ONCE = 8

# What real buckets hold, and what real encoders get wrong.
ODD_KEYS = (
    "a file with spaces.html",
    "sums/1+1=2.txt",
    "sums/1%2B1.txt",
    "50% off.html",
    "emoji/🎉/party 🎈.png",
    "ümlaut/straße.css",
    "docs/index.html",
    "index.html",
    "home/~tilde/index.html",
    "backup/notes.txt~",
    "quotes/'single' & (round).js",
    'quotes/"double" <angle>.js',
    "semi;colon,comma=equal@at$dollar!.txt",
    "deep/er/and/deep/er/still/x.json",
    "CASE/Sensitive.TXT",
    "case/sensitive.txt",
)


def plain_keys(count: int, directories: int = 12) -> list[str]:
    """Keys as a site's build makes them."""
    return [f"assets/{number % directories}/chunk-{number:05d}.js" for number in range(count)]


def make_bucket(aws: Any, name: str) -> None:
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_distribution(aws: Any, bucket: str, origin_path: str = "", policy: str = CACHING_OPTIMIZED) -> str:
    """Make an enabled distribution of a bucket; return its id."""
    origin = {
        "Id": "bucket",
        "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
        "OriginPath": origin_path,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    made = aws.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": f"{bucket}{origin_path}{policy}",
            "Comment": bucket,
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "bucket",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": policy,
            },
        }
    )
    identifier: str = made["Distribution"]["Id"]
    return identifier


def put(s3: Any, bucket: str, key: str, body: bytes = b"x", **more: Any) -> Changed:
    """Write an object; return the change, dated by S3."""
    s3.put_object(Bucket=bucket, Key=key, Body=body, **more)
    return Changed(key, _written(s3, bucket, key)[key])


def _written(s3: Any, bucket: str, prefix: str = "") -> dict[str, float]:
    """Key → when S3 wrote it; this one lists milliseconds. Its answer may come after the invalidation already."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {
        each["Key"]: each["LastModified"].timestamp() for page in pages for each in page.get("Contents", ())
    }


def remove(s3: Any, bucket: str, key: str) -> Changed:
    s3.delete_object(Bucket=bucket, Key=key)
    return Changed(key, time.time())


def upload(s3: Any, bucket: str, keys: Iterable[str]) -> list[Changed]:
    """Write objects, several at a time."""
    uploaded = list(keys)
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"x"), uploaded))
    written = _written(s3, bucket)
    return [Changed(key, written[key]) for key in uploaded]
