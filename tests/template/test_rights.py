"""Who may do what: each role's rights, written down, and what parameters add to them."""

import pytest

from tests.template.conftest import BOUNDARY, KEY, TOPIC
from tests.template.rules import allowed, of_type, resource_statements

pytestmark = pytest.mark.xdist_group("template")  # translated once


CLOUDFRONT = "arn:aws:cloudfront::111122223333"
TABLE, QUEUE, WAKES, DEAD = (
    f"<{name}.Arn>" for name in ("MappingTable", "InvalidationQueue", "WakeQueue", "DeadLetterQueue")
)
READ = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
LOOK_UP = {
    ("cloudfront:ListDistributions", "*"),
    ("cloudfront:GetDistributionConfig", f"{CLOUDFRONT}:distribution/*"),
    ("cloudfront:GetCachePolicy", f"{CLOUDFRONT}:cache-policy/*"),
}
RIGHTS = {
    "InvalidatorRole": {
        *((each, QUEUE) for each in READ),
        *((each, WAKES) for each in (*READ, "sqs:SendMessage")),
        ("sqs:SendMessage", DEAD),
        *((f"dynamodb:{each}", TABLE) for each in ("BatchGetItem", "PutItem", "Query", "UpdateItem")),
        ("cloudfront:CreateInvalidation", f"{CLOUDFRONT}:distribution/*"),
        ("cloudfront:GetInvalidation", f"{CLOUDFRONT}:distribution/*"),
        ("cloudfront:CreateInvalidationForDistributionTenant", f"{CLOUDFRONT}:distribution-tenant/*"),
        ("cloudfront:GetInvalidationForDistributionTenant", f"{CLOUDFRONT}:distribution-tenant/*"),
        ("lambda:InvokeFunction", "<SurveyFunction.Arn>"),
        *((each, "<InvalidatorLogGroup.Arn>") for each in LOG),
        # Of 0.1.0's code, which runs with this role for the moments between the role's update and its own.
        *LOOK_UP,
        ("cloudfront:GetDistributionConfig", f"{CLOUDFRONT}:cache-policy/*"),
        ("cloudfront:GetCachePolicy", f"{CLOUDFRONT}:distribution/*"),
    },
    "SweepRole": {
        *(
            (f"dynamodb:{each}", TABLE)
            for each in ("BatchGetItem", "DeleteItem", "DescribeTable", "PutItem", "Query", "UpdateItem")
        ),
        ("sqs:SendMessage", WAKES),
        ("sqs:GetQueueAttributes", DEAD),
        *((each, "<SweepLogGroup.Arn>") for each in LOG),
    },
    "SurveyRole": {
        *LOOK_UP,
        ("cloudfront:ListDistributionTenants", "*"),
        ("cloudfront:GetDistributionTenant", f"{CLOUDFRONT}:distribution-tenant/*"),
        *(
            (f"dynamodb:{each}", TABLE)
            for each in (
                "BatchGetItem",
                "BatchWriteItem",
                "DeleteItem",
                "PutItem",
                "Query",
                "UpdateItem",
            )
        ),
        ("sqs:SendMessage", WAKES),
        *((each, "<SurveyLogGroup.Arn>") for each in LOG),
    },
    "WatchRole": {
        ("s3:GetBucketNotification", "arn:aws:s3:::*"),
        ("sqs:GetQueueAttributes", QUEUE),
        ("events:ListRuleNamesByTarget", "*"),
        ("events:DescribeRule", "arn:aws:events:eu-west-1:111122223333:rule/*"),
        ("cloudtrail:LookupEvents", "*"),
        *(
            (f"dynamodb:{each}", TABLE)
            for each in ("BatchGetItem", "DeleteItem", "PutItem", "Query", "UpdateItem")
        ),
        *((each, "<WatchLogGroup.Arn>") for each in LOG),
    },
    "PendingChangesRole": {
        ("cloudformation:DescribeStacks", "<AWS::StackId>"),
        *((f"dynamodb:{each}", TABLE) for each in ("BatchGetItem", "PutItem", "Query")),
        ("sqs:SendMessage", QUEUE),
        *((each, "<PendingChangesLogGroup.Arn>") for each in LOG),
    },
}


@pytest.mark.parametrize("role", RIGHTS)
def test_by_default_a_function_may_do_its_job_and_nothing_else(stacks, role):
    assert allowed(stacks["defaults"]["Resources"], role) == RIGHTS[role]


