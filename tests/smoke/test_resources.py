"""What the smoke makes in an account is all removed again, also what an interrupted run left."""

import boto3
import pytest
from moto import mock_aws

from infra.smoke.resources import PREFIX, Resources

REGION = "eu-west-1"


@pytest.fixture
def said():
    return []


@pytest.fixture
def resources(said, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        yield Resources(
            lambda service: boto3.client(service, region_name=REGION), REGION, said.append, lambda _: None
        )


def _standing(resources):
    buckets = {each["Name"] for each in resources.s3.list_buckets()["Buckets"]}
    listed = resources.cloudfront.list_distributions()["DistributionList"].get("Items", [])
    controls = resources.cloudfront.list_origin_access_controls(MaxItems="100")
    items = controls["OriginAccessControlList"].get("Items", [])
    return buckets, {each["Comment"] for each in listed}, {each["Name"] for each in items}


def test_the_site_is_a_bucket_that_only_its_distribution_reads(resources):
    made = resources.make(f"{PREFIX}a")
    policy = resources.s3.get_bucket_policy(Bucket=made.name)["Policy"]
    assert made.distribution in policy
    assert "cloudfront.amazonaws.com" in policy
    config = resources.cloudfront.get_distribution_config(Id=made.distribution)["DistributionConfig"]
    assert config["Enabled"]
    assert config["Origins"]["Items"][0]["DomainName"] == f"{made.name}.s3.{REGION}.amazonaws.com"


def test_all_of_it_is_removed_and_nothing_else(resources, said):
    others = resources.make("others-site")
    made = resources.make(f"{PREFIX}a")
    resources.s3.put_object(Bucket=made.name, Key="a", Body=b"")
    assert resources.left() == [made.name]
    resources.remove(made.name)
    assert resources.left() == []
    assert _standing(resources) == ({others.name},) * 3
    assert said[-1] == f"removed: {made.name}"


def test_what_an_interrupted_run_left_is_found_and_removed(resources):
    half = resources.make(f"{PREFIX}half")
    resources.s3.delete_bucket(Bucket=half.name)
    resources.s3.create_bucket(
        Bucket=f"{PREFIX}bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    assert resources.left() == [f"{PREFIX}bucket", half.name]
    for name in resources.left():
        resources.remove(name)
    assert _standing(resources) == (set(), set(), set())
