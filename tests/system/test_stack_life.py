"""A stack is deployed on buckets that live already, changed and deleted; what others put there goes on working."""

import json
from typing import Any

import pytest

from tests.system import site
from tests.system.stack import all_fresh, at_rest, invalidator, letters, until

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.soak("minutes of a busy machine"),
    pytest.mark.xdist_group("life"),
]

NAME = "second"
OWN = f"cloudfront-invalidator-{NAME}"


@pytest.fixture(scope="module")
def elsewhere(account):
    """Two buckets whose owners are told of restored objects, by a queue and by a topic; and to which queue."""
    sqs, sns, s3 = (account.client(name) for name in ("sqs", "sns", "s3"))
    url = sqs.create_queue(QueueName="restored")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="restored")["TopicArn"]
    anyone: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}],
    }
    for arn, put in (
        (queue, lambda policy: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})),
        (
            topic,
            lambda policy: sns.set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=policy
            ),
        ),
    ):
        anyone["Statement"][0]["Resource"] = arn
        put(json.dumps(anyone))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    told = {"Events": ["s3:ObjectRestore:*"], "Id": "theirs"}
    rule = {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "old/"}]}}}
    configurations = {
        "first-life": {"QueueConfigurations": [{**told, **rule, "QueueArn": queue}]},
        "second-life": {"TopicConfigurations": [{**told, "TopicArn": topic}], "EventBridgeConfiguration": {}},
    }
    for bucket, configuration in configurations.items():
        site.make_bucket(account, bucket)
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    return url


def entries(aws, bucket):
    """The ids of a bucket's entries, and the whole of those that are not ours."""
    document = aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    document.pop("ResponseMetadata")
    ids = {each["Id"] for found in document.values() for each in found if isinstance(found, list)}
    theirs = {
        kind: [each for each in found if not each["Id"].startswith(OWN)] if isinstance(found, list) else found
        for kind, found in document.items()
    }
    return ids, {kind: found for kind, found in theirs.items() if found or kind == "EventBridgeConfiguration"}


def they_are_told(aws, url, bucket):
    """Whether a restored object of the bucket comes to those who asked to be told."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    sqs.purge_queue(QueueUrl=url)
    s3.put_object(Bucket=bucket, Key="old/film.mov", Body=b"x", StorageClass="GLACIER")
    s3.restore_object(Bucket=bucket, Key="old/film.mov", RestoreRequest={"Days": 1})
    return until(lambda: [each for each in letters(aws, url) if "ObjectRestore" in each["Body"]], 60, "told")


def test_two_buckets_then_one_then_none(account, elsewhere):
    aws, s3 = account, account.client("s3")
    buckets = ("first-life", "second-life")
    theirs = {bucket: entries(aws, bucket)[1] for bucket in buckets}
    served = {bucket: {site.make_distribution(aws, bucket): ""} for bucket in buckets}

    aws.deploy({"Buckets": ",".join(buckets)}, stack=NAME)
    invalidator(aws, "route", "refresh", "--stack", NAME)
    for bucket in buckets:
        assert entries(aws, bucket) == ({"theirs", OWN}, theirs[bucket])
        all_fresh(aws, site.upload(s3, bucket, site.ODD_KEYS), served[bucket])
        assert they_are_told(aws, elsewhere, bucket)

    outputs = aws.deploy({"Buckets": "second-life"}, stack=NAME)
    assert [entries(aws, bucket)[0] for bucket in buckets] == [{"theirs"}, {"theirs", OWN}]
    at_rest(aws, outputs)
    sent = len(aws.gate.invalidations)
    site.put(s3, "first-life", "nobody-is-told.html")
    all_fresh(aws, [site.put(s3, "second-life", "told.html")], served["second-life"])
    new = aws.gate.invalidations[sent:]
    assert {each.distribution for each in new} == set(served["second-life"]), new

    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 90}
    )
    for bucket in buckets:
        assert entries(aws, bucket) == ({"theirs"}, theirs[bucket])
        assert they_are_told(aws, elsewhere, bucket)
