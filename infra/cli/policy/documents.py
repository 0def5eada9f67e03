"""The IAM policies of those who work with a stack. Values in, values out.

CloudFormation names what it makes after the stack, so ARNs begin with the stack's name. Where a call knows no narrower
resource (Service Authorization Reference), `*` stands alone in a statement whose Sid says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where the policies hold.

    Attributes:
        stack: the stack's name.
        account: its account; `*` for any.
        region: its Region; `*` for any.
        buckets: the buckets that change; none for every bucket.
    """

    stack: str
    account: str
    region: str
    buckets: tuple[str, ...] = ()

    def arn(self, service: str, name: str) -> str:
        """Return the ARN of what CloudFormation named after the stack."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    @property
    def stack_arn(self) -> str:
        """The stack's own ARN, whatever its id."""
        return self.arn("cloudformation", f"stack/{self.stack}/*")

    @property
    def bucket_arns(self) -> list[str]:
        """The ARNs of the buckets."""
        return [f"arn:aws:s3:::{name}" for name in self.buckets] or ["arn:aws:s3:::*"]


def document(who: str, place: Place) -> dict[str, Any]:
    """Return the policy of `who`: "deployer", "operator" or "ci"."""
    return {"Version": "2012-10-17", "Statement": WHO[who](place)}


def _allow(sid: str, actions: str, *resources: str) -> dict[str, Any]:
    """A statement; actions as "service:First Second"."""
    service, _, names = actions.partition(":")
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"{service}:{name}" for name in names.split()],
        "Resource": list(resources),
    }


def _looking(place: Place) -> list[dict[str, Any]]:
    """What `explain`, `status`, `pending list` and `wait` read."""
    table = place.arn("dynamodb", f"table/{place.stack}-*")
    return [
        _allow("FindTheStack", "cloudformation:DescribeStacks", place.stack_arn),
        _allow("ReadTheTable", "dynamodb:BatchGetItem Query", table),
        _allow(
            "ReadSettings",
            "lambda:GetFunctionConfiguration",
            place.arn("lambda", f"function:{place.stack}-*"),
        ),
        _allow("CountMessages", "sqs:GetQueueAttributes", place.arn("sqs", f"{place.stack}-*")),
        _allow("SeeWhetherItIsOn", "lambda:ListEventSourceMappings", "*"),
        _allow("ReadMetrics", "cloudwatch:DescribeAlarms GetMetricStatistics", "*"),
        _allow(
            "SeeDistributions",
            "cloudfront:GetCachePolicy GetDistributionTenant GetInvalidation GetInvalidationForDistributionTenant "
            "ListDistributionTenants ListDistributions",
            "*",
        ),
        _allow("SeeWhenObjectsChanged", "s3:GetObject", *(f"{arn}/*" for arn in place.bucket_arns)),
        _allow("TellAMissingObjectFromAForbiddenOne", "s3:ListBucket", *place.bucket_arns),
    ]


def _ci(place: Place) -> list[dict[str, Any]]:
    """What looks, and `wait`: whether the bucket sends at all, and whether something of it was given up."""
    letters = place.arn("sqs", f"{place.stack}-DeadLetterQueue-*")
    return [
        *_looking(place),
        _allow("SeeWhetherBucketsSend", "s3:GetBucketNotification", *place.bucket_arns),
        _allow("SeeWhatWasGivenUp", "sqs:ChangeMessageVisibility ReceiveMessage", letters),
    ]


def _operator(place: Place) -> list[dict[str, Any]]:
    queues = place.arn("sqs", f"{place.stack}-*")
    functions = place.arn("lambda", f"function:{place.stack}-*")
    return [
        *_looking(place),
        _allow("FindTheStacksRule", "cloudformation:DescribeStackResource", place.stack_arn),
        _allow(
            "WorkOnDeadLetters",
            "sqs:ChangeMessageVisibility DeleteMessage ListMessageMoveTasks ReceiveMessage SendMessage "
            "StartMessageMoveTask",
            queues,
        ),
        _allow(
            "PinAndDrop",
            "dynamodb:BatchWriteItem DeleteItem DescribeContinuousBackups DescribeTable DescribeTimeToLive PutItem "
            "UpdateItem",
            place.arn("dynamodb", f"table/{place.stack}-*"),
        ),
        _allow("RunTheScheduledFunctionsNow", "lambda:InvokeFunction", functions),
        _allow(
            "PauseAndResume",
            "lambda:GetEventSourceMapping UpdateEventSourceMapping",
            place.arn("lambda", "event-source-mapping:*"),
        ),
        _allow(
            "ReadLogs",
            "logs:FilterLogEvents",
            place.arn("logs", f"log-group:/aws/lambda/{place.stack}/*"),
        ),
        _allow("CheckAPin", "cloudfront:GetDistributionConfig", "*"),
        _allow("ListBuckets", "s3:ListAllMyBuckets", "*"),
        _allow("FindTheRules", "events:ListRuleNamesByTarget", "*"),
        _allow("ConnectBuckets", "s3:GetBucketNotification PutBucketNotification", *place.bucket_arns),
        _allow(
            "SeeTheRules",
            "events:DescribeRule",
            place.arn("events", "rule/*"),
        ),
        _allow("RepairTheQueuesPolicy", "sqs:SetQueueAttributes", queues),
        _allow("RepairTheRules", "events:EnableRule", place.arn("events", f"rule/{place.stack}-*")),
        _allow("CheckTheQueuesKey", "kms:DescribeKey GetKeyPolicy", place.arn("kms", "key/*")),
        _allow("UseTheQueuesKey", "kms:Decrypt GenerateDataKey", place.arn("kms", "key/*"))
        | {"Condition": {"StringLike": {"kms:ViaService": "sqs.*.amazonaws.com"}}},
        _allow("AssumeRolesOfOtherAccounts", "sts:AssumeRole", "arn:aws:iam::*:role/*"),
    ]


