"""A bucket and a distribution of it, as people have them."""

from typing import Any

from infra.local.ministack import REGION

# AWS's managed policy CachingOptimized: no query strings in the cache key.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def make_bucket(s3: Any, bucket: str) -> None:
    """Make a bucket."""
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_distribution(cloudfront: Any, origin_path: str, bucket: str) -> str:
    """Make a distribution of a bucket and return its id."""
    config = {
        "CallerReference": f"{bucket}{origin_path}",
        "Comment": f"{bucket}, OriginPath {origin_path or '/'}",
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
            "CachePolicyId": CACHING_OPTIMIZED,
        },
    }
    distribution: str = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    return distribution