def test_no_role_is_without_its_rights_written_down(stacks):
    assert set(of_type(stacks["defaults"]["Resources"], "AWS::IAM::Role")) == set(RIGHTS)


def test_parameters_add_just_the_rights_they_name(stacks):
    more = allowed(stacks["everything"]["Resources"], "InvalidatorRole") - allowed(
        stacks["defaults"]["Resources"], "InvalidatorRole"
    )
    assert more == {
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/a"),
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/b"),
        ("s3:ListBucket", "arn:*:s3:::site"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
        ("dynamodb:BatchGetItem", "<RememberedTable.Arn>"),
        ("dynamodb:PartiQLInsert", "<RememberedTable.Arn>"),
        ("dynamodb:PartiQLUpdate", "<RememberedTable.Arn>"),
        ("dynamodb:PutItem", "<RememberedTable.Arn>"),
        ("sqs:SendMessage", "<RememberQueue.Arn>"),
        ("events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/default"),
    }


@pytest.mark.parametrize(
    ("name", "attached", "any_bucket"),
    [
        ("defaults", False, False),
        ("everything", True, False),
        ("repairs all", True, True),
        ("repairs none", False, False),
    ],
)
def test_the_watch_may_write_to_the_buckets_that_it_may_repair(stacks, name, attached, any_bucket):
    resources = stacks[name]["Resources"]
    roles = resources.get("BucketSubscriptionPolicy", {}).get("Properties", {}).get("Roles", [])
    assert ("<WatchRole>" in roles) is attached
    may = allowed(resources, "WatchRole")
    assert (("s3:PutBucketNotification", "arn:aws:s3:::*") in may) is any_bucket
    extra = {
        ("sns:ListSubscriptionsByTopic", TOPIC),
        ("kms:DescribeKey", KEY),
        ("kms:GetKeyPolicy", KEY),
        ("events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/default"),
    }
    assert (may - RIGHTS["WatchRole"]) - {("s3:PutBucketNotification", "arn:aws:s3:::*")} == (
        extra if name == "everything" else set()
    )


def test_the_subscription_touches_the_named_buckets_alone(stacks):
    buckets = {r for _, r in allowed(stacks["everything"]["Resources"], "BucketSubscriptionPolicy")}
    assert buckets == {f"arn:*:s3:::{name}" for name in ("site", "other.site", "logs", "media")}
    subscription = stacks["everything"]["Resources"]["BucketSubscriptions"]["Properties"]
    assert subscription["Buckets"] == ["site", "other.site"]
    assert subscription["EventBridgeBuckets"] == ["logs", "media"]
    assert subscription["BucketFilters"] == ["site=public/*.html"]
    assert "BucketSubscriptions" not in stacks["defaults"]["Resources"]


def test_every_role_has_the_boundary_and_the_path_that_were_asked_for(stacks):
    for name, path, boundary in (("defaults", None, None), ("everything", "/apps/cdn/", BOUNDARY)):
        roles = of_type(stacks[name]["Resources"], "AWS::IAM::Role").values()
        assert roles
        assert {(role.get("Path"), role.get("PermissionsBoundary")) for role in roles} == {(path, boundary)}


def test_a_change_of_buckets_replaces_the_subscription_s_policy(stacks):
    """Another Description replaces a ManagedPolicy: the old rights last until the old buckets are let go."""
    told = {
        name: stacks[name]["Resources"]["BucketSubscriptionPolicy"]["Properties"]["Description"]
        for name in ("everything", "no budget", "eventbridge alone")
    }
    assert len(set(told.values())) == 3
    parameters = stacks["defaults"]["Parameters"]
    longest = parameters["Buckets"]["MaxLength"] + parameters["EventBridgeBuckets"]["MaxLength"]
    assert len("Notifications of  and ") + longest <= 1000


def test_the_queue_lets_in_the_senders_that_were_named(stacks):
    def senders(name):
        return {
            statement["Principal"]["Service"]: statement["Condition"]
            for owner, statement in resource_statements(stacks[name]["Resources"])
            if owner == "InvalidationQueuePolicy" and statement["Effect"] == "Allow"
        }

    assert set(senders("defaults")) == {"s3.amazonaws.com"}
    assert senders("everything")["events.amazonaws.com"] == {
        "ArnEquals": {"aws:SourceArn": "<BucketEventsRule.Arn>"}
    }
    assert senders("everything")["sns.amazonaws.com"] == {"ArnEquals": {"aws:SourceArn": [TOPIC]}}
