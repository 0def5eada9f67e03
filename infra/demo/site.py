"""The demo's site: a bucket, two distributions of it, and uploads to it."""

import mimetypes
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.demo.proof import Changed
from infra.local.ministack import REGION

BUCKET = "demo-site"
# One distribution serves the whole bucket, the other a part of it at its root.
ORIGIN_PATHS = ("", "/ckeditor/plugins")
# As many as `aws s3 sync` has.
UPLOADS_AT_ONCE = 10


def make_bucket(s3: Any) -> None:
    """Make the bucket."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_distribution(cloudfront: Any, origin_path: str, bucket: str = BUCKET) -> str:
    """Make a distribution of the bucket and return its id."""
    config = {
        "CallerReference": f"{bucket}{origin_path}",
        "Comment": f"demo, OriginPath {origin_path or '/'}",
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "bucket",
                    "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
                    "OriginPath": origin_path,
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",  # Managed-CachingOptimized
        },
    }
    distribution: str = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    return distribution


def put(s3: Any, key: str, body: bytes, done: Callable[[Changed], None]) -> None:
    """Put one object; `done` is told of it when S3 has answered."""
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    done(Changed(key, time.time()))


def upload(s3: Any, tree: Path, keys: Iterable[str], done: Callable[[Changed], None]) -> None:
    """Put files in bulk, several at once; `done` is told of each when S3 has answered."""

    def put(key: str) -> None:
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        s3.put_object(Bucket=BUCKET, Key=key, Body=(tree / key).read_bytes(), ContentType=kind)
        done(Changed(key, time.time()))

    _all_at_once(put, keys)


def remove(s3: Any, keys: Iterable[str], done: Callable[[Changed], None]) -> None:
    """Delete objects, several at once."""

    def delete(key: str) -> None:
        s3.delete_object(Bucket=BUCKET, Key=key)
        done(Changed(key, time.time()))

    _all_at_once(delete, keys)


def _all_at_once(do: Callable[[str], None], keys: Iterable[str]) -> None:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        for future in [pool.submit(do, key) for key in keys]:
            future.result()
