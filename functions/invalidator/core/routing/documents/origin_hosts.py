"""Which S3 bucket stands behind an origin's host name."""

import re
from dataclasses import dataclass

_REGION = r"[a-z]+(?:-[a-z]+)*-\d+"
# aws-behaviour.md, "Hosts of an S3 origin". Greedy on the bucket, because its name may hold dots and even
# "s3".
_S3_HOST = re.compile(
    rf"""
    (?P<bucket>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)
    \.(?:
        (?P<website>s3-website[.-]{_REGION})  # first: "website-us-east-1" looks like a region
      | s3(?:[.-]{_REGION})?
      | s3\.dualstack\.{_REGION}
      | s3-fips\.(?:dualstack\.)?{_REGION}
      | s3-accelerate(?:\.dualstack)?
    )
    \.amazonaws\.(?:com|com\.cn|eu)
    """,
    re.VERBOSE,
)
# The same without a bucket: then the OriginPath begins with it.
_PATH_STYLE_HOST = re.compile(
    rf"(?:s3(?:[.-](?!website){_REGION})?|s3\.dualstack\.{_REGION}|s3-fips\.(?:dualstack\.)?{_REGION})"
    r"\.amazonaws\.(?:com|com\.cn|eu)"
)
_BUCKET_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
# Endings that S3 reserves: no bucket of anybody's is called so.
_ALIASES = {
    "-s3alias": "an access point alias",
    "--ol-s3": "an Object Lambda access point",
    ".mrap": "a multi-region access point",
}
_OTHER_S3_HOSTS = (
    (".accesspoint.s3-global.", "a multi-region access point"),
    (".s3-accesspoint", "an access point"),
    (".s3-object-lambda", "an Object Lambda access point"),
    (".s3-outposts", "an S3 on Outposts access point"),
    (".execute-api.", "an API of API Gateway"),
    (".lambda-url.", "the URL of a Lambda function"),
)


# Hosts of services that render what they answer: no OriginPath of theirs is a folder of keys.
_RENDERING = (".elb.amazonaws.com", ".execute-api.", ".lambda-url.")


def never_a_bucket(domain: str) -> bool:
    """Whether the host is a service's that is no bucket under another name: a load balancer, an API, a function."""
    return any(mark in domain.lower() for mark in _RENDERING)


@dataclass(frozen=True, slots=True)
class HostMatch:
    """What an origin's host name says.

    Attributes:
        bucket: the bucket's name, None where the host does not reveal it.
        website: whether it is an S3 website endpoint.
        hidden: why there is no bucket, for people ("an access point alias"); "" when there is one.
        path_style: whether the OriginPath begins with the bucket's name.
    """

    bucket: str | None
    website: bool = False
    hidden: str = ""
    path_style: bool = False


def bucket_of(domain: str, origin_path: str = "") -> HostMatch:
    """Read the bucket from an origin's host name, or from its OriginPath where the host is S3's own.

    Every virtual-hosted form in aws-behaviour.md "Hosts of an S3 origin" is known: global, regional (dot and
    dash), dualstack, FIPS, accelerate and website, in the standard, China and EU sovereign partitions. Hosts
    are compared as DNS does, without regard to case. Access points, their aliases and any other name (a
    CNAME, a load balancer, a multi-tenant `{{parameter}}`) hide the bucket: people pin those routes.

    Path-style hosts (`s3.REGION.amazonaws.com` with OriginPath `/BUCKET/folder`) name it in the OriginPath
    (aws-behaviour.md "Distributions"); without one, each viewer's path names a bucket.
    """
    host = domain.lower().removesuffix(".")
    if _PATH_STYLE_HOST.fullmatch(host):
        bucket = origin_path.strip("/").partition("/")[0]
        if _BUCKET_NAME.fullmatch(bucket):
            return HostMatch(bucket, path_style=True)
        return HostMatch(None, hidden="S3's own host, and no OriginPath names the bucket")
    match = _S3_HOST.fullmatch(host)
    if match is None:
        for mark, what in _OTHER_S3_HOSTS:
            if mark in host:
                return HostMatch(None, hidden=what)
        return HostMatch(None, hidden="not the host name of an S3 bucket")
    bucket = match["bucket"]
    for ending, what in _ALIASES.items():
        if bucket.endswith(ending):
            return HostMatch(None, hidden=what)
    return HostMatch(bucket, website=match["website"] is not None)
