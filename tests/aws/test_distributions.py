"""What the survey asks of CloudFront and makes of its answers: the real SDK, its shapes checked by the Stubber."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.core.reasons import Reason
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
        "ETag": "T1",
        "Status": "InProgress" if identifier == "EMOVING" else "Deployed",
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


class Clock:
    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


class CloudFront:
    """One account's CloudFront: answers are queued in the order in which they are asked for."""

    def __init__(self, client):
        self.client = client
        self.clock = Clock()
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

    def refuse(self, operation, code="AccessDenied"):
        self.stub.add_client_error(operation, code, "said so", 400)

    def asked(self):
        clients = CloudFrontClients(lambda service, **credentials: self.client, self.clock.now)
        return CloudFrontDistributions(clients, self.clock)

    def listed(self, *pinned, deadline=1000.0):
        found = list(self.asked().listed(pinned, deadline))
        self.stub.assert_no_pending_responses()
        return found

    def configured(self, *targets, deadline=1000.0):
        found = dict(self.asked().configured(targets, deadline))
        self.stub.assert_no_pending_responses()
        return found


@pytest.fixture(scope="module")
def client():
    return boto3.client(
        "cloudfront", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def cloudfront(client):
    made = CloudFront(client)
    yield made
    made.stub.deactivate()


def s3(bucket, path=""):
    return (f"{bucket}.s3.eu-west-1.amazonaws.com", path)


def test_every_page_of_the_listing_counts_empty_ones_too(cloudfront):
    cloudfront.pages([summary("E1", ("cdn.example.com", ""))], [], [summary("E2", s3("site"))])
    assert [(each.id, each.reveals) for each in cloudfront.listed()] == [("E1", False), ("E2", True)]


def test_an_account_without_distributions_has_no_items_at_all(cloudfront):
    cloudfront.pages([])
    assert cloudfront.listed() == []


def test_the_list_says_what_changed_and_what_is_deployed(cloudfront):
    cloudfront.pages([summary("E1", s3("site")), summary("EMOVING", s3("site"), enabled=False)])
    one, other = cloudfront.listed()
    assert (one.etag, one.modified, one.deployed, one.enabled) == ("T1", 1767225600.0, True, True)
    assert (other.deployed, other.enabled) == (False, False)


def test_staging_distributions_are_listed_and_multi_tenant_ones_said_to_be(cloudfront):
    cloudfront.pages([summary("E1", s3("site"), staging=True), summary("E2", s3("site"), mode="tenant-only")])
    assert [(each.id, each.tenants) for each in cloudfront.listed()] == [("E1", False), ("E2", True)]


def tenant_of(shared, identifier, **parameters):
    """A DistributionTenant; as a summary without the parameters, and with its ETag."""
    return {
        "Id": identifier,
        "DistributionId": shared,
        "Name": identifier,
        "Arn": f"arn:aws:cloudfront::123456789012:distribution-tenant/{identifier}",
        "Domains": [{"Domain": "shop.example.com", "Status": "active"}],
        "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "LastModifiedTime": datetime(2026, 2, 1, tzinfo=UTC),
        "Enabled": True,
        "Status": "Deployed",
        **(
            {"Parameters": [{"Name": name, "Value": parameters[name]} for name in parameters]}
            if parameters
            else {}
        ),
    }


FOLDERS = ("site.s3.eu-west-1.amazonaws.com", "/{{folder}}")


def test_tenants_are_listed_by_their_distribution_page_by_page(cloudfront):
    cloudfront.pages([summary("E1", FOLDERS, mode="tenant-only")])
    (shared,) = cloudfront.listed()
    of = {"AssociationFilter": {"DistributionId": "E1"}}
    first, second = (tenant_of("E1", name) | {"ETag": f"T{name}"} for name in ("dt_1", "dt_2"))
    cloudfront.stub.add_response(
        "list_distribution_tenants", {"DistributionTenantList": [first], "NextMarker": "m"}, of
    )
    cloudfront.stub.add_response(
        "list_distribution_tenants", {"DistributionTenantList": [second]}, of | {"Marker": "m"}
    )
    found = list(cloudfront.asked().tenants(shared, 1000.0))
    cloudfront.stub.assert_no_pending_responses()
    assert [(each.id, each.etag, each.enabled, each.deployed) for each in found] == [
        ("dt_1", "Tdt_1/T1", True, True),
        ("dt_2", "Tdt_2/T1", True, True),
    ]
    assert found[0].modified == datetime(2026, 2, 1, tzinfo=UTC).timestamp()


def test_pages_of_tenants_that_repeat_are_no_whole_list(cloudfront):
    cloudfront.pages([summary("E1", FOLDERS, mode="tenant-only")])
    (shared,) = cloudfront.listed()
    for _ in range(2):
        cloudfront.stub.add_response("list_distribution_tenants", {"NextMarker": "m"})
    with pytest.raises(Transient, match="'m' again"):
        list(cloudfront.asked().tenants(shared, 1000.0))


def test_a_tenant_s_configuration_is_the_shared_one_with_its_parameters(cloudfront):
    for name in ("dt_1", "dt_2"):
        tenant = tenant_of("E1", name, folder=name)
        cloudfront.stub.add_response(
            "get_distribution_tenant", {"ETag": "T9", "DistributionTenant": tenant}, {"Identifier": name}
        )
        if name == "dt_1":
            cloudfront.config("E1", FOLDERS, root="index.html")
    found = cloudfront.configured("dt_1", "dt_2")
    assert [(each.id, each.tenant_of, each.root_object) for each in found.values()] == [
        ("dt_1", "E1", "index.html"),
        ("dt_2", "E1", "index.html"),
    ]
    assert [each.origins[0].path for each in found.values()] == ["/dt_1", "/dt_2"]


def test_a_tenant_without_its_parameter_or_gone_is_a_lasting_failure(cloudfront):
    tenant = {"ETag": "T9", "DistributionTenant": tenant_of("E1", "dt_1")}
    cloudfront.stub.add_response("get_distribution_tenant", tenant, {"Identifier": "dt_1"})
    cloudfront.config("E1", FOLDERS)
    cloudfront.refuse("get_distribution_tenant", "EntityNotFound")
    found = cloudfront.configured("dt_1", "dt_2")
    assert [type(each) for each in found.values()] == [Permanent, Permanent]
    assert "asks for the parameter folder" in str(found["dt_1"])
    assert found["dt_2"].reason is Reason.DISTRIBUTION_GONE


def test_a_cache_policy_is_asked_for_once_and_only_where_it_matters(cloudfront):
    mine = {"policy": "mine"}
    cloudfront.pages(
        [summary("E0", ("cdn.example.com", ""), policy="other"), summary("E1", s3("site"), **mine)]
    )
    cloudfront.stub.assert_no_pending_responses = lambda: None
    cloudfront.policy("mine", "none")
    _, found = cloudfront.listed()
    assert not found.routing.behaviors[0].query_strings


def test_a_pinned_distribution_matters_though_it_reveals_no_bucket(cloudfront):
    cloudfront.pages([summary("E0", ("cdn.example.com", ""), policy="mine")])
    cloudfront.policy("mine", "none")
    (found,) = cloudfront.listed("E0")
    assert not found.routing.behaviors[0].query_strings


def test_a_cache_policy_that_may_not_be_read_is_asked_for_once_and_counts_as_keyed_on_query_strings(
    cloudfront,
):
    mine = {"policy": "mine"}
    cloudfront.pages([summary("E1", s3("site"), **mine), summary("E2", s3("site"), **mine)])
    cloudfront.refuse("get_cache_policy")
    for each in cloudfront.listed():
        assert (each.routing.behaviors[0].query_strings, each.unsure) == (True, False)


def test_one_that_is_not_what_cloudfront_sends_is_told_by_the_field_and_by_its_origins(cloudfront):
    cloudfront.pages([summary("EODD", s3("site", "/pub"), target="nowhere"), summary("E2", s3("site"))])
    odd, _ = cloudfront.listed()
    assert (odd.id, odd.routing, "TargetOriginId" in odd.why) == ("EODD", None, True)
    (apparent,) = odd.apparent
    assert (apparent.origins[0].bucket, apparent.origins[0].path) == ("site", "/pub")


def test_a_marker_that_comes_again_ends_the_list_as_a_part(cloudfront):
    again = {"Marker": "0", "MaxItems": 100, "IsTruncated": True, "Quantity": 0, "NextMarker": "1"}
    for asked in ({}, {"Marker": "1"}):
        cloudfront.stub.add_response("list_distributions", {"DistributionList": again}, asked)
    with pytest.raises(Transient, match="again"):
        cloudfront.listed()


def test_a_list_that_goes_on_and_does_not_say_where_is_a_part(cloudfront):
    page = {"Marker": "", "MaxItems": 100, "IsTruncated": True, "Quantity": 0}
    cloudfront.stub.add_response("list_distributions", {"DistributionList": page}, {})
    with pytest.raises(Transient):
        cloudfront.listed()


def test_a_denied_list_says_so(cloudfront):
    cloudfront.refuse("list_distributions")
    with pytest.raises(Permanent) as refused:
        cloudfront.listed()
    assert refused.value.reason is Reason.MAPPING_DENIED


def test_throttling_is_waited_out(cloudfront):
    for _ in range(3):
        cloudfront.refuse("list_distributions", "Throttling")
    cloudfront.pages([summary("E1", s3("site"))])
    assert [each.id for each in cloudfront.listed()] == ["E1"]
    assert 0 < cloudfront.clock.at < 2


def test_throttling_without_end_ends_with_the_time(cloudfront):
    for _ in range(200):
        cloudfront.refuse("get_distribution_config", "Throttling")
    cloudfront.stub.assert_no_pending_responses = lambda: None
    found = cloudfront.configured("E1", "E2", deadline=10.0)
    assert [type(each) for each in found.values()] == [BackPressure, Transient]
    assert cloudfront.clock.at <= 12


def test_a_configuration_tells_the_root_object(cloudfront):
    cloudfront.config("E1", s3("site", "/pub"), root="home.html")
    assert cloudfront.configured("E1")["E1"].root_object == "home.html"


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchDistribution"])
def test_one_that_may_not_be_read_does_not_keep_the_others_from_it(cloudfront, code):
    cloudfront.refuse("get_distribution_config", code)
    cloudfront.config("E2", s3("site"))
    found = cloudfront.configured("E1", "E2")
    assert isinstance(found["E1"], Permanent)
    assert found["E2"].id == "E2"


def test_a_configuration_that_cannot_be_read_is_named_by_its_field(cloudfront):
    cloudfront.config("E1", s3("site"), target="nowhere")
    found = cloudfront.configured("E1")["E1"]
    assert isinstance(found, Permanent)
    assert "TargetOriginId" in str(found)


def test_a_passing_error_is_tried_again_and_then_left_for_later(cloudfront):
    for _ in range(2):
        cloudfront.refuse("get_distribution_config", "ServiceUnavailable")
    assert isinstance(cloudfront.configured("E1")["E1"], Transient)


def test_threads_ask_for_all_of_them_once():
    """The real pool, against a stand-in without state: what is asked at a time is CloudFront's own affair."""
    clock = Clock()

    class Client:
        def get_distribution_config(self, Id):
            return {"ETag": "T", "DistributionConfig": configured(s3(f"bucket-{Id.lower()}"))}

    clients = CloudFrontClients(lambda service, **credentials: Client(), clock.now)
    with ThreadPoolExecutor(8) as threads:
        asked = CloudFrontDistributions(clients, clock, threads.map)
        found = dict(asked.configured([f"E{number}" for number in range(100)], 10.0))
    assert {each.origins[0].bucket for each in found.values()} == {
        f"bucket-e{number}" for number in range(100)
    }
