"""The deployed roles hold what the functions need, nothing dead, and nothing else; IAM is enforced.

For each permission there is a proof: something that goes right with it and wrong without it.
"""

from collections.abc import Callable

import pytest

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.wakes import WakeTable, wake_key
from tests.system.conftest import Stack
from tests.system.permissions.memory_proofs import (
    a_change_wakes_its_memory,
    a_memory_that_is_due_is_called_for,
    lambda_can_read_the_wakes_of_memories,
    what_changed_is_judged_and_a_round_remembers_the_bucket,
    what_is_given_up_is_forgotten,
    what_is_known_is_judged_again,
)
from tests.system.permissions.proofs import (
    a_change_is_taken_in_and_sent,
    a_change_wakes_its_distribution,
    a_deleted_distribution_is_forgotten,
    a_message_that_cannot_be_read_is_put_aside,
    a_new_distribution_is_known,
    a_sweep_asks_whether_the_table_was_restored_and_notes_it,
    an_unknown_bucket_starts_a_survey,
    changed_routing_wakes_its_distribution,
    finished_invalidations_make_room_for_the_next,
    lambda_can_read_the_changes,
    lambda_can_read_the_wakes,
    others_are_told_what_has_completed,
    others_are_told_what_was_created,
    ready_sites,
    the_named_bucket_can_be_listed,
    the_named_role_can_be_assumed,
    the_stack_s_status_is_seen,
    uses_the_key,
    version_0_1_0_could_look_up_distributions,
    what_is_due_is_called_for,
    what_is_pending_is_written_back,
    what_rests_is_forgotten,
    writes_log,
)
from tests.system.permissions.roles import (
    configured,
    listed,
    statements,
    without,
)
from tests.system.permissions.subscription_proofs import (
    a_bucket_is_connected,
    a_bucket_is_switched_to_eventbridge,
    a_bucket_that_nobody_wants_any_more_is_forgotten,
    a_bucket_that_sends_though_nobody_told_is_learned,
    a_loss_is_seen_and_repaired,
    a_switch_is_seen_and_repaired,
    nothing_is_in_doubt_about_the_queue,
    others_are_told_what_was_lost_and_repaired,
    the_topics_are_asked_for_the_queue,
    what_is_connected_is_remembered_and_forgotten,
    who_it_was_can_be_asked,
)

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]


@pytest.fixture(scope="module", autouse=True)
def by_hand(stack):
    """Nothing calls the functions but these tests, and what changed is sent without waiting for quiet."""
    functions, events = stack.aws.client("lambda"), stack.aws.client("events")
    mappings = [each["UUID"] for each in functions.list_event_source_mappings()["EventSourceMappings"]]
    schedules = [each["Name"] for each in events.list_rules()["Rules"] if each.get("ScheduleExpression")]
    assert (len(mappings), len(schedules)) == (3, 3)
    for each in mappings:
        functions.update_event_source_mapping(UUID=each, Enabled=False)
    for each in schedules:
        events.disable_rule(Name=each)
    with at_once(stack, stack.outputs["FunctionName"]), at_once(stack, stack.named("RememberFunction")):
        yield
    for name in ("QueueUrl", "WakeQueueUrl", "DeadLetterQueueUrl"):
        stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs[name])
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.named("RememberQueue"))
    # What was called by those messages would wait for the sweep, and who waits for rest with it.
    table = stack.outputs["TableName"]
    dynamodb = stack.aws.client("dynamodb")
    for wake in list(WakeTable(DynamoDbTable(dynamodb, table)).waiting()):
        dynamodb.delete_item(TableName=table, Key=wake_key(wake.name))
    for each in mappings:
        functions.update_event_source_mapping(UUID=each, Enabled=True)
    for each in schedules:
        events.enable_rule(Name=each)


def at_once(stack, function):
    """Let a function send what changed without waiting for quiet."""
    found = stack.aws.client("lambda").get_function_configuration(FunctionName=function)
    settings = {**found["Environment"]["Variables"], "QUIET_SECONDS": "0", "GATHER_SECONDS": "0"}
    return configured(stack, function, Environment={"Variables": settings})


@pytest.fixture
def sites(stack):
    """Survey what the test needs before it takes a permission away."""
    ready_sites(stack)


Proof = Callable[[Stack], bool]


def each_of(sid: str, actions: str, proof: Proof) -> dict[tuple[str, str], Proof]:
    """(statement, action) → what goes wrong without it."""
    service, _, names = actions.partition(":")
    return {(sid, f"{service}:{name}"): proof for name in names.split()}


def those_of_every_function(function: str, log: str) -> dict[tuple[str, str], Proof]:
    return {
        **each_of("WriteLog", "logs:CreateLogStream PutLogEvents", writes_log(function, log)),
        **each_of("UseTheQueuesKey", "kms:Decrypt GenerateDataKey", uses_the_key(function)),
    }


