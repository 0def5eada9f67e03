"""CloudFormation is answered exactly once on every path, with a reason a person understands."""

import http.server
import json
import threading
from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from moto import mock_aws

from bucket_subscription.document import own_part, same
from bucket_subscription.errors import RefusedError
from bucket_subscription.handler import respond, subscribe_on_aws
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.stack_event import read_properties, stack_of
from custom_resource.answer import put_to_url
from tests.bucket_subscription.fake_bucket_aws import OWNER, QUEUE, FakeS3, queue_entry, subscription
from tests.bucket_subscription.stack_request import PHYSICAL_ID, request
from tests.lambda_context import LambdaContext

THEIRS = {"TopicConfigurations": [queue_entry("theirs", ["s3:ObjectAcl:Put"], kind="TopicConfigurations")]}


def answers(event, s3, context=None):
    """Run the function; return what CloudFormation was told."""
    told = []
    respond(
        event,
        context or LambdaContext(),
        lambda url, body: told.append((url, json.loads(body))),
        lambda owner, account, until: replace(subscription(s3), owner=owner),
    )
    assert [url for url, _ in told] == [event["ResponseURL"]] * len(told)
    return [body for _, body in told]


def answer(event, s3, context=None):
    (body,) = answers(event, s3, context)
    assert {name: body[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event.get(name, "") for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    failed_create = event["RequestType"] == "Create" and body["Status"] == "FAILED"
    assert body["PhysicalResourceId"].startswith(PHYSICAL_ID + ".failed" * failed_create)
    return body["Status"], body["Reason"]


def connected(s3):
    return sorted(name for name, document in s3.documents.items() if own_part(document, OWNER))


def test_create_connects_each_bucket():
    s3 = FakeS3(blog=THEIRS, site={})
    assert answer(request("Create", ["blog", "site"]), s3) == ("SUCCESS", "connected: 2")
    assert connected(s3) == ["blog", "site"]
    assert same({"TopicConfigurations": s3.documents["blog"]["TopicConfigurations"]}, THEIRS)


def test_new_acls_are_asked_for_where_the_stack_says_so_also_by_entries_made_by_hand():
    s3 = FakeS3(site={}, blog={"QueueConfigurations": [OWNER.entry(QUEUE.arn, KeyFilter(), by_hand=True)]})
    answer(request("Create", ["blog", "site"], AclChanges="yes"), s3)
    assert [asks_for_acls(s3, name) for name in ("blog", "site")] == [True, True]
    was = {"Buckets": ["blog", "site"], "QueueArn": QUEUE.arn, "AclChanges": "yes"}
    assert answer(request("Update", ["blog", "site"], was, AclChanges="no"), s3)[0] == "SUCCESS"
    assert [asks_for_acls(s3, name) for name in ("blog", "site")] == [True, False]


def asks_for_acls(s3, name):
    (entry,) = own_part(s3.documents[name], OWNER)
    return "s3:ObjectAcl:Put" in entry["Events"]


def test_a_create_that_fails_puts_back_what_it_connected():
    s3 = FakeS3(blog=THEIRS, site={})
    status, reason = answer(request("Create", ["blog", "site", "nowhere"]), s3)
    assert (status, reason) == ("FAILED", "no bucket 'nowhere'")
    assert connected(s3) == []
    assert same(s3.documents["blog"], THEIRS)


def test_the_delete_after_a_failed_create_succeeds():
    s3 = FakeS3(blog=THEIRS)
    event = request("Delete", ["blog", "nowhere", "Capitals"])
    status, reason = answer(event, s3)
    assert status == "SUCCESS"
    assert "no bucket 'nowhere'" in reason


def test_update_follows_additions_and_removals():
    s3 = FakeS3(blog=THEIRS, site={}, shop={})
    answer(request("Create", ["blog", "site"]), s3)
    event = request("Update", ["site", "shop"], old={"Buckets": ["blog", "site"], "QueueArn": QUEUE.arn})
    assert answer(event, s3) == ("SUCCESS", "connected: 2; disconnected: 1")
    assert connected(s3) == ["shop", "site"]
    assert same(s3.documents["blog"], THEIRS)
    assert len([bucket for bucket, _ in s3.writes if bucket == "site"]) == 1, (
        "what stays is not written again"
    )


def test_update_follows_a_new_queue():
    s3 = FakeS3(site={})
    answer(request("Create", ["site"]), s3)
    new = QUEUE.arn + "-2"
    answer(request("Update", ["site"], old={"Buckets": ["site"], "QueueArn": QUEUE.arn}, QueueArn=new), s3)
    assert [each["QueueArn"] for each in s3.documents["site"]["QueueConfigurations"]] == [new]


def test_an_update_that_fails_leaves_every_bucket_as_it_was():
    s3 = FakeS3(blog=THEIRS, site={}, shop={})
    answer(request("Create", ["blog", "site"]), s3)
    before = {name: s3.read(name) for name in s3.documents}
    old = {"Buckets": ["blog", "site"], "QueueArn": QUEUE.arn}
    event = request("Update", ["shop", "site", "nowhere"], old=old, QueueArn=QUEUE.arn + "-2")
    assert answer(event, s3)[0] == "FAILED"
    assert all(same(s3.documents[name], before[name]) for name in before)


def test_an_update_that_removes_a_bucket_that_is_gone_succeeds():
    s3 = FakeS3(site={})
    event = request("Update", ["site"], old={"Buckets": ["gone-since", "site"], "QueueArn": QUEUE.arn})
    assert answer(event, s3) == (
        "SUCCESS",
        "connected: 1; disconnected: 1; passed over: no bucket 'gone-since'",
    )


def test_delete_disconnects_and_leaves_others():
    s3 = FakeS3(blog=THEIRS, site={})
    answer(request("Create", ["blog", "site"]), s3)
    assert answer(request("Delete", ["blog", "site"]), s3) == ("SUCCESS", "disconnected: 2")
    assert same(s3.documents["blog"], THEIRS)


def test_delete_is_not_stuck_on_a_bucket_that_is_gone_or_closed():
    s3 = FakeS3(site={}, closed={})
    answer(request("Create", ["site", "closed"]), s3)
    s3.denied.add("closed")
    status, reason = answer(request("Delete", ["gone-since", "closed", "site"]), s3)
    assert status == "SUCCESS"
    assert "passed over: no bucket 'gone-since'" in reason
    assert "passed over: no access to 'closed'" in reason
    assert own_part(s3.documents["site"], OWNER) == ()


def test_delete_fails_while_s3_fails_so_that_no_dead_entry_is_left_and_works_the_next_time():
    s3 = FakeS3(site={})
    answer(request("Create", ["site"]), s3)
    s3.fault = lambda number, name: "before"
    assert answer(request("Delete", ["site"]), s3)[0] == "FAILED"
    s3.fault = lambda number, name: None
    assert answer(request("Delete", ["site"]), s3) == ("SUCCESS", "disconnected: 1")


@pytest.mark.parametrize("at", range(16))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_create_during_which_s3_goes_away_fails_in_words_and_harms_nobody(at, moment):
    s3 = FakeS3(blog=THEIRS, site=THEIRS)
    s3.fault = lambda number, name: moment if number >= at else None
    status, reason = answer(request("Create", ["blog", "site"]), s3)
    assert status == ("FAILED" if at < len(s3.calls) else "SUCCESS")
    assert "S3" in reason or status == "SUCCESS"
    for document in s3.documents.values():
        assert same({"TopicConfigurations": document["TopicConfigurations"]}, THEIRS)


def test_what_could_not_be_put_back_is_named():
    s3 = FakeS3(blog={}, site={})
    calls = [number for number, name in enumerate(_calls(["blog", "site"])) if name == "write"][1]
    s3.fault = lambda number, name: "before" if number >= calls else None
    status, reason = answer(request("Create", ["blog", "site"]), s3)
    assert status == "FAILED"
    assert "not put back as it was; bucket 'blog': S3 did not answer" in reason


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"Buckets": ["s3://site"]}, "is no bucket name; give the bare name"),
        ({"Buckets": ["site", "site"]}, "bucket 'site' is named twice; name it once"),
        ({"Buckets": {"a": 1}}, "property Buckets is no list of bucket names"),
        ({"Buckets": [1]}, "property Buckets is no list of bucket names"),
        ({"QueueArn": "my-queue"}, "'my-queue' is no ARN of an SQS queue"),
        ({"QueueArn": None}, "property QueueArn is missing"),
    ],
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_bad_properties_are_refused_before_anything_is_done(kind, changes, line):
    s3 = FakeS3(site={})
    event = request(kind, **changes)
    status, reason = answer(event, s3)
    assert status == "FAILED"
    assert line in reason
    assert s3.calls == []
    assert answer({**event, "RequestType": "Delete"}, s3)[0] == "SUCCESS", "and the stack can go"


