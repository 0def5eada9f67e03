"""What is worked out once for all tests is what the SDK and moto work out anew; and clients share nothing else."""

from collections import Counter

import boto3
import botocore.session
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.core.serialize import ResponseSerializer

from tests.cli.made_distributions import config
from tests.memory_tables import make_table
from tests.worked_out_once import PICKED

REGION = "us-east-1"
ITEM = {
    "pk": {"S": "a"},
    "sk": {"S": "b"},
    "empty": {"S": ""},
    "number": {"N": "0"},
    "bytes": {"B": b""},
    "strings": {"SS": ["a", "b"]},
    "list": {"L": [{"BOOL": False}, {"NULL": True}]},
    "map": {"M": {"S": {"N": "1"}, "empty": {"L": []}}},
}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


@pytest.fixture
def aws():
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)


def test_every_member_of_motos_answers_is_the_one_that_moto_finds(aws, monkeypatch):
    picked, compared = ResponseSerializer.get_value, Counter()

    def both(self, value, key, shape):
        found = picked(self, value, key, shape)
        assert found is PICKED(self, value, key, shape) or found == PICKED(self, value, key, shape), key
        compared[type(value).__name__] += 1
        return found

    monkeypatch.setattr(ResponseSerializer, "get_value", both)
    database = aws("dynamodb")
    make_table(database, "t")
    database.put_item(TableName="t", Item=ITEM)
    assert database.scan(TableName="t")["Items"] == [ITEM]
    database.describe_table(TableName="t")
    distribution = config("site.s3.us-east-1.amazonaws.com", "x.example.com", behaviors=(("/x/*", "o1"),))
    made = aws("cloudfront").create_distribution(DistributionConfig=distribution)["Distribution"]
    batch = {"Paths": {"Quantity": 1, "Items": ["/a"]}, "CallerReference": "r"}
    aws("cloudfront").create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)
    assert aws("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"] == made["Id"]
    aws("s3").create_bucket(Bucket="site")
    aws("s3").put_object(Bucket="site", Key="a")
    assert [each["Key"] for each in aws("s3").list_objects_v2(Bucket="site")["Contents"]] == ["a"]
    queue = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    aws("sqs").send_message(QueueUrl=queue, MessageBody="x")
    assert [each["Body"] for each in aws("sqs").receive_message(QueueUrl=queue)["Messages"]] == ["x"]
    assert {"dict", "Distribution", "Invalidation"} <= set(compared)


def test_clients_share_their_class_and_no_handler_or_connection(aws):
    """Or what one test hooks into its client strikes another's."""
    one, two = aws("s3"), aws("s3")
    called = []
    # Where the session has handlers already, moto's among them, which each client has a copy of.
    one.meta.events.register("before-send", lambda **_: called.append("one"))
    two.list_buckets()
    assert called == []
    one.list_buckets()
    assert called == ["one"]
    for part in ("_endpoint", "_request_signer", "_ruleset_resolver"):
        assert getattr(one, part) is not getattr(two, part)
    assert type(one) is type(two)


def test_what_boto3_adds_to_a_client_is_not_in_one_that_botocore_makes():
    bare = botocore.session.get_session().create_client("s3", region_name=REGION)
    assert hasattr(boto3.Session(region_name=REGION).client("s3"), "upload_file")
    assert not hasattr(bare, "upload_file")


def test_each_region_and_kind_of_address_is_found_by_its_own_rules():
    session = boto3.Session()
    found = {
        (region, dual): session.client(
            "sqs", region_name=region, config=Config(use_dualstack_endpoint=dual)
        ).meta.endpoint_url
        for region in ("eu-west-1", "us-east-1", "cn-north-1")
        for dual in (False, True)
    }
    assert found["eu-west-1", False] == "https://sqs.eu-west-1.amazonaws.com"
    assert len(set(found.values())) == 6
