"""The stack keeps its rules for all parameters, and each rule notices when it is broken."""

import copy

import pytest

from tests.template import rules
from tests.template.conftest import SETS
from tests.template.rules import RULES

pytestmark = pytest.mark.xdist_group("template")  # translated once


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_stack_keeps_the_rule(stacks, name, rule):
    assert rule(stacks[name]["Resources"]) == []


def _statement(resources, owner, sid):
    properties = resources[owner]["Properties"]
    documents = (
        [properties["PolicyDocument"]]
        if "PolicyDocument" in properties
        else [each["PolicyDocument"] for each in properties["Policies"]]
    )
    return next(s for d in documents for s in d["Statement"] if s.get("Sid") == sid)


def _drop(resources, owner, sid):
    document = resources[owner]["Properties"]["PolicyDocument"]
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != sid]


def _set(owner, *path_and_value):
    *path, last, value = path_and_value

    def change(resources):
        node = resources[owner]
        for step in path:
            node = node[step]
        node[last] = value

    return change


P = "Properties"
MUTATIONS = {
    "the worker may invalidate everywhere": (
        rules.roles_name_actions_and_resources,
        lambda r: _statement(r, "InvalidatorRole", "Invalidate").update(Resource="*"),
    ),
    "the worker may do all to the table": (
        rules.roles_name_actions_and_resources,
        lambda r: _statement(r, "InvalidatorRole", "Remember").update(Action="dynamodb:*"),
    ),
    "the subscription may touch every bucket": (
        rules.roles_name_actions_and_resources,
        lambda r: _statement(r, "BucketSubscriptionPolicy", "ConnectBuckets").update(
            Resource="arn:aws:s3:::"
        ),
    ),
    "the watch may read buckets of any account": (
        rules.roles_name_actions_and_resources,
        lambda r: _statement(r, "WatchRole", "ReadNotifications").pop("Condition"),
    ),
    "the watch may read objects": (
        rules.roles_name_actions_and_resources,
        lambda r: _statement(r, "WatchRole", "ReadNotifications").update(Action="s3:GetObject"),
    ),
    "the worker borrows AWS's policy": (
        rules.roles_borrow_no_policy,
        _set("InvalidatorRole", P, "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ),
    "one role lacks the boundary": (
        rules.roles_carry_the_path_and_the_boundary_alike,
        lambda r: r["BucketSubscriptionRole"][P].pop("PermissionsBoundary"),
    ),
    "the subscription's function grows slow": (
        rules.subscriptions_are_answered_in_time,
        _set("BucketSubscriptionFunction", P, "Timeout", 900),
    ),
    "the rule may not write its dead letters": (
        rules.what_the_rule_cannot_deliver_is_kept,
        lambda r: _drop(r, "DeadLetterQueuePolicy", "WhatTheRuleCannotDeliver"),
    ),
    "anyone may write to the queue": (
        rules.no_public_principal,
        lambda r: _statement(r, "InvalidationQueuePolicy", "BucketsOfThisAccount").update(Principal="*"),
    ),
    "any SNS topic may write to the queue": (
        rules.no_public_principal,
        lambda r: _statement(r, "InvalidationQueuePolicy", "TheNamedTopics").pop("Condition"),
    ),
    "buckets of other accounts may write": (
        rules.s3_writes_for_this_account_only,
        lambda r: _statement(r, "InvalidationQueuePolicy", "BucketsOfThisAccount")["Condition"].pop(
            "StringEquals"
        ),
    ),
    "the dead-letter queue takes plain HTTP": (
        rules.queues_refuse_plain_connections,
        lambda r: _drop(r, "DeadLetterQueuePolicy", "OnlyEncryptedConnections"),
    ),
    "the alarm topic takes plain HTTP": (
        rules.topics_refuse_plain_connections,
        lambda r: _drop(r, "AlarmTopicPolicy", "OnlyEncryptedConnections"),
    ),
    "a queue is not encrypted": (
        rules.what_is_kept_is_encrypted,
        lambda r: r["InvalidationQueue"][P].pop("KmsMasterKeyId"),
    ),
    "the table goes with the stack": (rules.state_survives, _set("MappingTable", "DeletionPolicy", "Delete")),
    "the table cannot be recovered": (
        rules.state_survives,
        _set("MappingTable", P, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled", 0),
    ),
    "logs are kept for ever": (rules.logs_end, lambda r: r["InvalidatorLogGroup"][P].pop("RetentionInDays")),
    "the function logs elsewhere": (
        rules.logs_end,
        lambda r: r["InvalidatorFunction"][P].pop("LoggingConfig"),
    ),
    "the function's timeout grows alone": (
        rules.waiting_outlasts_the_worker,
        _set("InvalidatorFunction", P, "Timeout", 90),
    ),
    "dead letters last as long as the queue": (
        rules.waiting_outlasts_the_worker,
        _set("DeadLetterQueue", P, "MessageRetentionPeriod", 345600),
    ),
    "the queue is renamed alone": (
        rules.waiting_outlasts_the_worker,
        _set("InvalidationQueue", P, "QueueName", "other"),
    ),
    "a message fails its batch": (
        rules.batches_fail_in_parts,
        lambda r: r["InvalidatorFunctionChanges"][P].pop("FunctionResponseTypes"),
    ),
    "the wake queue's messages fail together": (
        rules.batches_fail_in_parts,
        lambda r: r["InvalidatorFunctionWakes"][P].pop("FunctionResponseTypes"),
    ),
    "the wake queue's visibility shrinks alone": (
        rules.waiting_outlasts_the_worker,
        _set("WakeQueue", P, "VisibilityTimeout", 30),
    ),
    "the table's absence costs messages": (
        rules.waiting_outlasts_the_worker,
        _set("InvalidationQueue", P, "RedrivePolicy", "maxReceiveCount", 10),
    ),
    "the worker is updated before its way back is there": (
        rules.what_is_pending_can_be_written_back,
        lambda r: r["InvalidatorFunction"].pop("DependsOn"),
    ),
    "the table is deleted before what is pending in it is written back": (
        rules.what_is_pending_can_be_written_back,
        lambda r: r["PendingChanges"][P].pop("TableName"),
    ),
    "an alarm says nothing": (
        rules.alarms_say_what_to_type,
        _set("DeadLettersAlarm", P, "AlarmDescription", "Dead letters."),
    ),
    "buckets are connected too early": (
        rules.subscriptions_wait_for_their_rights,
        lambda r: r["BucketSubscriptions"].pop("DependsOn"),
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_stack_is_noticed(stacks, mutation):
    rule, change = MUTATIONS[mutation]
    resources = copy.deepcopy(stacks["everything"]["Resources"])
    change(resources)
    assert rule(resources) != []


def test_every_rule_is_broken_by_some_mutation():
    assert {rule for rule, _ in MUTATIONS.values()} == set(RULES)