def _deployer(place: Place) -> list[dict[str, Any]]:
    """What sam calls itself, and what CloudFormation does with the same rights for each of the template's resources."""
    roles = f"arn:aws:iam::{place.account}:role/*{place.stack}-*"
    policies = f"arn:aws:iam::{place.account}:policy/*{place.stack}-*"
    sources = "arn:aws:s3:::aws-sam-cli-managed-default-*"
    return [
        _allow(
            "TheStack",
            "cloudformation:CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeEvents "
            "DescribeStackEvents DescribeStackResource DescribeStackResources DescribeStacks ExecuteChangeSet "
            "GetTemplate GetTemplateSummary ListStackResources UpdateTerminationProtection",
            place.stack_arn,
            place.arn("cloudformation", "stack/aws-sam-cli-managed-default/*"),
        ),
        _allow(
            "ServerlessTemplates",
            "cloudformation:CreateChangeSet",
            f"arn:aws:cloudformation:{place.region}:aws:transform/Serverless-2016-10-31",
        ),
        _allow("Validate", "cloudformation:GetTemplateSummary ValidateTemplate", "*"),
        _allow(
            "PackagesOfSam",
            "s3:CreateBucket DeleteBucketPolicy GetBucketPolicy GetBucketLocation ListBucket PutBucketPolicy "
            "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration",
            sources,
        ),
        _allow("PackagesOfSamObjects", "s3:DeleteObject GetObject PutObject", f"{sources}/*"),
        _allow(
            "Functions",
            "lambda:AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency "
            "GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig "
            "GetRuntimeManagementConfig InvokeFunction ListTags PutFunctionConcurrency PutFunctionRecursionConfig "
            "RemovePermission TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
            place.arn("lambda", f"function:{place.stack}-*"),
        ),
        _allow(
            "EventSources",
            "lambda:CreateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping ListEventSourceMappings "
            "UpdateEventSourceMapping",
            "*",
        ),
        _allow(
            "Roles",
            "iam:AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy "
            "DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies PassRole "
            "PutRolePermissionsBoundary PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole",
            roles,
        ),
        _allow(
            "ManagedPolicies",
            "iam:CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion "
            "ListEntitiesForPolicy ListPolicyVersions",
            policies,
        ),
        _allow(
            "Queues",
            "sqs:CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue "
            "UntagQueue",
            place.arn("sqs", f"{place.stack}-*"),
        ),
        _allow(
            "Table",
            "dynamodb:CreateTable DescribeContinuousBackups DescribeContributorInsights "
            "DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive ListTagsOfResource TagResource "
            "UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            place.arn("dynamodb", f"table/{place.stack}-*"),
        ),
        # The other one outlives the stack, so nobody has to be able to delete it.
        _allow(
            "RememberedTable",
            "dynamodb:DeleteTable",
            place.arn("dynamodb", f"table/{place.stack}-RememberedTable-*"),
        ),
        _allow(
            "Rules",
            "events:DeleteRule DescribeRule ListTargetsByRule PutRule PutTargets RemoveTargets TagResource "
            "UntagResource",
            place.arn("events", f"rule/{place.stack}-*"),
        ),
        _allow(
            "Logs",
            "logs:CreateLogGroup DeleteLogGroup DeleteRetentionPolicy ListTagsForResource PutRetentionPolicy "
            "TagResource UntagResource",
            place.arn("logs", f"log-group:/aws/lambda/{place.stack}/*"),
        ),
        _allow("FindLogs", "logs:DescribeLogGroups", "*"),
        _allow(
            "Alarms",
            "cloudwatch:DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            place.arn("cloudwatch", f"alarm:{place.stack}-*"),
        ),
        _allow("FindAlarms", "cloudwatch:DescribeAlarms", "*"),
        _allow(
            "Dashboard",
            "cloudwatch:DeleteDashboards GetDashboard PutDashboard",
            f"arn:aws:cloudwatch::{place.account}:dashboard/{place.stack}-*",
        ),
        _allow(
            "AlarmTopic",
            "sns:CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource "
            "SetTopicAttributes Subscribe TagResource Unsubscribe UntagResource",
            place.arn("sns", f"{place.stack}-*"),
        ),
        _allow("Account", "sts:GetCallerIdentity", "*"),
    ]


WHO: Mapping[str, Callable[[Place], list[dict[str, Any]]]] = {
    "deployer": _deployer,
    "operator": _operator,
    "ci": _ci,
}
