"""What must hold for the stack whatever its parameters. Each rule returns what breaks it, in words."""

from collections.abc import Callable, Iterator
from typing import Any

Resources = dict[str, Any]
Rule = Callable[[Resources], list[str]]

# Actions without a resource type (AWS service authorization reference: CloudFront, CloudTrail, EventBridge, X-Ray).
NEED_EVERY_RESOURCE = {
    "cloudfront:ListDistributions",
    "cloudfront:ListDistributionTenants",
    "cloudtrail:LookupEvents",
    "events:ListRuleNamesByTarget",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}


def of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {name: each.get("Properties", {}) for name, each in resources.items() if each["Type"] == kind}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])
    for name, policy in of_type(resources, "AWS::IAM::ManagedPolicy").items():
        yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])


def resource_statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for name, policy in of_type(resources, kind).items():
            yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])


def roles_name_actions_and_resources(resources: Resources) -> list[str]:
    broken = []
    for name, statement in role_statements(resources):
        actions = listed(statement["Action"])
        broken += [f"{name} may {each}" for each in actions if "*" in each]
        if "*" in listed(statement["Resource"]):
            broken += [
                f"{name} may {each} on everything" for each in actions if each not in NEED_EVERY_RESOURCE
            ]
        for each in listed(statement["Resource"]):
            if _any_bucket_of_the_account(statement, each):
                continue
            if each.startswith("arn:") and each.endswith((":*", ":::")):
                broken.append(f"{name}: {each} names no resource")
    return broken


def _any_bucket_of_the_account(statement: dict[str, Any], resource: str) -> bool:
    """Buckets that were connected by hand are named nowhere in the template: their notification, and nothing else."""
    account = {"StringEquals": {"aws:ResourceAccount": "111122223333"}}
    notification = {"s3:GetBucketNotification", "s3:PutBucketNotification"}
    return (
        resource == "arn:aws:s3:::*"
        and statement.get("Condition") == account
        and set(listed(statement["Action"])) <= notification
    )


def roles_borrow_no_policy(resources: Resources) -> list[str]:
    return [
        f"{name} takes {role['ManagedPolicyArns']}"
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        if role.get("ManagedPolicyArns")
    ]


def roles_carry_the_path_and_the_boundary_alike(resources: Resources) -> list[str]:
    """An account that demands a boundary or a path refuses the one role that lacks it, and with it the stack."""
    roles = of_type(resources, "AWS::IAM::Role")
    worker = roles["InvalidatorRole"]
    return [
        f"{name} has another {each}"
        for name, role in roles.items()
        for each in ("Path", "PermissionsBoundary")
        if role.get(each) != worker.get(each)
    ]


def no_public_principal(resources: Resources) -> list[str]:
    broken = []
    for name, statement in resource_statements(resources):
        if statement["Effect"] == "Allow":
            if "Service" not in listed(statement["Principal"])[0]:
                broken.append(f"{name} lets in {statement['Principal']}")
            if not {"aws:SourceArn", "aws:SourceAccount"} & {
                key for test in statement.get("Condition", {}).values() for key in test
            }:
                broken.append(f"{name} lets in {statement['Principal']} for anyone's resource")
    return broken


def s3_writes_for_this_account_only(resources: Resources) -> list[str]:
    broken = []
    for name, statement in resource_statements(resources):
        if statement["Principal"] == {"Service": "s3.amazonaws.com"}:
            conditions = statement.get("Condition", {})
            if conditions.get("StringEquals") != {"aws:SourceAccount": "111122223333"}:
                broken.append(f"{name}: buckets of any account")
            if "aws:SourceArn" not in conditions.get("ArnLike", {}):
                broken.append(f"{name}: not only buckets")
    return broken