def test_a_request_of_an_unknown_kind_or_stack_is_refused():
    assert answer({**request("Delete"), "RequestType": "Replace"}, FakeS3()) == (
        "FAILED",
        "CloudFormation asked for 'Replace', which is unknown",
    )
    assert answer({**request("Create"), "StackId": "odd"}, FakeS3()) == (
        "FAILED",
        "'odd' is no id of a stack",
    )


@pytest.mark.parametrize("empty", [[], [""], "", " , "])
def test_no_buckets_are_no_work(empty):
    assert answer(request("Create", Buckets=empty), FakeS3()) == ("SUCCESS", "no buckets are named")


def test_the_list_may_come_as_one_string():
    found = read_properties({"Buckets": "blog, site", "QueueArn": QUEUE.arn}).buckets
    assert found == {"blog": (KeyFilter(),), "site": (KeyFilter(),)}


def test_buckets_for_eventbridge_are_switched_on_and_stay_on():
    s3 = FakeS3(blog=THEIRS, site={})
    event = request("Create", ["site"], EventBridgeBuckets=["blog"])
    assert answer(event, s3) == ("SUCCESS", "connected: 1; sending to EventBridge: 1")
    assert same(s3.documents["blog"], {**THEIRS, "EventBridgeConfiguration": {}})
    answer(request("Delete", ["site"], EventBridgeBuckets=["blog"]), s3)
    assert "EventBridgeConfiguration" in s3.documents["blog"]


