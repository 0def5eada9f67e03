"""A tenant is routed as a distribution of its own: the shared behaviors, its own parameters in the origins."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.aws.table.routes import read_routes, routes_item
from invalidator.core.routing.documents.distribution_config import (
    DistributionError,
    read_distribution,
    read_tenant,
)
from invalidator.core.routing.documents.tenants import Tenant, TenantError, routing_of
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import NOT_SEEN, TargetRoutes
from tests.core.routing.cloudfront_cache_model import Edge
from tests.core.routing.distributions import behavior, document, origin
from tests.core.routing.random_distributions import BY_QUERY_OF_POLICY, keys
from tests.core.routing.test_nothing_served_stale import urls
from tests.examples import examples

SHARED = document(
    [origin("o", "{{bucket}}.s3.eu-west-1.amazonaws.com", "/{{folder}}")], [behavior("o")], root="index.html"
)
SHARED["Distribution"]["DistributionConfig"]["TenantConfig"] = {
    "ParameterDefinitions": [
        {"Name": "bucket", "Definition": {"StringSchema": {"DefaultValue": "b", "Required": False}}},
        {"Name": "folder", "Definition": {"StringSchema": {"Required": True}}},
    ]
}


def tenant(**parameters: str) -> Tenant:
    return Tenant("dt_1", "E1", ("shop.example.org",), parameters)


def shared():
    return read_distribution(SHARED, {})


def test_a_tenant_is_read_from_cloudfronts_own_words():
    document = {
        "ETag": "E1",
        "DistributionTenant": {
            "Id": "dt_1",
            "DistributionId": "E1",
            "Name": "shop",
            "Domains": [{"Domain": "shop.example.org", "Status": "active"}],
            "Parameters": [{"Name": "folder", "Value": "shop"}],
            "Enabled": True,
        },
    }
    assert read_tenant(document) == tenant(folder="shop")
    assert read_tenant(document["DistributionTenant"]) == tenant(folder="shop")
    without: Any = copy.deepcopy(document)
    del without["DistributionTenant"]["Parameters"]
    assert read_tenant(without).parameters == {}
    with pytest.raises(DistributionError, match="DistributionId: field required"):
        read_tenant({"DistributionTenant": {"Id": "dt_1"}})


def test_a_tenant_s_parameters_and_the_defaults_name_bucket_and_folder():
    routed = routing_of(tenant(folder="shop"), shared())

    assert (routed.id, routed.tenant_of, routed.aliases) == ("dt_1", "E1", ("shop.example.org",))
    assert Router(routed, "b").paths("shop/a.html") == ("/a.html",)
    assert Router(routed, "b").paths("other/a.html") == ()
    own = routing_of(tenant(folder="shop", bucket="mine"), shared())
    assert Router(own, "b").paths("shop/a.html") == ()
    assert Router(own, "mine").paths("shop/index.html") == ("/index.html", "/")


def test_the_multi_tenant_distribution_itself_serves_no_bucket():
    assert Router(shared(), "b").paths("shop/a.html") == ()


def test_a_tenant_without_its_parameter_is_named():
    with pytest.raises(TenantError) as refused:
        routing_of(tenant(bucket="mine"), shared())
    assert str(refused.value) == (
        "tenant dt_1: origin o asks for the parameter folder, which has neither a value nor a default"
    )


def test_a_disabled_tenant_serves_nothing():
    disabled = Tenant("dt_1", "E1", (), {"folder": "shop"}, enabled=False)
    assert Router(routing_of(disabled, shared()), "b").paths("shop/a.html") == ()


def test_a_tenant_s_routing_is_kept_in_the_table():
    routed = routing_of(tenant(folder="shop"), shared())
    routes = TargetRoutes(routed.id, (routed,), "1", 0.0)
    assert read_routes(routes_item(routes, NOT_SEEN))[0] == routes


@given(st.lists(keys, min_size=1, max_size=3, unique=True), st.sampled_from(["a", "a/b", "x"]))
@examples(1.2)
def test_no_url_of_a_tenant_serves_the_old_object_once_its_paths_are_purged(bucket, folder):
    """The model is given the tenant's distribution as CloudFront makes it of the parameters."""
    made = json.loads(json.dumps(SHARED).replace("{{bucket}}", "b").replace("{{folder}}", folder))
    edge = Edge(made, BY_QUERY_OF_POLICY, dict.fromkeys(bucket, 1))
    warmed = urls(bucket)
    for url in warmed:
        edge.get(url)

    edge.bucket[bucket[0]] = 2
    router = Router(routing_of(tenant(folder=folder), shared()), "b", RoutingSettings(("index.html",)))
    for path in router.paths(bucket[0]):
        edge.purge(path)

    assert {url: edge.get(url) for url in warmed} == {url: edge.fresh(url) for url in warmed}
