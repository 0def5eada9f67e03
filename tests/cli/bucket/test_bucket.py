"""`invalidator bucket` as a person types it, against moto's AWS."""

import json

import pytest

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.wishes.wish import Maker, Road, Wish
from infra.cli.session import Session
from tests.cli.bucket.conftest import ALLOW_S3, QUEUE_ARN, REGION

THEIRS = {
    "Id": "theirs",
    "TopicArn": f"arn:aws:sns:{REGION}:123456789012:their-topic",
    "Events": ["s3:ObjectCreated:Put"],
    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "logs/"}]}},
}


def test_connect_adds_our_entry_and_leaves_theirs(aws, run):
    aws.bucket("blog", TopicConfigurations=[THEIRS])
    code, out, err = run("connect", "blog", "--prefix", "site/")
    assert (code, "+ queue cloudfront-invalidator-site." in err) == (0, True)
    assert " ".join(out.split()) == (
        "blog: connected; S3 sent its test event without an error, and the queue grew "
        "(entries of others, untouched: 1)"
    )
    # A survey is asked for; this stack has none.
    assert "who serves it is seen by the next survey; none could be made now" in " ".join(err.split())
    assert max(len(line) for line in (out + err).splitlines()) <= 80
    held = aws.notification("blog")
    assert held["TopicConfigurations"] == [THEIRS]
    assert [each["QueueArn"] for each in held["QueueConfigurations"]] == [QUEUE_ARN]
    body = json.loads(aws.sqs.receive_message(QueueUrl=aws.queue)["Messages"][0]["Body"])
    assert body["Event"] == "s3:TestEvent", "the test event is left for the worker"


def test_what_is_connected_is_remembered_for_the_watch_and_the_gap_before_is_covered(aws, run):
    aws.bucket("blog")
    run("connect", "blog", "--prefix", "a/", "--dry-run")
    assert aws.wishes.all() == []
    run("connect", "blog", "--prefix", "a/")
    part = Wish("blog", Road.QUEUE, Maker.PERSON, KeyFilter("a/"))
    assert (aws.wishes.all(), aws.wishes.gaps()["blog"].since) == ([part], 0.0)
    first = aws.wishes.gaps()["blog"]
    run("connect", "blog")
    assert aws.wishes.all() == [Wish("blog", Road.QUEUE, Maker.PERSON)], "the wider one takes its place"
    noted = aws.wishes.gaps()["blog"]
    assert noted.noted > first.noted, "of the other keys nobody was told until now"
    run("connect", "blog")
    assert aws.wishes.gaps()["blog"] == noted
    aws.wishes.wish(Wish("blog", Road.EVENTBRIDGE, Maker.PERSON))  # moto's S3 forgets the switch
    assert [wish.road for wish in aws.wishes.all()] == [Road.EVENTBRIDGE, Road.QUEUE]
    run("disconnect", "blog", "--dry-run")
    assert len(aws.wishes.all()) == 2
    run("disconnect", "blog")
    assert aws.wishes.all() == []


def test_what_the_parameters_connected_stays_theirs(aws, run):
    aws.wishes.wish(Wish("blog", Road.QUEUE, Maker.STACK))
    aws.bucket("blog")
    run("connect", "blog")
    assert [wish.maker for wish in aws.wishes.all()] == [Maker.STACK]
    (entry,) = aws.notification("blog")["QueueConfigurations"]
    assert entry["Id"] == "cloudfront-invalidator-site", "it goes with the stack"


def test_a_bucket_that_was_connected_and_lost_its_entry_is_called_lost_with_the_command(aws, run):
    """The case notification-overwritten: another tool's deploy has replaced the whole notification."""
    aws.wishes.wish(Wish("blog", Road.QUEUE, Maker.STACK))
    tool = {"Id": "tf-s3-topic-1", "TopicArn": THEIRS["TopicArn"], "Events": ["s3:ObjectRestore:*"]}
    aws.bucket("blog", TopicConfigurations=[tool])
    aws.bucket("never", TopicConfigurations=[tool])
    code, out, _ = run("list", "blog", "never", "--json")
    lost, never = json.loads(out)["buckets"]
    assert (code, lost["state"], never["state"]) == (3, "broken", "not connected")
    assert lost["reason"].startswith(
        "lost (parameter Buckets): its notification holds no entry to the queue any more; it holds now: topic tf-"
    )
    assert lost["reason"].endswith("type: invalidator check --repair")


