"""One local AWS that enforces IAM, and on it one stack with every parameter that gives its roles more to do.

The tests that share it are of one xdist group, so one process runs them all: `--dist loadgroup`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.aws import LocalAws, local_aws
from infra.local.cloudfront.quotas import QuotaSettings
from tests.system import site

# Out of the way: what quotas do to the worker is for other tests.
NO_QUOTAS = QuotaSettings(
    paths_in_progress=10**6,
    wildcards_in_progress=10**6,
    paths_per_second=1e6,
    path_burst=1e6,
    wildcards_per_second=1e6,
    wildcard_burst=1e6,
    calls_per_second=1e6,
    call_burst=1e6,
    seconds_in_progress=(0.0, 0.0),
)
DIRECT, SECOND, EVENTS, RAW, WRAPPED = "site", "second.site", "events-site", "raw-site", "wrapped-site"
# Only for the proofs of the subscription's permissions, which connect and disconnect them.
PROOF, PROOF_EVENTS = "proof-site", "proof-events-site"
REMEMBERED = "remembered-site"
BUCKETS = (DIRECT, SECOND, EVENTS, RAW, WRAPPED, PROOF, PROOF_EVENTS, REMEMBERED)


@dataclass(frozen=True)
class Stack:
    """The deployed stack and what stands around it.

    Attributes:
        aws: the local AWS.
        outputs: the stack's outputs.
        raw: ARN of a topic that delivers raw; `wrapped` one that does not.
        role: ARN of the role that the worker may assume.
        key: ARN of the queues' key.
    """

    aws: LocalAws
    outputs: dict[str, str]
    raw: str
    wrapped: str
    role: str
    key: str

    @property
    def worker_role(self) -> str:
        """Name of the worker's role."""
        return self.role_of(self.outputs["FunctionName"])

    @property
    def subscription(self) -> str:
        """Name of the function that connects buckets."""
        return self.named("BucketSubscriptionFunction")

    def named(self, logical: str) -> str:
        """Name of one of the stack's resources."""
        resources = self.aws.client("cloudformation").describe_stack_resources(
            StackName="cloudfront-invalidator"
        )
        return next(
            str(each["PhysicalResourceId"])
            for each in resources["StackResources"]
            if each["LogicalResourceId"] == logical
        )

    def role_of(self, function: str) -> str:
        found = self.aws.client("lambda").get_function_configuration(FunctionName=function)["Role"]
        return str(found).rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: Any) -> Iterator[Stack]:
    with local_aws(quotas=NO_QUOTAS, enforce_iam=True, logs=tmp_path_factory.mktemp("logs")) as aws:
        for name in BUCKETS:
            site.make_bucket(aws, name)
        raw, wrapped = (aws.client("sns").create_topic(Name=name)["TopicArn"] for name in ("raw", "wrapped"))
        role, key = _role(aws), queues_key(aws)
        outputs = aws.deploy(
            {
                "MonthlyPathBudget": "0",
                "Buckets": f"{DIRECT},{SECOND},{PROOF},{REMEMBERED}",
                "RememberedBuckets": REMEMBERED,
                "EventBridgeBuckets": f"{EVENTS},{PROOF_EVENTS}",
                "TopicArns": f"{raw},{wrapped}",
                "AssumableRoleArns": role,
                "ListableBuckets": DIRECT,
                "AlarmEmail": "me@example.com",
                "EventBus": "default",
                "KmsKeyArn": key,
            }
        )
        # Nothing was lost of what was made just now, and a memory begins only after the five minutes of a gap.
        aws.client("dynamodb").delete_item(
            TableName=outputs["TableName"], Key={"pk": {"S": "gaps"}, "sk": {"S": REMEMBERED}}
        )
        yield Stack(aws, outputs, raw, wrapped, role, key)


@pytest.fixture(scope="session")
def account(tmp_path_factory: Any) -> Iterator[LocalAws]:
    """A local AWS that enforces IAM, with nothing in it, for those who deploy stacks of their own."""
    with local_aws(quotas=NO_QUOTAS, enforce_iam=True, logs=tmp_path_factory.mktemp("logs")) as aws:
        yield aws


def _role(aws: LocalAws) -> str:
    """The role of a distribution in another account: it trusts the account of the worker."""
    iam = aws.client("iam")
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [{**allow, "Principal": {"AWS": "000000000000"}}]}
    may = {"Effect": "Allow", "Action": "cloudfront:*", "Resource": "*"}
    made = iam.create_role(RoleName="elsewhere", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName="elsewhere", PolicyName="invalidate", PolicyDocument=document)
    return str(made["Arn"])


def queues_key(aws: LocalAws) -> str:
    """A customer key whose policy lets the senders use it, as the parameter's description asks."""
    services = ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "kms:*", "Resource": "*"},
            {
                "Effect": "Allow",
                "Principal": {"Service": services},
                "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
                "Resource": "*",
            },
        ],
    }
    made = aws.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]
    return str(made["Arn"])
