"""A deploy that fails, or is rolled back, leaves every bucket connected as it was; a person's entries stay in any case.

CloudFormation is played as it is: a failed Create is followed by a Delete of the id that it answered with, a failed or
rolled back Update by the Update the other way (CloudFormation user guide, crpg-ref-requesttypes).
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bucket_subscription.document import own_part, same, sends_to_eventbridge
from bucket_subscription.handler import respond
from bucket_subscription.key_filter import KeyFilter, read_filter
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, OWNER, QUEUE, FakeS3, queue_entry, subscription
from tests.bucket_subscription.stack_request import PHYSICAL_ID, request
from tests.lambda_context import LambdaContext

ALL = KeyFilter()


@dataclass
class Stack:
    """CloudFormation's memory of the resource, over a fake S3."""

    s3: FakeS3
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)

    def create(self, *buckets, **properties):
        """Create; roll back what failed."""
        done = self._ask("Create", {"Buckets": list(buckets), "QueueArn": QUEUE.arn, **properties})
        if done[0] == "FAILED":
            self.delete()
        return done

    def update(self, *buckets, then_fails=False, **properties):
        """Update; roll back what failed, or what another resource of the stack made fail."""
        before, wanted = self.properties, {"Buckets": list(buckets), "QueueArn": QUEUE.arn, **properties}
        done = self._ask("Update", wanted, before)
        if done[0] == "FAILED" or then_fails:
            assert self._ask("Update", before, wanted)[0] == "SUCCESS"
        return done

    def delete(self):
        return self._ask("Delete", self.properties)

    def _ask(self, kind, properties, old=None):
        event = {**request(kind, old=old), "ResourceProperties": properties}
        if kind != "Create":
            event["PhysicalResourceId"] = self.physical_id
        told = []
        respond(
            event,
            LambdaContext(),
            lambda _, body: told.append(json.loads(body)),
            lambda owner, account, until: replace(subscription(self.s3), owner=owner),
        )
        (answer,) = told
        if kind != "Create":
            assert answer["PhysicalResourceId"] == self.physical_id, (
                "another id would have the old one deleted"
            )
        self.physical_id, self.properties = answer["PhysicalResourceId"], properties
        return answer["Status"], answer["Reason"]


def as_of_0_1_0(bucket, s3, keys=ALL):
    """An entry as version 0.1.0 made it by hand: it is called as the parameters' are."""
    entry = OWNER.entry(QUEUE.arn, keys)
    s3.documents[bucket] = {"QueueConfigurations": [entry]}


def by_hand(bucket, s3, keys=ALL):
    subscription(s3).connect(bucket, QUEUE, keys)


HANDS = pytest.mark.parametrize("connect", [by_hand, as_of_0_1_0])


def sends(s3, bucket):
    return [each["Id"] for each in own_part(s3.documents[bucket], OWNER)]


@HANDS
@pytest.mark.parametrize("keys", [ALL, KeyFilter("public/", ".html")])
def test_a_failed_create_leaves_what_people_connected(connect, keys):
    s3 = FakeS3(aaa={}, ccc={})
    connect("aaa", s3, keys)
    before = s3.read("aaa")
    status, reason = Stack(s3).create("aaa", "nowhere", "ccc")
    assert (status, "no bucket 'nowhere'" in reason) == ("FAILED", True)
    assert same(s3.documents["aaa"], before)
    assert sends(s3, "ccc") == []


def test_a_failed_update_leaves_what_people_connected():
    s3 = FakeS3(aaa={}, bbb={})
    by_hand("aaa", s3)
    stack = Stack(s3)
    assert stack.create("bbb")[0] == "SUCCESS"
    before = {name: s3.read(name) for name in s3.documents}
    assert stack.update("aaa", "bbb", "nowhere")[0] == "FAILED"
    assert all(same(s3.documents[name], before[name]) for name in before)


