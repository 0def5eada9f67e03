"""Each way in which a bucket's changes stop coming is told in a sentence, with the first command."""

from dataclasses import replace

import pytest

from bucket_subscription.errors import UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.policy import EVENTBRIDGE, S3, SNS
from bucket_subscription.reading.roads import Rule, Topic
from bucket_subscription.wishes.wish import Maker, Road, Wish
from tests.bucket_subscription.fake_bucket_aws import OWNER, QUEUE, FakeS3, queue_entry
from tests.bucket_watch.lookouts import (
    BY_EVENTBRIDGE,
    BY_HAND,
    BY_TOPIC,
    DIRECT,
    OURS,
    PATTERN,
    RULE,
    TOPIC,
    Access,
    Roads,
    lookout,
)

TERRAFORM = queue_entry("tf-s3-queue-1", ["s3:ObjectCreated:*"], prefix="uploads/")
TO_TOPIC = {
    "TopicConfigurations": [{"Id": "t", "TopicArn": TOPIC, "Events": list(DIRECT.events)}],
}


def ours(**changes):
    return {"QueueConfigurations": [{**OURS["QueueConfigurations"][0], **changes}]}


def look(document, *wishes, access=None, roads=None):
    return lookout(FakeS3(site=document), access, roads).look("site", wishes or (DIRECT,)).watch


def test_what_is_as_wished_works_whoever_made_the_entry():
    theirs = {"QueueConfigurations": [{**OURS["QueueConfigurations"][0], "Id": "made by a colleague"}]}
    for document in (
        OURS,
        theirs,
        ours(Events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]),
    ):
        found = look(document)
        assert (found.state, found.wrong, found.fix, found.road) == ("works", (), "", "parameter Buckets")
    assert look(OURS, DIRECT, BY_HAND).state == "works"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "its notification holds no entry to the queue any more; it is empty now"),
        (
            {"QueueConfigurations": [TERRAFORM]},
            f"it holds now: queue tf-s3-queue-1: s3:ObjectCreated:* for prefix 'uploads/' to {TERRAFORM['QueueArn']}",
        ),
        (ours(Events=["s3:ObjectCreated:*"]), "lacks s3:ObjectRemoved:*, s3:LifecycleExpiration:*"),
        (ours(**KeyFilter("a/").to_s3()), "no entry takes all keys to the queue any more, only prefix 'a/'"),
        (ours(QueueArn=QUEUE.arn + "-x"), f"is called as ours, but sends to {QUEUE.arn}-x"),
        ({"EventBridgeConfiguration": {}}, "it holds no entry at all now"),
    ],
)
def test_a_notification_that_was_changed_is_told(document, told):
    found = look(document)
    assert found.state == "lost"
    assert told in found.wrong[0]
    assert found.fix == "invalidator check --repair"


def test_a_queue_that_keeps_s3_out_is_told():
    access = Access()
    access.closed = {S3}
    found = look(OURS, access=access)
    assert (found.wrong, found.fix) == ((f"the queue keeps out {S3}",), "invalidator check")
    access.by_policy = True
    assert look(OURS, access=access).fix == "invalidator check --repair --yes"


def test_what_a_person_connected_is_mended_by_the_same_command():
    found = look({}, BY_HAND)
    assert found.fix == "invalidator bucket connect site --prefix 'public/' --suffix '.html'"
    assert look({}, replace(BY_EVENTBRIDGE, maker=Maker.PERSON)).fix.endswith("connect site --eventbridge")


@pytest.mark.parametrize(
    ("document", "rules", "told"),
    [
        ({}, [RULE], "its delivery to EventBridge is switched off"),
        ({"EventBridgeConfiguration": {}}, [replace(RULE, enabled=False)], "rule own is disabled"),
        (
            {"EventBridgeConfiguration": {}},
            [replace(RULE, targeted=False)],
            "rule own does not send to the queue",
        ),
        (
            {"EventBridgeConfiguration": {}},
            [replace(RULE, pattern={**PATTERN, "detail": {"bucket": {"name": ["other"]}}})],
            "rule takes Object Created, Object Deleted of this bucket to the queue; the pattern of rule own does not",
        ),
        (
            {"EventBridgeConfiguration": {}},
            [replace(RULE, pattern={**PATTERN, "detail-type": ["Object Created"]})],
            "no EventBridge rule takes Object Deleted of this bucket",
        ),
        ({"EventBridgeConfiguration": {}}, [], "the stack's rule is gone"),
    ],
)
def test_eventbridge_that_was_changed_is_told(document, rules, told):
    assert told in look(document, BY_EVENTBRIDGE, roads=Roads(rules)).wrong[0]


ON = {"EventBridgeConfiguration": {}}
BY_A_PERSON = replace(BY_EVENTBRIDGE, maker=Maker.PERSON)


@pytest.mark.parametrize(
    ("document", "wish", "rule", "fix"),
    [
        ({}, BY_EVENTBRIDGE, RULE, "invalidator check --repair"),
        (ON, BY_EVENTBRIDGE, replace(RULE, enabled=False), "invalidator check --repair --yes"),
        (ON, BY_EVENTBRIDGE, replace(RULE, targeted=False), "invalidator check --repair --yes"),
        (ON, BY_EVENTBRIDGE, replace(RULE, pattern={"source": ["x"]}), "invalidator check --repair --yes"),
        (ON, BY_EVENTBRIDGE, None, "invalidator check --repair --yes"),
        (ON, BY_A_PERSON, replace(RULE, own=False, enabled=False), "aws events enable-rule --name own"),
        (ON, BY_A_PERSON, None, "invalidator bucket connect site --eventbridge"),
    ],
)
def test_the_first_command_is_the_one_that_mends_what_is_wrong(document, wish, rule, fix):
    """What `check --repair` mends of the rule itself: `tests/cli/check/test_check.py`."""
    assert look(document, wish, roads=Roads([rule] if rule else [])).fix == fix