def test_another_tool_s_entry_to_the_queue_works(aws, run):
    aws.wishes.wish(Wish("blog", Road.QUEUE, Maker.LEARNED, events=("s3:ObjectCreated:*",)))
    tool = {"Id": "tf-s3-queue-1", "QueueArn": QUEUE_ARN, "Events": ["s3:ObjectCreated:*"]}
    aws.bucket("blog", QueueConfigurations=[tool])
    (state,) = json.loads(run("list", "blog", "--json")[1])["buckets"]
    assert (state["state"], state["reason"]) == ("works", "another tool's entry")


def test_a_bucket_that_is_gone_can_be_forgotten(aws, run):
    aws.wishes.wish(Wish("gone", Road.QUEUE, Maker.PERSON))
    code, out, _ = run("disconnect", "gone")
    assert (code, aws.wishes.all()) == (0, [])
    assert "the watch looks after it no more; it could not be reached (no bucket 'gone'" in " ".join(
        out.split()
    )
    code, _, err = run("disconnect", "gone")
    assert (code, err) == (1, "invalidator: no bucket 'gone'; check its name\n")


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ({"QueueArn": QUEUE_ARN}, "the stack has no table to remember it in"),
        ({"QueueArn": QUEUE_ARN, "TableName": "none"}, "the stack's table could not be asked"),
    ],
)
def test_a_bucket_that_cannot_be_remembered_is_connected_all_the_same(aws, run, monkeypatch, outputs, why):
    monkeypatch.setattr(Session, "outputs", outputs)
    aws.bucket("blog")
    code, _, err = run("connect", "blog")
    assert code == 0
    assert f"note: the watch does not look after it: {why}" in " ".join(err.split())
    assert aws.notification("blog")["QueueConfigurations"]


def test_an_overlap_is_one_line_with_the_way_out_and_changes_nothing(aws, run):
    aws.bucket("blog", TopicConfigurations=[THEIRS])
    code, out, err = run("connect", "blog")
    assert (code, out, err.count("\n")) == (1, "", 1)
    for part in ("'theirs'", "s3:ObjectCreated:Put", "prefix 'logs/'", "EventBridgeBuckets", "TopicArns"):
        assert part in err
    assert aws.notification("blog") == {"TopicConfigurations": [THEIRS]}


def test_connecting_twice_changes_nothing(aws, run):
    aws.bucket("blog")
    run("connect", "blog")
    assert (
        run("connect", "blog")[1]
        == "blog: connected already; nothing was changed (entries of others, untouched: 0)\n"
    )


def test_a_dry_run_prints_the_difference_and_changes_nothing(aws, run):
    aws.bucket("blog")
    code, out, _ = run("connect", "blog", "--dry-run", "--suffix", ".html")
    assert code == 0
    assert "for suffix '.html' to arn:aws:sqs:eu-west-1:123456789012:site-changes" in " ".join(out.split())
    assert out.splitlines()[-1].startswith("blog: would be connected")
    assert max(len(line) for line in out.splitlines()) <= 80
    assert aws.notification("blog") == {}