def test_an_update_that_another_resource_rolls_back_leaves_what_people_connected():
    s3 = FakeS3(aaa={}, bbb={}, ccc={})
    by_hand("aaa", s3)
    stack = Stack(s3)
    stack.create("bbb")
    assert stack.update("aaa", "bbb", "ccc", then_fails=True)[0] == "SUCCESS"
    assert [bool(sends(s3, name)) for name in ("aaa", "bbb", "ccc")] == [True, True, False]


def test_a_person_s_entry_stays_when_the_parameters_name_its_bucket_and_no_more():
    s3 = FakeS3(aaa={})
    by_hand("aaa", s3)
    before = s3.read("aaa")
    stack = Stack(s3)
    assert stack.create("aaa") == ("SUCCESS", "connected: 1")
    assert len(s3.writes) == 1, "it is connected already"
    stack.update()
    stack.delete()
    assert same(s3.documents["aaa"], before)


def test_a_person_s_prefix_is_not_widened_by_a_deploy_that_may_be_rolled_back_but_by_hand_without_a_gap():
    s3 = FakeS3(aaa={})
    by_hand("aaa", s3, KeyFilter("public/"))
    before = s3.read("aaa")
    status, reason = Stack(s3).create("aaa")
    assert status == "FAILED"
    assert "bucket 'aaa': this stack already takes part" in reason
    assert "widen that by hand first" in reason
    assert same(s3.documents["aaa"], before)
    by_hand("aaa", s3)
    assert Stack(s3).create("aaa")[0] == "SUCCESS"


def test_what_the_parameters_connected_goes_with_them():
    s3 = FakeS3(aaa={}, bbb={})
    stack = Stack(s3)
    stack.create("aaa", "bbb")
    assert stack.physical_id == PHYSICAL_ID, "as version 0.1.0 called it"
    stack.update("bbb")
    assert [sends(s3, name) for name in ("aaa", "bbb")] == [[], [OWNER.first_id]]
    stack.delete()
    assert sends(s3, "bbb") == []


def test_a_stack_of_0_1_0_stays_connected_and_is_not_written_to_on_the_upgrade():
    s3 = FakeS3(aaa={})
    as_of_0_1_0("aaa", s3)
    stack = Stack(s3, PHYSICAL_ID, {"Buckets": ["aaa"], "EventBridgeBuckets": [""], "QueueArn": QUEUE.arn})
    assert stack.update("aaa", BucketFilters=[""])[0] == "SUCCESS"
    assert s3.writes == []
    stack.delete()
    assert sends(s3, "aaa") == []


def test_what_a_failed_create_could_not_put_back_is_in_its_id_and_goes_with_it():
    s3 = FakeS3(aaa={}, bbb={})
    by_hand("bbb", s3)
    s3.calls.clear()
    writes = []

    def fault(number, name):
        writes.extend([name] * (name == "write"))
        return "before" if len(writes) > 1 or (writes and name == "region") else None

    s3.documents["ccc"] = {}
    s3.fault = fault
    stack = Stack(s3)
    status, reason = stack._ask("Create", {"Buckets": ["aaa", "bbb", "ccc"], "QueueArn": QUEUE.arn})
    assert status == "FAILED"
    assert "not put back as it was" in reason
    assert stack.physical_id == f"{PHYSICAL_ID}.failed/aaa/ccc"
    assert [bool(sends(s3, name)) for name in ("aaa", "bbb", "ccc")] == [True, True, False]
    s3.fault = lambda number, name: None
    assert stack.delete() == ("SUCCESS", "disconnected: 2")
    assert [bool(sends(s3, name)) for name in ("aaa", "bbb", "ccc")] == [False, True, False]


@pytest.mark.parametrize("on_before", [False, True])
def test_a_failed_deploy_sets_the_switch_to_eventbridge_back_if_it_set_it(on_before):
    s3 = FakeS3(media={"EventBridgeConfiguration": {}} if on_before else {}, zzz={})
    reads = []

    def fault(number, name):
        reads.append(name)
        return "before" if reads.count("write") and name == "region" else None

    s3.fault = fault
    failing = ["zzz"] if on_before else []
    status, _ = Stack(s3).create(*failing, EventBridgeBuckets=["media", "zzz"])
    assert status == "FAILED"
    assert sends_to_eventbridge(s3.documents["media"]) is on_before
    assert not sends_to_eventbridge(s3.documents["zzz"])


