"""Distributions for tests: as CreateDistribution takes them, and as `aws cloudfront get-distribution` prints them."""

import json
from pathlib import Path
from typing import Any

import boto3

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # AWS's managed policy: no query strings


def config(
    *hosts: str,
    path: str = "",
    enabled: bool = True,
    root: str = "",
    policy: str = OPTIMIZED,
    behaviors: tuple[tuple[str, str], ...] = (),
) -> dict[str, Any]:
    """A DistributionConfig: one origin for each host ("o0", "o1", …), the first behind the default behavior.

    Args:
        behaviors: (path pattern, origin's id).
    """

    def behavior(origin: str) -> dict[str, Any]:
        return {"TargetOriginId": origin, "ViewerProtocolPolicy": "allow-all", "CachePolicyId": policy}

    return {
        "CallerReference": f"{hosts}{path}{policy}",
        "Comment": "",
        "Enabled": enabled,
        "DefaultRootObject": root,
        "Origins": {
            "Quantity": len(hosts),
            "Items": [
                {"Id": f"o{at}", "DomainName": host, "OriginPath": path} | _kind(host)
                for at, host in enumerate(hosts)
            ],
        },
        "DefaultCacheBehavior": behavior("o0"),
        "CacheBehaviors": {
            "Quantity": len(behaviors),
            "Items": [behavior(origin) | {"PathPattern": pattern} for pattern, origin in behaviors],
        },
    }


def _kind(host: str) -> dict[str, Any]:
    if ".s3." in host:
        return {"S3OriginConfig": {"OriginAccessIdentity": ""}}
    return {"CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}}


def write(folder: Path, identifier: str, document: dict[str, Any]) -> str:
    """Write what `aws cloudfront get-distribution` prints; returns the file's name."""
    file = folder / f"{identifier}.json"
    printed = {
        "ETag": "E",
        "Distribution": {"Id": identifier, "Status": "Deployed", "DistributionConfig": document},
    }
    file.write_text(json.dumps(printed))
    return str(file)


def create(document: dict[str, Any]) -> str:
    """Create a distribution in the account of the test; returns its id."""
    created = boto3.client("cloudfront").create_distribution(DistributionConfig=document)
    return str(created["Distribution"]["Id"])
