"""The README's snippets for tools that own a bucket's notification are of the form that each tool takes."""

import ast
import re
from pathlib import Path

import hcl2
import pytest
import yaml

from bucket_subscription.names import read_queue_arn
from bucket_subscription.owner import EVENTS

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
# CDK's names of S3's events (aws_cdk.aws_s3.EventType).
CDK = {"OBJECT_CREATED": EVENTS[0], "OBJECT_REMOVED": EVENTS[1], "LIFECYCLE_EXPIRATION": EVENTS[2]}


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found


@pytest.mark.xdist_group("terraform")  # to make its reader takes seconds
def test_terraform_s_resource_sends_all_events_to_the_queue():
    (block,) = hcl2.loads(snippet("hcl"))["resource"]
    notification = {
        key.strip('"'): value for key, value in block['"aws_s3_bucket_notification"']['"site"'].items()
    }
    (queue,) = notification["queue"]
    assert [each.strip('"') for each in queue["events"]] == list(EVENTS)
    read_queue_arn(queue["queue_arn"].strip('"'))


def test_cdk_s_lines_send_all_events_to_the_queue():
    tree = ast.parse(snippet("python"))
    events = [each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute) and each.attr in CDK]
    assert [CDK[name] for name in events] == list(EVENTS)
    calls = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    assert {"sqs.Queue.from_queue_arn", "bucket.add_event_notification", "s3n.SqsDestination"} == calls
    (arn,) = re.findall(r"arn:[^\"]+", snippet("python"))
    read_queue_arn(arn)


def test_cloudformation_s_bucket_sends_all_events_to_the_queue():
    resource = yaml.safe_load(snippet("yaml"))
    entries = resource["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert resource["Type"] == "AWS::S3::Bucket"
    assert [each["Event"] for each in entries] == list(EVENTS)
    assert len({read_queue_arn(each["Queue"]).arn for each in entries}) == 1