def test_all_buckets_are_tried_and_each_that_cannot_be_connected_is_named_with_why_before_one_is_written():
    s3 = FakeS3(
        aaa={}, closed={}, far={}, taken={"QueueConfigurations": [queue_entry("t", ["s3:ObjectCreated:*"])]}
    )
    s3.denied.add("closed")
    s3.regions["far"] = "us-east-1"
    status, reason = Stack(s3).create("aaa", "closed", "far", "nowhere", "taken")
    assert status == "FAILED"
    assert reason.startswith("4 buckets cannot be connected: closed, far, nowhere, taken; ")
    for why in (
        "no access to 'closed'",
        "bucket 'far' is in us-east-1",
        "no bucket 'nowhere'",
        "bucket 'taken': overlap: queue entry 't'",
    ):
        assert why in reason
    assert s3.writes == []


def test_an_entry_called_as_ours_that_sends_elsewhere_is_somebody_elses():
    theirs = {
        "Id": OWNER.first_id,
        "QueueArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:theirs",
        "Events": ["s3:ObjectAcl:Put"],
    }
    s3 = FakeS3(aaa={"QueueConfigurations": [theirs]})
    before = s3.read("aaa")
    stack = Stack(s3)
    status, reason = stack.create("aaa")
    assert status == "FAILED"
    assert "is called as this stack's, but sends to" in reason
    stack.properties, stack.physical_id = {"Buckets": ["aaa"], "QueueArn": QUEUE.arn}, PHYSICAL_ID
    assert stack.delete()[0] == "SUCCESS"
    assert same(s3.documents["aaa"], before)


def test_filters_say_which_keys_a_bucket_sends_and_follow_the_parameter():
    s3 = FakeS3(aaa={}, bbb={})
    stack = Stack(s3)
    assert stack.create("aaa", "bbb", BucketFilters="aaa=public/*.html,aaa=docs/")[0] == "SUCCESS"

    def keys(bucket):
        return {read_filter(each) for each in own_part(s3.documents[bucket], OWNER)}

    assert keys("aaa") == {KeyFilter("public/", ".html"), KeyFilter("docs/")}
    assert keys("bbb") == {ALL}
    assert stack.update("aaa", "bbb", BucketFilters="bbb=*.css")[0] == "SUCCESS"
    assert (keys("aaa"), keys("bbb")) == ({ALL}, {KeyFilter("", ".css")})
    assert stack.update("aaa", "bbb", "nowhere", BucketFilters="aaa=x/")[0] == "FAILED"
    assert (keys("aaa"), keys("bbb")) == ({ALL}, {KeyFilter("", ".css")})
    assert len(s3.documents["aaa"]["QueueConfigurations"]) == 1
    stack.delete()
    assert keys("aaa") | keys("bbb") == set()


@pytest.mark.parametrize(
    ("filters", "line"),
    [
        ("aaa", "'aaa' is no filter; write BUCKET=PREFIX*SUFFIX"),
        ("aaa=", "'aaa=' is no filter"),
        ("aaa=*", "'aaa=*' is no filter"),
        ("aaa=a*b*c", "holds a *, which S3 takes as no wildcard"),
        ("other=a/", "names 'other', which Buckets does not name"),
        ("aaa=a/,aaa=a/b/", "two filters of 'aaa' overlap"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(filters, line):
    s3 = FakeS3(aaa={})
    status, reason = Stack(s3).create("aaa", BucketFilters=filters)
    assert (status, line in reason) == ("FAILED", True), reason
    assert s3.writes == []


def test_a_bucket_of_the_old_days_is_connected():
    s3 = FakeS3(x={})
    s3.documents = {"My_legacy.Bucket": {}}
    assert Stack(s3).create("My_legacy.Bucket") == ("SUCCESS", "connected: 1")