READ = "sqs:ReceiveMessage DeleteMessage GetQueueAttributes"
WORKER = {
    **each_of("ReadChanges", READ, lambda_can_read_the_changes),
    **each_of("ReadWakes", READ, lambda_can_read_the_wakes),
    **each_of("Wake", "sqs:SendMessage", a_change_wakes_its_distribution),
    **each_of("PutAside", "sqs:SendMessage", a_message_that_cannot_be_read_is_put_aside),
    **each_of("Remember", "dynamodb:BatchGetItem PutItem Query UpdateItem", a_change_is_taken_in_and_sent),
    **each_of("Invalidate", "cloudfront:CreateInvalidation", a_change_is_taken_in_and_sent),
    **each_of("Invalidate", "cloudfront:GetInvalidation", finished_invalidations_make_room_for_the_next),
    **each_of("AskForASurvey", "lambda:InvokeFunction", an_unknown_bucket_starts_a_survey),
    **each_of("ListAsVersion010", "cloudfront:ListDistributions", version_0_1_0_could_look_up_distributions),
    **each_of(
        "LookUpAsVersion010",
        "cloudfront:GetCachePolicy GetDistributionConfig",
        version_0_1_0_could_look_up_distributions,
    ),
    **each_of(
        "InvalidateInOtherAccounts",
        "sts:AssumeRole",
        the_named_role_can_be_assumed,
    ),
    **each_of("SeeWhatAWildcardWouldPurge", "s3:ListBucket", the_named_bucket_can_be_listed),
    **each_of("TellOthers", "events:PutEvents", others_are_told_what_was_created),
    **each_of("WakeMemories", "sqs:SendMessage", a_change_wakes_its_memory),
    **each_of(
        "ForgetWhatIsGivenUp",
        "dynamodb:BatchGetItem PartiQLInsert PartiQLUpdate PutItem",
        what_is_given_up_is_forgotten,
    ),
    **those_of_every_function("InvalidatorFunction", "invalidator"),
}
SWEEP = {
    **each_of("SeeWhatWaits", "dynamodb:Query UpdateItem", what_is_due_is_called_for),
    **each_of("SeeWhatWaits", "dynamodb:DeleteItem", what_rests_is_forgotten),
    **each_of("SeeHowOldTheRoutesAre", "dynamodb:BatchGetItem", what_is_due_is_called_for),
    **each_of(
        "DoubtWhatARestoreForgot",
        "dynamodb:DescribeTable PutItem",
        a_sweep_asks_whether_the_table_was_restored_and_notes_it,
    ),
    **each_of("SeeHowOldTheRoutesAre", "dynamodb:BatchGetItem", what_is_due_is_called_for),
    **each_of("Wake", "sqs:SendMessage", what_is_due_is_called_for),
    **each_of("WakeMemories", "sqs:SendMessage", a_memory_that_is_due_is_called_for),
    **each_of("CountDeadLetters", "sqs:GetQueueAttributes", what_is_due_is_called_for),
    **each_of("TellOthers", "events:PutEvents", others_are_told_what_has_completed),
    **each_of("SeeWhatHasCompleted", "cloudfront:GetInvalidation", others_are_told_what_has_completed),
    **those_of_every_function("SweepFunction", "sweep"),
}
SURVEY = {
    **each_of("FindDistributions", "cloudfront:ListDistributions", a_new_distribution_is_known),
    **each_of("ReadDistributions", "cloudfront:GetDistributionConfig", a_new_distribution_is_known),
    **each_of("ReadCachePolicies", "cloudfront:GetCachePolicy", a_new_distribution_is_known),
    **each_of(
        "RememberRoutes",
        "dynamodb:BatchGetItem BatchWriteItem PutItem Query UpdateItem",
        a_new_distribution_is_known,
    ),
    **each_of("RememberRoutes", "dynamodb:DeleteItem", a_deleted_distribution_is_forgotten),
    **each_of("Wake", "sqs:SendMessage", changed_routing_wakes_its_distribution),
    **those_of_every_function("SurveyFunction", "survey"),
}
ROLLBACK = {
    **each_of("SeeWhyItIsDeleted", "cloudformation:DescribeStacks", the_stack_s_status_is_seen),
    **each_of("ReadWhatIsPending", "dynamodb:BatchGetItem PutItem Query", what_is_pending_is_written_back),
    **each_of("WriteItBack", "sqs:SendMessage", what_is_pending_is_written_back),
    **those_of_every_function("PendingChangesFunction", "pending-changes"),
}
WATCH = {
    **each_of("ReadNotifications", "s3:GetBucketNotification", a_loss_is_seen_and_repaired),
    **each_of(
        "ConnectBuckets", "s3:GetBucketNotification PutBucketNotification", a_loss_is_seen_and_repaired
    ),
    **each_of(
        "ConnectEventBridgeBuckets",
        "s3:GetBucketNotification PutBucketNotification",
        a_switch_is_seen_and_repaired,
    ),
    **each_of("CheckTheQueue", "sqs:GetQueueAttributes", nothing_is_in_doubt_about_the_queue),
    **each_of("CheckTheQueuesKey", "kms:DescribeKey GetKeyPolicy", nothing_is_in_doubt_about_the_queue),
    **each_of("FindRules", "events:ListRuleNamesByTarget", a_switch_is_seen_and_repaired),
    **each_of("ReadRules", "events:DescribeRule", a_switch_is_seen_and_repaired),
    **each_of("ReadTopics", "sns:ListSubscriptionsByTopic", the_topics_are_asked_for_the_queue),
    **each_of("SeeWhoTookItAway", "cloudtrail:LookupEvents", who_it_was_can_be_asked),
    **each_of("Remember", "dynamodb:PutItem Query UpdateItem", a_loss_is_seen_and_repaired),
    **each_of("Remember", "dynamodb:BatchGetItem", a_bucket_that_sends_though_nobody_told_is_learned),
    **each_of("Remember", "dynamodb:DeleteItem", a_bucket_that_nobody_wants_any_more_is_forgotten),
    **each_of("TellOthers", "events:PutEvents", others_are_told_what_was_lost_and_repaired),
    **each_of("WriteLog", "logs:CreateLogStream PutLogEvents", writes_log("WatchFunction", "watch")),
}
JUDGED = what_changed_is_judged_and_a_round_remembers_the_bucket
MEMORY = {
    **each_of("ReadWakes", READ, lambda_can_read_the_wakes_of_memories),
    **each_of("Wake", "sqs:SendMessage", JUDGED),
    **each_of("HandOver", "dynamodb:BatchGetItem PutItem Query UpdateItem", JUDGED),
    **each_of("Remember", "dynamodb:BatchGetItem PartiQLInsert PutItem", JUDGED),
    **each_of("Remember", "dynamodb:PartiQLUpdate", what_is_known_is_judged_again),
    **each_of("ReadHeaders", "s3:GetObject", JUDGED),
    **each_of("ListRememberedBuckets", "s3:ListBucket", JUDGED),
    **those_of_every_function("RememberFunction", "remember"),
}
SUBSCRIPTION = {
    **each_of(
        "RememberWhatIsConnected",
        "dynamodb:DeleteItem PutItem Query",
        what_is_connected_is_remembered_and_forgotten,
    ),
    **each_of("CheckTheQueue", "sqs:GetQueueAttributes", a_bucket_is_connected),
    **each_of("CheckTheQueuesKey", "kms:GetKeyPolicy", a_bucket_is_connected),
    **each_of(
        "WriteLog",
        "logs:CreateLogStream PutLogEvents",
        writes_log("BucketSubscriptionFunction", "bucket-subscription"),
    ),
    **each_of("ConnectBuckets", "s3:GetBucketNotification PutBucketNotification", a_bucket_is_connected),
    **each_of(
        "ConnectEventBridgeBuckets",
        "s3:GetBucketNotification PutBucketNotification",
        a_bucket_is_switched_to_eventbridge,
    ),
}
# Function → (statement, action) → proof.
ROLES = {
    "InvalidatorFunction": WORKER,
    "SweepFunction": SWEEP,
    "SurveyFunction": SURVEY,
    "WatchFunction": WATCH,
    "RememberFunction": MEMORY,
    "PendingChangesFunction": ROLLBACK,
    "BucketSubscriptionFunction": SUBSCRIPTION,
}
# The emulator has no X-Ray: Lambda sends the tracer's segments with the function's role (Lambda guide, "Lambda
# execution role"). That the function's Tracing is Active, which is what they are for, tests/template holds.
# It knows no distribution tenants either: tests/aws and tests/survey hold what is asked of CloudFront.
NOT_PROVED_HERE = {
    ("Trace", "xray:PutTraceSegments"),
    ("Trace", "xray:PutTelemetryRecords"),
    ("InvalidateTenants", "cloudfront:CreateInvalidationForDistributionTenant"),
    ("InvalidateTenants", "cloudfront:GetInvalidationForDistributionTenant"),
    ("SeeWhatHasCompletedOfTenants", "cloudfront:GetInvalidationForDistributionTenant"),
    ("FindDistributions", "cloudfront:ListDistributionTenants"),
    ("ReadTenants", "cloudfront:GetDistributionTenant"),
}


@pytest.mark.parametrize("function", ROLES)
def test_every_permission_of_the_deployed_roles_has_its_proof(stack, function):
    found = statements(stack, stack.role_of(stack.named(function)))
    held = {(sid, action) for sid, each in found.items() for action in listed(each["Action"])}
    assert held - NOT_PROVED_HERE == ROLES[function].keys()


PROOFS = {proof.__name__: proof for proofs in ROLES.values() for proof in proofs.values()}


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_with_its_permissions(stack, proof):
    assert proof(stack)


@pytest.mark.soak("minutes: each permission is taken away once")
@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("function", "sid", "action"),
    [(function, *permission) for function, proofs in ROLES.items() for permission in proofs],
)
def test_without_a_permission(stack, function, sid, action):
    """…the function does not do what the proof looks for."""
    role = stack.role_of(stack.named(function))
    with without(stack, role, action, statements(stack, role)[sid]["Resource"]):
        assert not ROLES[function][sid, action](stack)
