"""A stack of version 0.1.0 becomes this one by `make deploy`, and keeps what others know by name."""

from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("template")  # translated once

# What 0.1.0's template made with its defaults: type, and the properties of which another value makes another resource
# (CloudFormation's resource reference, "Update requires: Replacement"). None: not named.
VERSION_010: dict[str, tuple[str, dict[str, Any]]] = {
    "InvalidationQueue": ("AWS::SQS::Queue", {"QueueName": "stack-changes"}),
    "DeadLetterQueue": ("AWS::SQS::Queue", {"QueueName": None}),
    "MappingTable": (
        "AWS::DynamoDB::Table",
        {
            "TableName": None,
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        },
    ),
    # Roles in other accounts trust it by its ARN.
    "InvalidatorRole": ("AWS::IAM::Role", {"RoleName": None, "Path": None}),
    "InvalidatorFunction": ("AWS::Lambda::Function", {"FunctionName": None, "PackageType": None}),
    "InvalidatorFunctionChanges": (
        "AWS::Lambda::EventSourceMapping",
        {"EventSourceArn": "<InvalidationQueue.Arn>"},
    ),
    "InvalidatorLogGroup": ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/lambda/stack/invalidator"}),
    # Another one would be cleaned up, and with it every bucket's notification.
    "BucketSubscriptions": (
        "Custom::BucketSubscriptions",
        {"ServiceToken": "<BucketSubscriptionFunction.Arn>"},
    ),
    "BucketSubscriptionFunction": ("AWS::Lambda::Function", {"FunctionName": None, "PackageType": None}),
    "BucketSubscriptionRole": ("AWS::IAM::Role", {"RoleName": None, "Path": None}),
    "BucketEventsRule": ("AWS::Events::Rule", {"Name": None, "EventBusName": None}),
    "AlarmTopic": ("AWS::SNS::Topic", {"TopicName": None}),
}


@pytest.mark.parametrize("name", VERSION_010)
def test_what_010_made_is_changed_and_not_made_anew(upgraded, name):
    kind, kept = VERSION_010[name]
    resource = upgraded["Resources"][name]
    assert resource["Type"] == kind
    assert {each: resource["Properties"].get(each) for each in kept} == kept