def test_a_bucket_that_moves_to_eventbridge_is_not_said_to_send_twice():
    s3 = FakeS3(site={})
    answer(request("Create", ["site"]), s3)
    event = request("Update", EventBridgeBuckets=["site"], old={"Buckets": ["site"], "QueueArn": QUEUE.arn})
    assert answer(event, s3) == ("SUCCESS", "sending to EventBridge: 1; disconnected: 1")


def test_time_running_out_is_answered_while_s3_still_holds_the_function():
    """The answer comes from the alarm; only then does S3 let go."""
    s3, told, released = FakeS3(site={}), [], threading.Event()

    def put(url, body):
        told.append(json.loads(body))
        released.set()

    s3.before_call[1] = lambda: released.wait(30)
    respond(request("Create", ["site", "blog"]), LambdaContext(seconds=0), put, lambda *_: subscription(s3))
    assert [(each["Status"], each["Reason"].split(";")[0]) for each in told] == [("FAILED", "time ran out")]


def test_the_sdk_failing_is_answered():
    def make(*_):
        raise NoCredentialsError

    told = []
    respond(
        request("Create", ["site"]), LambdaContext(), lambda url, body: told.append(json.loads(body)), make
    )
    assert [each["Reason"] for each in told] == ["AWS could not be asked: Unable to locate credentials"]


def test_even_a_defect_is_answered():
    told = []
    with pytest.raises(ZeroDivisionError):
        respond(
            request("Create"),
            LambdaContext(),
            lambda url, body: told.append(json.loads(body)),
            lambda *_: 1 / 0,
        )
    assert [each["Status"] for each in told] == ["FAILED"]


def test_a_long_reason_is_cut_to_what_cloudformation_takes():
    s3 = FakeS3()
    event = request("Delete", [f"gone-{n:03}" for n in range(200)])
    status, reason = answer(event, s3)
    assert (status, len(reason) <= 2000) == ("SUCCESS", True)


def test_on_aws_the_same_happens_through_the_sdk(monkeypatch):
    policy = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    told = []

    def put(url, body):
        told.append(json.loads(body)["Status"])

    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        text = json.dumps({"Statement": [{**policy, "Resource": QUEUE.arn}]})
        queue = boto3.client("sqs").create_queue(QueueName=QUEUE.name, Attributes={"Policy": text})
        respond(request("Create", ["site"]), LambdaContext(), put, subscribe_on_aws)
        (entry,) = s3.get_bucket_notification_configuration(Bucket="site")["QueueConfigurations"]
        arrived = boto3.client("sqs").receive_message(QueueUrl=queue["QueueUrl"])["Messages"]
        respond(request("Delete", ["site"]), LambdaContext(), put, subscribe_on_aws)
        left = s3.get_bucket_notification_configuration(Bucket="site")
    assert told == ["SUCCESS", "SUCCESS"]
    assert entry["Id"] == "cloudfront-invalidator-site"
    assert json.loads(arrived[0]["Body"])["Event"] == "s3:TestEvent"
    assert "QueueConfigurations" not in left


def test_the_answer_is_put_as_cloudformation_signed_it_and_tried_again_on_failure():
    got = []

    class Bucket(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers.get("Content-Type"), body))
            self.send_response(200 if len(got) > 1 else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        put_to_url(f"http://127.0.0.1:{server.server_port}/answer?signed=yes", b"{}")
        server.shutdown()
        thread.join()
    assert got == [("/answer?signed=yes", "", b"{}")] * 2


def test_an_answer_that_cannot_be_put_raises_so_that_lambda_runs_the_function_again():
    with pytest.raises(OSError, match="refused"):
        put_to_url("http://127.0.0.1:9/answer", b"{}")


def test_the_stacks_name_is_read_from_its_id():
    event = {"StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/my-stack/9f1"}
    owner, account = stack_of(event)
    assert (owner.stack, account) == ("my-stack", "123456789012")
    for odd in ("", "odd", "a/b", None, 7, ["arn"]):
        with pytest.raises(RefusedError):
            stack_of({"StackId": odd})


def _calls(buckets):
    s3 = FakeS3(**{name: {} for name in buckets})
    answer(request("Create", buckets), s3)
    return s3.calls
