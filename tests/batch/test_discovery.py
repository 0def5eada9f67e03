"""What a scan makes of CloudFront's answers: the real SDK, with its shapes checked by the Stubber."""

import logging
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin
from invalidator.failures import BackPressure, Permanent, Transient
from tests.cache_policies import cache_policy_config

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # AWS's managed policy: no query strings
NONE = {"Quantity": 0}


def configured(*origins, target="o0", policy=OPTIMIZED, root=""):
    """What a DistributionConfig and a summary share; origins are (host, OriginPath)."""
    return {
        "Comment": "",
        "Enabled": True,
        "Aliases": NONE,
        "CacheBehaviors": NONE,
        "CustomErrorResponses": NONE,
        "PriceClass": "PriceClass_All",
        "Origins": {
            "Quantity": len(origins),
            "Items": [
                {"Id": f"o{at}", "DomainName": host, "OriginPath": path}
                for at, (host, path) in enumerate(origins)
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": target,
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": policy,
        },
    }


def summary(identifier, *origins, enabled=True, mode="direct", staging=False, **more):
    return configured(*origins, **more) | {
        "Id": identifier,
        "ARN": f"arn:aws:cloudfront::123456789012:distribution/{identifier}",
        "Status": "Deployed",
        "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "DomainName": f"{identifier.lower()}.cloudfront.net",
        "Enabled": enabled,
        "ViewerCertificate": {},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": staging,
        "ConnectionMode": mode,
    }


class CloudFront:
    """One account's CloudFront: answers are queued in the order in which a scan asks."""

    def __init__(self):
        self.client = boto3.client(
            "cloudfront", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)
        self.stub.activate()

    def pages(self, *pages):
        for at, items in enumerate(pages):
            last = at == len(pages) - 1
            answer = {"Marker": f"{at}", "MaxItems": 100, "IsTruncated": not last, "Quantity": len(items)}
            answer |= {"Items": items} if items else {}
            answer |= {} if last else {"NextMarker": f"{at + 1}"}
            asked = {"Marker": f"{at}"} if at else {}
            self.stub.add_response("list_distributions", {"DistributionList": answer}, asked)

    def config(self, identifier, *origins, root="", **more):
        document = configured(*origins, **more) | {"CallerReference": "c", "DefaultRootObject": root}
        self.stub.add_response(
            "get_distribution_config", {"DistributionConfig": document}, {"Id": identifier}
        )

    def policy(self, identifier, query_strings):
        self.stub.add_response(
            "get_cache_policy",
            {
                "CachePolicy": {
                    "Id": identifier,
                    "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
                    "CachePolicyConfig": cache_policy_config("n", query_strings),
                }
            },
            {"Id": identifier},
        )

    def refuse(self, operation, code):
        self.stub.add_client_error(operation, code, "said so", 400)

    def discovery(self):
        return CloudFrontDiscovery(CloudFrontClients(lambda service, **credentials: self.client, lambda: 0.0))

    def scan(self, *pins):
        found = self.discovery().scan(pins)
        self.stub.assert_no_pending_responses()
        return {bucket: [each.id for each in routed] for bucket, routed in found.items()}

    def survey(self, *pins):
        found = self.discovery().survey(pins)
        self.stub.assert_no_pending_responses()
        return found


@pytest.fixture
def cloudfront():
    return CloudFront()


def s3(bucket, path=""):
    return (f"{bucket}.s3.eu-west-1.amazonaws.com", path)


def test_every_page_of_the_listing_counts(cloudfront):
    """A page may be empty, and the next one is asked for only when this one is used up."""
    cloudfront.pages(
        [summary("E1", ("cdn.example.com", ""))], [], [summary("E2", s3("site")), summary("E3", s3("blog"))]
    )
    cloudfront.config("E2", s3("site"))
    cloudfront.config("E3", s3("blog"))
    assert cloudfront.scan() == {"site": ["E2"], "blog": ["E3"]}


def test_an_account_without_distributions_has_no_items_at_all(cloudfront):
    cloudfront.pages([])
    assert cloudfront.scan() == {}


def test_disabled_distributions_are_left_out_and_staging_ones_are_not(cloudfront):
    cloudfront.pages([summary("E1", s3("site"), enabled=False), summary("E2", s3("site"), staging=True)])
    cloudfront.config("E2", s3("site"))
    assert cloudfront.scan() == {"site": ["E2"]}


def test_only_the_configuration_has_the_root_object(cloudfront):
    cloudfront.pages([summary("E1", s3("site", "/pub"))])
    cloudfront.config("E1", s3("site", "/pub"), root="home.html")
    (found,) = cloudfront.survey().serving["site"]
    assert (found.root_object, found.origins[0].path) == ("home.html", "/pub")


def test_one_without_a_bucket_is_not_asked_for_and_is_unresolved(cloudfront):
    cloudfront.pages([summary("E1", ("cdn.example.com", ""), ("x-s3alias.s3.amazonaws.com", "/p"))])
    found = cloudfront.survey()
    assert found.serving == {}
    assert [(each.origin, each.origin_path) for each in found.unresolved] == [
        ("cdn.example.com", ""),
        ("x-s3alias.s3.amazonaws.com", "/p"),
    ]


def test_a_multi_tenant_distribution_is_unresolved_and_its_plain_origins_are_served(cloudfront):
    cloudfront.pages([summary("E1", s3("site"), ("{{host}}", ""), mode="tenant-only")])
    cloudfront.config("E1", s3("site"), ("{{host}}", ""))
    found = cloudfront.survey()
    assert list(found.serving) == ["site"]
    assert [each.origin for each in found.unresolved] == ["{{host}}", ""]
    assert "multi-tenant" in found.unresolved[1].why


def test_one_that_is_deleted_between_two_calls_serves_nothing(cloudfront):
    cloudfront.pages([summary("E1", s3("site")), summary("E2", s3("site"))])
    cloudfront.refuse("get_distribution_config", "NoSuchDistribution")
    cloudfront.config("E2", s3("site"))
    assert cloudfront.scan() == {"site": ["E2"]}


def test_a_cache_policy_is_asked_for_once(cloudfront):
    cloudfront.pages([summary("E1", s3("site"), policy="mine"), summary("E2", s3("site"), policy="mine")])
    cloudfront.config("E1", s3("site"), policy="mine")
    cloudfront.policy("mine", "none")
    cloudfront.config("E2", s3("site"), policy="mine")
    found = cloudfront.survey().serving["site"]
    assert [each.behaviors[0].query_strings for each in found] == [False, False]


def test_a_cache_policy_that_may_not_be_read_counts_as_query_string_sensitive(cloudfront):
    cloudfront.pages([summary("E1", s3("site"), policy="mine")])
    cloudfront.config("E1", s3("site"), policy="mine")
    cloudfront.refuse("get_cache_policy", "AccessDenied")
    (found,) = cloudfront.survey().serving["site"]
    assert found.behaviors[0].query_strings
    assert found.unknown_policies == ("mine",)


def test_one_unreadable_distribution_neither_fails_the_scan_nor_passes_silently(cloudfront, caplog):
    cloudfront.pages([summary("EODD", s3("site", "/pub"), target="nowhere"), summary("E2", s3("site"))])
    cloudfront.config("E2", s3("site"))
    with caplog.at_level(logging.ERROR):
        found = cloudfront.discovery().scan(())
    assert [each.id for each in found["site"]] == ["EODD", "E2"]
    odd = found["site"][0]
    # Every path below its OriginPath leads to the bucket, in every query string form: wider, never stale.
    assert (odd.origins[0].path, odd.behaviors[0].pattern, odd.behaviors[0].query_strings) == (
        "/pub",
        "*",
        True,
    )
    (line,) = caplog.messages
    assert "EODD" in line
    assert "DefaultCacheBehavior.TargetOriginId" in line


def test_one_whose_configuration_alone_is_unreadable_is_served_by_its_summary(cloudfront):
    cloudfront.pages([summary("EODD", s3("site"))])
    cloudfront.config("EODD", s3("site"), target="nowhere")
    found = cloudfront.survey()
    assert [each.id for each in found.serving["site"]] == ["EODD"]
    assert [(each.distribution, each.buckets) for each in found.unreadable] == [("EODD", ("site",))]


@pytest.mark.parametrize("operation", ["list_distributions", "get_distribution_config"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", Permanent), ("Throttling", BackPressure), ("ServiceUnavailable", Transient)],
)
def test_a_scan_that_cloudfront_refuses_fails_as_a_whole(cloudfront, operation, code, kind):
    """Half an answer would stand for all until it expires."""
    if operation == "get_distribution_config":
        cloudfront.pages([summary("E1", s3("site"))])
    cloudfront.refuse(operation, code)
    with pytest.raises(kind) as refused:
        cloudfront.scan()
    if kind is Permanent:
        assert refused.value.reason is Reason.MAPPING_DENIED


def test_a_pin_makes_hidden_origins_the_bucket(cloudfront):
    cloudfront.pages([summary("E1", ("cdn.example.com", "/p"), ("other.example.com", ""))])
    cloudfront.config("E1", ("cdn.example.com", "/p"), ("other.example.com", ""))
    found = cloudfront.survey(Pin("vault", "E1", "/p"))
    (routed,) = found.serving["vault"]
    assert [each.bucket for each in routed.origins] == ["vault", None]
    assert [each.origin for each in found.unresolved] == ["other.example.com"]


def test_two_pins_of_one_distribution_both_count(cloudfront):
    cloudfront.pages([])
    for _ in range(2):
        cloudfront.config("E1", ("cdn.example.com", ""))
    routed = cloudfront.survey(Pin("vault", "E1", prefix="a/"), Pin("vault", "E1", prefix="b/")).serving[
        "vault"
    ]
    assert [each.origins[0].prefix for each in routed] == ["a/", "b/"]


def test_a_pin_narrows_what_was_discovered(cloudfront):
    cloudfront.pages([summary("E1", s3("site"))])
    for _ in range(2):
        cloudfront.config("E1", s3("site"))
    (routed,) = cloudfront.survey(Pin("site", "E1", prefix="docs/")).serving["site"]
    assert routed.origins[0].prefix == "docs/"


def test_a_pin_under_another_path_adds_to_what_was_discovered(cloudfront):
    """An edge function picks an origin that no scan sees; the visible one still serves the bucket."""
    cloudfront.pages([summary("E1", s3("site"))])
    for _ in range(2):
        cloudfront.config("E1", s3("site"))
    routed = cloudfront.survey(Pin("site", "E1", "/edge")).serving["site"]
    assert [each.origins[0].path for each in routed] == ["", "/edge"]


@pytest.mark.parametrize("code", ["NoSuchDistribution", "AccessDenied", "ServiceUnavailable"])
def test_a_pinned_distribution_that_cannot_be_read_is_served_under_every_path(cloudfront, code):
    cloudfront.pages([])
    cloudfront.refuse("get_distribution_config", code)
    (routed,) = cloudfront.survey(Pin("vault", "E1", "/p")).serving["vault"]
    assert (routed.id, routed.origins[0].path, routed.behaviors[0].query_strings) == ("E1", "/p", True)


def test_a_role_that_may_not_be_assumed_does_not_stop_the_scan(cloudfront):
    sts = boto3.client("sts", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(sts) as stub:
        stub.add_client_error("assume_role", "AccessDenied", "no", 403)
        clients = {"cloudfront": cloudfront.client, "sts": sts}
        discovery = CloudFrontDiscovery(CloudFrontClients(lambda service, **_: clients[service], lambda: 0.0))
        cloudfront.pages([])
        found = discovery.scan((Pin("vault", "E1", role="arn:aws:iam::123456789012:role/r"),))
    assert [each.role for each in found["vault"]] == ["arn:aws:iam::123456789012:role/r"]