def queues_refuse_plain_connections(resources: Resources) -> list[str]:
    closed = {
        queue
        for policy in of_type(resources, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Action"] == "sqs:*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy["Queues"]
    }
    return [
        f"{name} takes plain HTTP"
        for name in of_type(resources, "AWS::SQS::Queue")
        if f"<{name}>" not in closed
    ]


def topics_refuse_plain_connections(resources: Resources) -> list[str]:
    """SNS guide, "Enforce encryption of data in transit": a denial of sns:Publish without TLS."""
    closed = {
        topic
        for policy in of_type(resources, "AWS::SNS::TopicPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Action"] == "sns:Publish"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for topic in policy["Topics"]
    }
    return [
        f"{name} takes plain HTTP"
        for name in of_type(resources, "AWS::SNS::Topic")
        if f"<{name}>" not in closed
    ]


def what_is_kept_is_encrypted(resources: Resources) -> list[str]:
    queues = of_type(resources, "AWS::SQS::Queue")
    tables = of_type(resources, "AWS::DynamoDB::Table")
    broken = [
        f"{name} is not encrypted by one key"
        for name, each in queues.items()
        if bool(each.get("SqsManagedSseEnabled")) == bool(each.get("KmsMasterKeyId"))
    ]
    return broken + [
        f"{n} is not encrypted" for n, t in tables.items() if not t["SSESpecification"]["SSEEnabled"]
    ]


def state_survives(resources: Resources) -> list[str]:
    broken = []
    for name, each in resources.items():
        if each["Type"] == "AWS::DynamoDB::Table":
            if name == "RememberedTable":  # made anew by its function; what it said before would be untrue
                if each.get("DeletionPolicy") != "Delete" or each.get("UpdateReplacePolicy") != "Delete":
                    broken.append(f"{name} may be found again, and believed")
                continue
            if each.get("DeletionPolicy") not in {"Retain", "RetainExceptOnCreate"}:
                broken.append(f"{name} goes with the stack")
            if each.get("UpdateReplacePolicy") != "Retain":
                broken.append(f"{name} goes when it is replaced")
            if not each["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]:
                broken.append(f"{name} cannot be recovered")
    return broken


def logs_end(resources: Resources) -> list[str]:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    broken = [
        f"{name} keeps logs for ever" for name, each in groups.items() if not each.get("RetentionInDays")
    ]
    return broken + [
        f"{name} logs where nothing ends"
        for name, each in of_type(resources, "AWS::Lambda::Function").items()
        if each.get("LoggingConfig", {}).get("LogGroup", "").strip("<>") not in groups
    ]


def sources(resources: Resources) -> dict[str, dict[str, Any]]:
    """The event source mappings by the queue that they read."""
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    return {each["EventSourceArn"].strip("<>").removesuffix(".Arn"): each for each in mappings}


def waiting_outlasts_the_worker(resources: Resources) -> list[str]:
    """Lambda guide, "Using Lambda with Amazon SQS": visibility of 6 x timeout + window."""
    queue = resources["InvalidationQueue"]["Properties"]
    dead = resources["DeadLetterQueue"]["Properties"]
    broken = []
    for name, source in sources(resources).items():
        timeout = resources[source["FunctionName"].strip("<>")]["Properties"]["Timeout"]
        waits = resources[name]["Properties"]["VisibilityTimeout"]
        if waits < 6 * timeout + int(source["MaximumBatchingWindowInSeconds"]):
            broken.append(f"a message of {name} is seen again while the worker still has it")
    # Days of attempts: no message may end there because the table was away.
    if int(queue["RedrivePolicy"]["maxReceiveCount"]) * queue["VisibilityTimeout"] < 2 * 86400:
        broken.append("too few attempts")
    if (
        dead["MessageRetentionPeriod"] != 14 * 86400
        or queue["MessageRetentionPeriod"] >= dead["MessageRetentionPeriod"]
    ):
        broken.append("a dead letter ends before a person has seen it")
    if queue["RedrivePolicy"]["deadLetterTargetArn"] != "<DeadLetterQueue.Arn>":
        broken.append("dead letters go elsewhere")
    allow = dead.get("RedriveAllowPolicy", {})
    if allow.get("sourceQueueArns") != [f"arn:aws:sqs:eu-west-1:111122223333:{queue['QueueName']}"]:
        broken.append("other queues may fill the dead-letter queue, or ours may not")
    return broken


def batches_fail_in_parts(resources: Resources) -> list[str]:
    broken = []
    for name, source in sources(resources).items():
        if source.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            broken.append(f"one message of {name} fails the batch")
        if source.get("ScalingConfig") != {"MaximumConcurrency": 5}:
            broken.append(f"not five workers for {name}")
    broken += [
        f"{name}: reserved concurrency burns attempts"
        for name, each in of_type(resources, "AWS::Lambda::Function").items()
        if "ReservedConcurrentExecutions" in each
    ]
    return broken


def what_is_pending_can_be_written_back(resources: Resources) -> list[str]:
    """A roll-back deletes what an update made: so it must be made before the worker leaves anything in the table."""
    broken = []
    if "PendingChanges" not in listed(resources["InvalidatorFunction"].get("DependsOn", [])):
        broken.append("the worker runs before there is a way back")
    given = resources["PendingChanges"]["Properties"]
    if (given.get("QueueUrl"), given.get("TableName")) != ("<InvalidationQueue>", "<MappingTable>"):
        broken.append("the queue or the table may be gone before what is pending is written back")
    timeout = resources["PendingChangesFunction"]["Properties"]["Timeout"]
    if not timeout < int(given["ServiceTimeout"]) <= 3600:
        broken.append("CloudFormation gives up before the answer, or an hour late")
    return broken


def alarms_say_what_to_type(resources: Resources) -> list[str]:
    return [
        f"{name} does not say what to type"
        for name, each in of_type(resources, "AWS::CloudWatch::Alarm").items()
        if not any(
            command in each.get("AlarmDescription", "")
            for command in (
                "Type: invalidator dlq explain --stack stack --region eu-west-1",
                "Type: invalidator status --stack stack --region eu-west-1",
                "Type: invalidator logs --stack stack --region eu-west-1",
                "Type: invalidator bucket remember BUCKET --stack stack --region eu-west-1",
                "Type: invalidator route refresh --stack stack --region eu-west-1",
            )
        )
    ]


def subscriptions_wait_for_their_rights(resources: Resources) -> list[str]:
    subscription = resources.get("BucketSubscriptions")
    if subscription is None:
        return []
    missing = {"InvalidationQueuePolicy", "BucketSubscriptionPolicy"} - set(
        listed(subscription.get("DependsOn", []))
    )
    return [f"buckets are connected before {name}" for name in sorted(missing)]


def subscriptions_are_answered_in_time(resources: Resources) -> list[str]:
    """Lambda guide, "Asynchronous invocation": a run that fails is run again after one minute, and after two more."""
    if "BucketSubscriptions" not in resources:
        return []
    run = resources["BucketSubscriptionFunction"]["Properties"]["Timeout"]
    patience = resources["BucketSubscriptions"]["Properties"]["ServiceTimeout"]
    return (
        [] if 3 * run + 60 + 120 <= patience <= 3600 else ["CloudFormation gives up before the last answer"]
    )


def what_the_rule_cannot_deliver_is_kept(resources: Resources) -> list[str]:
    """EventBridge guide, "Using dead-letter queues": a target's queue, whose policy lets the rule in."""
    let_in = [
        statement.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn")
        for name, statement in resource_statements(resources)
        if name == "DeadLetterQueuePolicy" and statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    return [
        f"{name}: what cannot be delivered is lost"
        for name, rule in of_type(resources, "AWS::Events::Rule").items()
        for target in rule["Targets"]
        if target["Arn"] == "<InvalidationQueue.Arn>"
        and (
            target.get("DeadLetterConfig") != {"Arn": "<DeadLetterQueue.Arn>"}
            or f"<{name}.Arn>" not in let_in
        )
    ]


RULES: tuple[Rule, ...] = (
    roles_name_actions_and_resources,
    roles_borrow_no_policy,
    roles_carry_the_path_and_the_boundary_alike,
    no_public_principal,
    s3_writes_for_this_account_only,
    queues_refuse_plain_connections,
    topics_refuse_plain_connections,
    what_is_kept_is_encrypted,
    state_survives,
    logs_end,
    waiting_outlasts_the_worker,
    batches_fail_in_parts,
    what_is_pending_can_be_written_back,
    alarms_say_what_to_type,
    subscriptions_wait_for_their_rights,
    subscriptions_are_answered_in_time,
    what_the_rule_cannot_deliver_is_kept,
)


def allowed(resources, owner):
    """What a role, or a policy, may do: pairs of action and resource."""
    return {
        (action, resource)
        for name, statement in role_statements(resources)
        if name == owner
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
