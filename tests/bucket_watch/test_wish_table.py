"""What is remembered of buckets: the same cases on DynamoDB and on the twin in memory."""

from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from bucket_subscription.errors import UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable, gap_item
from bucket_watch.standing import REPAIRS_APART_SECONDS, Standing, StandingTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.gaps import GapTable
from tests.memory_tables import make_table
from tests.memory_wishes import MemoryStandings, MemoryWishes

NOW = 1_700_000_000.0
ALL = Wish("site", Road.QUEUE, Maker.STACK)
PART = Wish("site", Road.QUEUE, Maker.PERSON, KeyFilter("ä b/", ".html"))
TOPIC = Wish("site", Road.TOPIC, Maker.LEARNED, through="arn:aws:sns:eu-west-1:123456789012:t")


@pytest.fixture(scope="module")
def client():
    with mock_aws(config={"core": {"mock_credentials": False}}):
        made = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        yield made


@pytest.fixture
def table(client):
    make_table(client, "wishes")
    yield DynamoDbTable(client, "wishes")
    client.delete_table(TableName="wishes")


@pytest.fixture(params=["memory", "DynamoDB"])
def wishes(request, client, table):
    return MemoryWishes() if request.param == "memory" else WishTable(client, "wishes")


@pytest.fixture(params=["memory", "DynamoDB"])
def standings(request, table):
    return MemoryStandings() if request.param == "memory" else StandingTable(table)


def test_each_road_of_a_bucket_is_a_wish_of_its_own_and_the_same_again_is_one(wishes):
    for each in (PART, ALL, TOPIC, ALL):
        wishes.wish(each)
    assert wishes.all() == sorted([ALL, PART, TOPIC])
    wishes.wish(replace(ALL, events=("s3:ObjectCreated:*",)))
    assert {wish.events for wish in wishes.all() if wish.maker is Maker.STACK} == {("s3:ObjectCreated:*",)}
    wishes.forget([ALL, PART])
    assert wishes.all() == [TOPIC]


def test_a_gap_that_is_not_covered_grows_and_a_covered_one_begins_anew(wishes):
    wishes.note_gap("site", NOW - 600, NOW, "lost")
    wishes.note_gap("site", NOW - 60, NOW + 10, "lost again")
    gap = wishes.gaps()["site"]
    assert (gap.since, gap.noted, gap.due, gap.covered) == (NOW - 600, NOW + 10, NOW + 310, 0.0)


def test_the_sweep_reads_the_gaps_that_are_noted(client, table):
    noted, read = WishTable(client, "wishes"), GapTable(table)
    noted.note_gap("site", 5.0, NOW, "lost")
    (gap,) = read.open()
    assert (gap.bucket, gap.since, gap.due, gap.why) == ("site", 5.0, NOW + 300, "lost")
    noted.note_gap("site", 6.0, NOW + 60, "lost again")
    assert not read.covered(gap, NOW + 301), "it has grown meanwhile"
    (gap,) = read.open()
    assert read.covered(gap, NOW + 361)
    assert read.open() == []
    assert noted.gaps()["site"].covered == NOW + 361
    assert (read.of("site").due, read.of("site").covered, read.of("other")) == (NOW + 360, NOW + 361, None)
    noted.note_gap("site", NOW + 500, NOW + 600, "lost for a third time")
    assert [each.since for each in read.open()] == [NOW + 500]


def test_what_somebody_edited_is_passed_over(client, table):
    noted = WishTable(client, "wishes")
    noted.wish(ALL)
    noted.note_gap("site", 0.0, NOW, "lost")
    table.put({"pk": {"S": "subscriptions"}, "sk": {"S": "by hand"}})
    table.put({"pk": {"S": "gaps"}, "sk": {"S": "other"}, "due": {"S": "soon"}})
    table.put({"pk": {"S": "watch"}, "sk": {"S": "site"}, "standing": {"S": "{"}})
    assert (noted.all(), [*noted.gaps()], StandingTable(table).all()) == ([ALL], ["site"], {})
    # Passed over, what the bucket lost would be lost for good.
    edited, site = GapTable(table).open()
    assert (edited.bucket, edited.due, site.bucket) == ("other", 0.0, "site")
    assert GapTable(table).covered(edited, NOW)
    assert [each.bucket for each in GapTable(table).open()] == ["site"]
    assert gap_item(noted.gaps()["site"])["sk"] == {"S": "site"}


def test_a_table_that_is_gone_is_said_in_one_line(client):
    with pytest.raises(UnsettledError, match=r"could not be asked: .*ResourceNotFound"):
        WishTable(client, "none").all()


def test_a_standing_is_kept_beside_when_its_bucket_was_repaired(standings):
    standing = Standing("site", "parameter Buckets", NOW, NOW, wrong=("gone",), losses=(1.0, 2.0))
    assert standings.claim_repair("site", NOW)
    standings.save(standing)
    assert standings.all() == {"site": standing}
    assert not standings.claim_repair("site", NOW + REPAIRS_APART_SECONDS - 1)
    assert standings.claim_repair("site", NOW + REPAIRS_APART_SECONDS)
    assert standings.claim_repair("site", NOW), "a repair of the future is none"
    standings.forget("site")
    assert standings.all() == {}
    assert standings.claim_repair("site", NOW)
