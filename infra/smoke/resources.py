"""The bucket and the distribution that the smoke makes, and removes again."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

PREFIX = "invalidator-smoke-"
# AWS's managed policy CachingOptimized: kept for a day by default, no query strings in the key.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ERROR_PAGE = "404.html"
_POLL_SECONDS = 5.0
# A distribution is in force, or disabled, in some minutes; AWS names no bound.
_MOST_SECONDS = 1800.0

Say = Callable[[str], None]


class SmokeError(Exception):
    """The chain does not work, or the account refuses something; the text says what."""


@dataclass(frozen=True)
class Made:
    """What stands in the account.

    Attributes:
        name: of the bucket, and the comment of the distribution.
        distribution: its id.
        host: its domain name.
    """

    name: str
    distribution: str
    host: str


class Resources:
    """Makes and removes a site: a bucket, an origin access control and a distribution, all of one name."""

    def __init__(
        self, client: Callable[[str], Any], region: str, say: Say, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Take what makes an SDK client of a service, the Region, where to tell progress, and how to wait."""
        self._s3, self._cloudfront, self._sts = client("s3"), client("cloudfront"), client("sts")
        self._region, self._say, self._pause = region, say, pause

    @property
    def s3(self) -> Any:
        """The client of S3."""
        return self._s3

    @property
    def cloudfront(self) -> Any:
        """The client of CloudFront."""
        return self._cloudfront

    def make(self, name: str) -> Made:
        """Make the site and return it as soon as the distribution is in force.

        Raises:
            SmokeError: the distribution is not in force in half an hour.
            ClientError: AWS refuses; what was made so far is found by `left`.
        """
        where = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        self._s3.create_bucket(Bucket=name, **({} if self._region == "us-east-1" else where))
        control = self._cloudfront.create_origin_access_control(
            OriginAccessControlConfig={
                "Name": name,
                "SigningProtocol": "sigv4",
                "SigningBehavior": "always",
                "OriginAccessControlOriginType": "s3",
            }
        )["OriginAccessControl"]["Id"]
        made = self._cloudfront.create_distribution(DistributionConfig=self._config(name, control))[
            "Distribution"
        ]
        self._let_read(name, made["ARN"])
        self._when_deployed(made["Id"], "the distribution comes into force")
        return Made(name, made["Id"], made["DomainName"])

    def left(self) -> list[str]:
        """Return the names of what earlier runs left, sorted."""
        buckets = [each["Name"] for each in self._s3.list_buckets()["Buckets"]]
        distributions = [each["Comment"] for each in self._distributions()]
        return sorted({name for name in (*buckets, *distributions) if name.startswith(PREFIX)})

    def remove(self, name: str) -> None:
        """Remove the site of a name, whatever of it stands.

        Raises:
            SmokeError: the distribution is not disabled in half an hour: run it again.
        """
        for each in self._distributions():
            if each["Comment"] == name:
                self._remove_distribution(each["Id"])
        for each in self._controls():
            if each["Name"] == name:
                tag = self._cloudfront.get_origin_access_control(Id=each["Id"])["ETag"]
                self._cloudfront.delete_origin_access_control(Id=each["Id"], IfMatch=tag)
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=name):
                for found in page.get("Contents", []):
                    self._s3.delete_object(Bucket=name, Key=found["Key"])
            self._s3.delete_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
        self._say(f"removed: {name}")

    def _config(self, name: str, control: str) -> dict[str, Any]:
        origin = {
            "Id": "bucket",
            "DomainName": f"{name}.s3.{self._region}.amazonaws.com",
            "OriginAccessControlId": control,
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        return {
            "CallerReference": name,
            "Comment": name,
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "bucket",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": CACHING_OPTIMIZED,
            },
            "CustomErrorResponses": {
                "Quantity": 1,
                "Items": [
                    {
                        "ErrorCode": 404,
                        "ResponsePagePath": f"/{ERROR_PAGE}",
                        "ResponseCode": "404",
                        "ErrorCachingMinTTL": 3600,
                    }
                ],
            },
        }

    def _let_read(self, name: str, distribution_arn: str) -> None:
        # ListBucket: without it S3 answers 403, not 404, for an object that is not there.
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            "Condition": {"StringEquals": {"AWS:SourceArn": distribution_arn}},
        }
        self._s3.put_bucket_policy(
            Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )

    def _distributions(self) -> list[dict[str, Any]]:
        pages = self._cloudfront.get_paginator("list_distributions").paginate()
        return [each for page in pages for each in page["DistributionList"].get("Items", [])]

    def _controls(self) -> list[dict[str, Any]]:
        found: dict[str, Any] = self._cloudfront.list_origin_access_controls(MaxItems="100")
        items: list[dict[str, Any]] = found["OriginAccessControlList"].get("Items", [])
        return items

    def _remove_distribution(self, identifier: str) -> None:
        got = self._cloudfront.get_distribution_config(Id=identifier)
        if got["DistributionConfig"]["Enabled"]:
            config = {**got["DistributionConfig"], "Enabled": False}
            self._cloudfront.update_distribution(
                Id=identifier, IfMatch=got["ETag"], DistributionConfig=config
            )
        self._when_deployed(identifier, "the distribution is switched off")
        tag = self._cloudfront.get_distribution_config(Id=identifier)["ETag"]
        self._cloudfront.delete_distribution(Id=identifier, IfMatch=tag)

    def _when_deployed(self, identifier: str, what: str) -> None:
        waited = 0.0
        while self._cloudfront.get_distribution(Id=identifier)["Distribution"]["Status"] != "Deployed":
            if waited >= _MOST_SECONDS:
                raise SmokeError(f"{what}: not in {_MOST_SECONDS / 60:.0f} minutes ({identifier})")
            if not waited % 60:
                self._say(f"{what} (some minutes); waited {waited / 60:.0f} min")
            self._pause(_POLL_SECONDS)
            waited += _POLL_SECONDS