def test_disconnect_takes_ours_and_leaves_theirs(aws, run):
    aws.bucket("blog", TopicConfigurations=[THEIRS])
    run("connect", "blog", "--prefix", "site/")
    assert run("disconnect", "blog", "--prefix", "other/")[1].startswith("blog: was not connected")
    assert run("disconnect", "blog")[:2] == (0, "blog: disconnected (entries of others, untouched: 1)\n")
    assert aws.notification("blog") == {"TopicConfigurations": [THEIRS]}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "no bucket 'nowhere'; check its name"),
        (["Blog"], "no bucket 'Blog'; check its name (those made since March 2018 hold no capitals)"),
        (["blog", "blog"], "bucket 'blog' is named twice; name it once"),
        (["far"], "bucket 'far' is in eu-central-1, the queue in eu-west-1"),
        (["blog", "--suffix", "*.html"], "holds a *, which S3 takes as no wildcard; give it without"),
        (
            ["blog", "--eventbridge", "--prefix", "a/"],
            "EventBridge takes all events of a bucket; leave out --prefix",
        ),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(aws, run, arguments, line):
    aws.bucket("blog")
    aws.bucket("far", "eu-central-1")
    code, out, err = run("connect", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert line in err
    assert aws.notification("blog") == {}


def test_a_queue_that_shuts_s3_out_is_named_before_anything_changes(aws, run):
    aws.bucket("blog")
    aws.allow({**ALLOW_S3, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::other"}}})
    code, _, err = run("connect", "blog")
    assert (code, "does not let S3 send for bucket 'blog'" in err) == (1, True)
    assert aws.notification("blog") == {}


def test_several_buckets_of_which_one_fails_are_partly_done(aws, run):
    aws.bucket("blog")
    code, out, err = run("connect", "blog", "nowhere")
    assert (code, out.startswith("blog: connected;"), "no bucket 'nowhere'" in err) == (2, True, True)
    assert run("connect", "nowhere", "nobody")[0] == 1


def test_json_holds_the_whole_result(aws, run):
    aws.bucket("blog")
    code, out, _ = run("connect", "blog", "nowhere", "--json")
    done, failed = json.loads(out)["buckets"]
    assert code == 2
    assert (done["bucket"], done["changed"], done["validated"], done["arrival_seen"]) == (
        "blog",
        True,
        True,
        True,
    )
    assert done["difference"][0].startswith("+ queue cloudfront-invalidator-site.by-hand: ")
    assert failed == {"bucket": "nowhere", "error": "no bucket 'nowhere'; check its name"}


def test_eventbridge_can_be_tried_dry(aws, run):
    aws.bucket("blog")
    out = run("connect", "blog", "--eventbridge", "--dry-run")[1]
    assert out.splitlines()[0] == "+ EventBridge: every event of the bucket"


def test_list_tells_what_works_and_why_not(aws, run):
    aws.bucket("blog", TopicConfigurations=[THEIRS])
    for name in ("site", "broken", "partial"):
        aws.bucket(name)
        run("connect", name)
    stranger = QUEUE_ARN + "-old"
    entry = aws.notification("broken")["QueueConfigurations"][0]
    for name, change in (("broken", {"QueueArn": stranger}), ("partial", {"Events": ["s3:ObjectCreated:*"]})):
        configuration = {"QueueConfigurations": [{**entry, **change}]}
        aws.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
    code, out, _ = run("list", "--json")
    states = {each["bucket"]: each for each in json.loads(out)["buckets"]}
    assert code == 3
    assert run("list", "site", "blog")[0] == 0
    assert {name: each["state"] for name, each in states.items()} == {
        "blog": "not connected",
        "site": "works",
        "broken": "broken",
        "partial": "broken",
    }
    assert stranger in states["broken"]["reason"]
    assert (
        "lacks s3:ObjectRemoved:*, s3:LifecycleExpiration:*; connect it again" in states["partial"]["reason"]
    )
    assert states["blog"]["entries"] == [
        {
            "id": "theirs",
            "kind": "topic",
            "to": THEIRS["TopicArn"],
            "events": ["s3:ObjectCreated:Put"],
            "prefix": "logs/",
            "suffix": "",
            "own": False,
        }
    ]
    assert run("connect", "partial")[0] == 0
    assert json.loads(run("list", "partial", "--json")[1])["buckets"][0]["state"] == "works"


def test_list_says_when_the_queue_shuts_s3_out(aws, run):
    aws.bucket("site")
    run("connect", "site")
    aws.allow({**ALLOW_S3, "Action": "sqs:ReceiveMessage"})
    (state,) = json.loads(run("list", "site", "nowhere", "--json")[1])["buckets"][:1]
    assert (state["state"], "does not let S3 send" in state["reason"]) == ("broken", True)


def test_list_as_a_table_names_bucket_state_and_destination(aws, run):
    aws.bucket("site")
    run("connect", "site")
    code, out, _ = run("list", "site", "nowhere")
    assert (code, run("list", "site")[0], run("list", "nowhere")[0]) == (2, 0, 1)
    for part in ("site", "works", "queue", "site-changes", "(ours)", "unknown", "no bucket"):
        assert part in out


def test_connect_asks_for_new_acls_where_the_stack_does(aws, run, monkeypatch):
    """A withdrawn object is a change of what viewers may see; else the bucket would be sent half of what was asked."""
    for parameters, asked in (({}, False), ({"AclChanges": "no"}, False), ({"AclChanges": "yes"}, True)):
        monkeypatch.setattr(Session, "parameters", parameters)
        name = f"blog{len(parameters)}{asked}".lower()
        aws.bucket(name)
        assert run("connect", name)[0] in {0, 2}
        (entry,) = aws.notification(name)["QueueConfigurations"]
        assert ("s3:ObjectAcl:Put" in entry["Events"]) is asked