def test_a_subscription_of_a_topic_is_made_by_sns_itself():
    found = look(TO_TOPIC, BY_TOPIC, roads=Roads(topics={TOPIC: Topic(TOPIC, subscribed=False)}))
    assert found.fix == (
        f"aws sns subscribe --topic-arn {TOPIC} --protocol sqs --notification-endpoint {QUEUE.arn}"
    )
    assert look(TO_TOPIC, BY_TOPIC, roads=Roads(topics={})).fix == "make deploy"


def test_eventbridge_works_by_any_rule_that_takes_the_bucket():
    on = {"EventBridgeConfiguration": {}}
    wide = Rule("wide", RULE.arn, enabled=True, pattern={"source": [{"prefix": "aws."}]})
    some = replace(wide, pattern={"detail": {"bucket": {"name": [{"wildcard": "s*"}]}}})
    for rule in (RULE, wide, some):
        assert look(on, BY_EVENTBRIDGE, roads=Roads([rule])).state == "works"
    access = Access()
    access.closed = {EVENTBRIDGE}
    assert look(on, BY_EVENTBRIDGE, access=access, roads=Roads([RULE])).wrong == (
        f"the queue keeps out {EVENTBRIDGE}",
    )


def test_acls_are_missed_where_they_were_asked_for():
    wish = replace(BY_EVENTBRIDGE, events=(*DIRECT.events, "s3:ObjectAcl:Put"))
    found = look({"EventBridgeConfiguration": {}}, wish, roads=Roads([RULE]))
    assert "no EventBridge rule takes Object ACL Updated" in found.wrong[0]


@pytest.mark.parametrize(
    ("document", "topics", "told"),
    [
        ({}, None, "no entry to topic uploads any more"),
        (
            TO_TOPIC,
            {TOPIC: Topic(TOPIC, subscribed=False)},
            "the queue's subscription of topic uploads is gone",
        ),
        (TO_TOPIC, {}, f"topic {TOPIC} is not among TopicArns any more"),
    ],
)
def test_a_topic_that_was_changed_is_told(document, topics, told):
    assert told in look(document, BY_TOPIC, roads=Roads(topics=topics)).wrong[0]


def test_a_topic_works_until_the_queue_keeps_it_out():
    assert look(TO_TOPIC, BY_TOPIC).state == "works"
    access = Access()
    access.closed = {SNS}
    assert look(TO_TOPIC, BY_TOPIC, access=access).wrong == (f"the queue keeps out {SNS}",)


def test_a_bucket_that_is_gone_or_closed_to_us_is_lost_and_one_that_s3_does_not_answer_for_is_unknown():
    s3 = FakeS3(site=OURS)
    s3.denied.add("site")
    assert lookout(s3).look("site", [DIRECT]).watch.wrong == ("no access to 'site'",)
    assert "no bucket 'gone'" in lookout(s3).look("gone", [replace(DIRECT, bucket="gone")]).watch.wrong[0]
    s3.fault = lambda number, name: "before"
    found = lookout(s3).look("site", [DIRECT]).watch
    assert (found.state, found.wrong) == ("unknown", ())
    assert "did not answer" in found.unknown

    class Silent(Roads):
        @property
        def rules(self):
            raise UnsettledError("EventBridge did not answer")

        @rules.setter
        def rules(self, _):
            pass

    switched_on = {"EventBridgeConfiguration": {}}
    assert look(switched_on, BY_EVENTBRIDGE, roads=Silent()).unknown == "EventBridge did not answer"
    # What is lost by what could be read is lost, whatever else could not be.
    found = look(OURS, BY_EVENTBRIDGE, roads=Silent())
    assert (found.state, found.unknown, len(found.wrong)) == ("lost", "", 1)


def test_a_road_that_nobody_told_of_is_learned():
    document = {
        "QueueConfigurations": [
            OWNER.entry(QUEUE.arn, KeyFilter("a/")),
            {
                "Id": "tf-s3-queue-2",
                "QueueArn": QUEUE.arn,
                "Events": ["s3:ObjectCreated:*"],
                **KeyFilter("b/").to_s3(),
            },
            TERRAFORM,
        ],
        **TO_TOPIC,
        "EventBridgeConfiguration": {},
    }
    s3 = FakeS3(site=document)
    learned = lookout(s3, roads=Roads([RULE])).learn("site", document)
    assert [(wish.road, wish.maker, wish.keys, wish.through) for wish in learned] == [
        (Road.QUEUE, Maker.PERSON, KeyFilter("a/"), ""),
        (Road.QUEUE, Maker.LEARNED, KeyFilter("b/"), ""),
        (Road.TOPIC, Maker.LEARNED, KeyFilter(), TOPIC),
        (Road.EVENTBRIDGE, Maker.LEARNED, KeyFilter(), ""),
    ]
    assert lookout(s3, roads=Roads([RULE])).look("site", learned).watch.state == "works"
    assert lookout(s3, roads=Roads()).learn("site", {"EventBridgeConfiguration": {}}) == []
    assert str(Wish("site", Road.QUEUE, Maker.LEARNED)) == "another tool's entry"
