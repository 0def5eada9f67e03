"""`invalidator check`: a stack in which all is well passes; what is not as it must be is named, and mended."""

import json
import time
from importlib.metadata import version

import boto3
import pytest

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import Owner
from infra.cli.bucket.remember import BY_HAND
from infra.cli.check.parts import queues, subscriptions
from invalidator.aws.table.heartbeat import beat
from invalidator.core.heartbeat import Heartbeat
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.routing.pins import Pin
from tests.cli.conftest import STACK, TABLE
from tests.cli.dlq.desk import notification
from tests.cli.made_distributions import config, create
from tests.cli.stored import remember

SITE = "site.s3.eu-west-1.amazonaws.com"
STATEMENT = {
    "Sid": "OnlyEncryptedConnections", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip
REGION = "eu-west-1"


def aws(service):
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def well(deployed_desk):
    """A stack in which everything is as it must be, with a bucket that its parameters name."""
    desk = deployed_desk
    queue = desk.sqs.outputs["QueueArn"]
    desk.sqs.outputs |= {"Version": version("cloudfront-invalidator")}
    desk.sqs.parameters = {"Buckets": "site", "BacklogAlarmSeconds": "1800"}
    allow = {
        "Sid": "BucketsOfThisAccount", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012"}, "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
        },
    }  # fmt: skip
    desk.sqs.policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, STATEMENT]})
    aws("s3").create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION})
    connect("site", queue)
    create(config(SITE))
    desk.stored.survey()
    beat(desk.stored.table, Heartbeat(time.time(), 0))
    table = aws("dynamodb")
    table.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    table.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    for who in ("sweep", "survey"):
        aws("events").put_rule(Name=f"rule-{who}", ScheduleExpression="rate(1 minute)")
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{who}"
        aws("events").put_targets(Rule=f"rule-{who}", Targets=[{"Id": "1", "Arn": arn}])
    alarm("BacklogAgeAlarm")
    return desk


def connect(bucket, queue):
    aws("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [Owner(STACK, (queue,)).entry(queue, KeyFilter())]},
        SkipDestinationValidation=True,
    )


def alarm(name, state="OK"):
    aws("cloudwatch").put_metric_alarm(
        AlarmName=f"{STACK}-{name}-X1", AlarmDescription="A change has waited. Type: invalidator status --stack s",
        Namespace="n", MetricName="m", Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    aws("cloudwatch").set_alarm_state(AlarmName=f"{STACK}-{name}-X1", StateValue=state, StateReason="test")


def wrong(answer):
    return [(each["part"], each["text"]) for each in answer.data["findings"] if each["state"] == "wrong"]


def test_where_all_is_well_it_says_so_and_nothing_is_left_unasked(well):
    answer = well.run("check", "--json")
    assert (answer.code, answer.data["ok"]) == (0, True), answer.data
    assert {each["state"] for each in answer.data["findings"]} == {"ok"}
    assert {each["part"] for each in answer.data["findings"]} == {
        "stack", "table", "functions", "event sources", "schedules", "queues", "rule", "subscriptions", "routes",
        "pins", "changes", "budget", "dead letters", "alarms",
    }  # fmt: skip
    said = well.run("check")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f"{STACK}: nothing is wrong\n")
    assert max(map(len, said.out.splitlines())) <= 80
    assert len(said.out.splitlines()) <= 24, "one screen"


def pinned_nowhere(desk):
    desk.stored.pins.pin(Pin("site", "ENONE"))


def pinned_to_no_bucket(desk):
    desk.stored.pins.pin(Pin("nosuch", create(config("x.example.com"))))


def old_change(desk):
    desk.stored.changes("site", ["a"], time.time() - 7200)


def rule_off(desk):
    aws("events").disable_rule(Name="rule-sweep")


def rule_gone(desk):
    aws("events").remove_targets(Rule="rule-survey", Ids=["1"])


def no_recovery(desk):
    aws("dynamodb").update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


def no_expiry(desk):
    aws("dynamodb").update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
    )


def taken_away(desk):
    aws("s3").put_bucket_notification_configuration(Bucket="site", NotificationConfiguration={})


def shut_out(desk):
    desk.sqs.policy = json.dumps({"Statement": [STATEMENT]})


def not_named(desk):
    del desk.sqs.outputs["Version"]


def other_version(desk):
    desk.sqs.outputs["Version"] = "0.0.9"


def rolled_back(desk):
    desk.sqs.status = "UPDATE_ROLLBACK_FAILED"


def broken(desk):
    desk.function.broken = "Unable to import module 'invalidator.handler': No module named 'pydantic'"


def no_sweep(desk):
    beat(desk.stored.table, Heartbeat(time.time() - 600, 0))


def old_routes(desk):
    desk.stored.surveyed(time.time() - 7200)


def spent(desk):
    desk.stored.accounts.count(OWN_ACCOUNT, 1000, time.time(), 0)


def at_the_limit(desk):
    desk.function.configuration["Environment"]["Variables"]["HARD_PATH_LIMIT"] = "10"
    desk.stored.accounts.count(OWN_ACCOUNT, 10, time.time(), 0)


# How it is broken, which part says so, what it says, and its fix. Two worlds hold them all: what hides another's
# finding is in the other one.
BROKEN = [[
    (not_named, "stack", "does not name itself", "make deploy"),
    (no_recovery, "table", "no point-in-time recovery", f"update-continuous-backups --table-name {TABLE}"),
    (no_expiry, "table", "lets nothing expire", f"update-time-to-live --table-name {TABLE}"),
    (broken, "functions", "does not start: Runtime.ImportModuleError: Unable to import", "invalidator logs"),
    (lambda desk: desk.run("pause", "--only", "sender"), "event sources", "sender is paused", "invalidator resume"),
    (rule_off, "schedules", "rule-sweep that calls the sweep is disabled", "--repair"),
    (taken_away, "subscriptions", "site (parameter Buckets) does not send its changes: its notification holds no entry",
     "invalidator check --repair"),
    (old_routes, "routes", "the last complete survey is 2 h old", "invalidator route refresh"),
    (pinned_nowhere, "pins", "the pin of site on ENONE leads nowhere: there is no such distribution",
     "invalidator route unpin site --distribution ENONE"),
    (pinned_to_no_bucket, "pins", "there is no such bucket", "invalidator route unpin nosuch --distribution"),
    (old_change, "changes", "is 2 h old: it gathers", "invalidator pending list"),
    (spent, "budget", "1,000 of 1,000 paths", "MonthlyPathBudget"),
    (lambda desk: desk.bury(notification(), "unfinished"), "dead letters", "1 dead letter", "invalidator dlq explain"),
    (lambda _: alarm("QueueAgeAlarm", "ALARM"), "alarms", "QueueAgeAlarm-X1 rings: A change has waited.",
     "invalidator status --stack s"),
], [
    (other_version, "stack", "the stack is of version 0.0.9", "make deploy"),
    (rolled_back, "stack", "UPDATE_ROLLBACK_FAILED", "make deploy"),
    (no_sweep, "functions", "the sweep ran last at", "invalidator logs"),
    (rule_gone, "schedules", "no rule calls the survey any more", "make deploy"),
    (shut_out, "queues", "the policy of queue Queue does not let S3 send", "--repair"),
    (at_the_limit, "budget", "HardPathLimit (10) is reached", "HardPathLimit"),
]]  # fmt: skip


@pytest.mark.parametrize("broken_at_once", BROKEN, ids=("one", "another"))
def test_what_is_not_as_it_must_be_is_named_with_the_fix(well, broken_at_once):
    for break_, _, _, _ in broken_at_once:
        break_(well)
    answer = well.run("check", "--json")
    assert (answer.code, answer.data["ok"]) == (3, False)
    said = [each for each in answer.data["findings"] if each["state"] == "wrong"]
    for _, part, text, fix in broken_at_once:
        mine = [each["fix"] for each in said if each["part"] == part and text in each["text"]]
        assert any(fix in each for each in mine), (part, text, fix, said)


def test_refused_headers_and_a_stopped_memory_are_named_with_the_fix(well):
    memory = remember(aws("dynamodb"), well.function, "cold", "given-up", "site", "tired")
    now = time.time()
    assert memory.save("cold", MemoryState(epoch=1, complete=now, refused="AccessDenied: no", refused_at=now))
    assert memory.save("site", MemoryState(epoch=1, complete=now))
    answer = well.run("check", "--json")
    assert answer.code == 3
    assert wrong(answer) == [("memories", "S3 refuses for cold, so each change counts: AccessDenied: no")], (
        answer.data
    )
    (fix,) = (each["fix"] for each in answer.data["findings"] if each["state"] == "wrong")
    assert "s3:GetObject" in fix
    assert memory.save("cold", MemoryState(epoch=1, complete=now, rev=1))
    assert memory.save("given-up", MemoryState(epoch=1, stopped=True, forgotten="/x was given up"))
    answer = well.run("check", "--json")
    assert wrong(answer) == [("memories", "that of given-up has stopped: /x was given up")]
    (fix,) = (each["fix"] for each in answer.data["findings"] if each["state"] == "wrong")
    assert fix == "invalidator bucket remember given-up"


def test_memories_that_work_are_one_line(well):
    memory = remember(aws("dynamodb"), well.function, "new", "site", "tired")
    assert memory.save("site", MemoryState(epoch=1, complete=time.time()))
    assert memory.save("tired", MemoryState(epoch=1, stopped=True, forgotten=BY_HAND))
    said = well.run("check")
    assert said.code == 0
    assert "1 bucket remembered, 1 not gone through yet, 1 stopped" in said.out


def test_a_missing_table_names_itself_and_the_way_back(well):
    aws("dynamodb").delete_table(TableName=TABLE)
    answer = well.run("check", "--json")
    assert answer.code == 3
    found = next(each for each in answer.data["findings"] if each["part"] == "table")
    assert f"table {TABLE} does not exist" in found["text"]
    assert f"restore-table-from-backup --target-table-name {TABLE}" in found["fix"]
    assert {each["state"] for each in answer.data["findings"] if each["part"] == "routes"} == {"unknown"}
    said = well.run("check").out
    assert max(map(len, said.splitlines())) <= 80
    assert "WRONG   table:" in said


def test_without_any_connected_bucket_that_is_said(well):
    well.sqs.parameters["Buckets"] = ""
    taken_away(well)
    answer = well.run("check", "--json")
    assert ("subscriptions", "no bucket sends its changes to this stack") in wrong(answer)
    assert answer.code == 3


def test_repair_shows_the_difference_and_changes_nothing_without_yes(well):
    for break_ in (rule_off, shut_out, taken_away):
        break_(well)
    well.run("pause", "--only", "intake")
    policy = well.sqs.policy
    answer = well.run("check", "--repair", "--json")
    assert answer.code == 3
    assert [each["done"] for each in answer.data["repairs"]] == [False] * len(answer.data["repairs"])
    lines = [line for each in answer.data["repairs"] for line in each["difference"]]
    assert "event source of intake: Disabling → Enabled" in lines
    assert "rule rule-sweep: DISABLED → ENABLED" in lines
    assert any(line.startswith('+ policy of Queue: {"Sid": "BucketsOfThisAccount"') for line in lines)
    assert well.sqs.policy == policy
    assert "Nothing was changed. To change it, add --yes." in well.run("check", "--repair").err


def test_repair_mends_policy_rule_event_source_and_subscription_and_looks_again(well):
    for break_ in (rule_off, shut_out):
        break_(well)
    well.run("pause", "--only", "intake")
    answer = well.run("check", "--repair", "--yes")
    assert answer.code in {0, 3}
    assert "And now:" in answer.out
    statements = json.loads(well.sqs.policy)["Statement"]
    assert STATEMENT in statements, "others' statements stay"
    assert [each["Sid"] for each in statements].count("BucketsOfThisAccount") == 1
    assert aws("events").describe_rule(Name="rule-sweep")["State"] == "ENABLED"
    assert well.function.updates[-1] == ("intake", True)
    # With the policy in place, the subscription can be put back.
    taken_away(well)
    assert well.run("check", "--json").code == 3
    repaired = well.run("check", "--repair", "--yes", "--json")
    wrong = [each["part"] for each in repaired.data["findings"] if each["state"] == "wrong"]
    # As it stands afterwards, which is what the exit code says, too.
    assert ("subscriptions" in wrong, repaired.data["ok"]) == (False, repaired.code == 0)
    assert [(each["part"], each["done"]) for each in repaired.data["repairs"]] == [("subscriptions", True)]
    found = aws("s3").get_bucket_notification_configuration(Bucket="site")["QueueConfigurations"]
    assert [each["QueueArn"] for each in found] == [well.sqs.outputs["QueueArn"]]
    well.function.mappings["intake"]["State"] = "Enabled"
    assert well.run("check", "--json").code == 0


RULE, TOPIC = "own-rule", "arn:aws:sns:eu-west-1:123456789012:uploads"
PATTERN = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    "detail": {"bucket": {"name": ["site"]}},
}


@pytest.fixture
def by_rule(well, monkeypatch):
    """The bucket sends through the stack's own rule, another through a topic; all that lets them in is there."""
    queue = well.sqs.outputs["QueueArn"]
    well.sqs.parameters |= {"Buckets": "", "EventBridgeBuckets": "site", "TopicArns": TOPIC}
    for part in (queues, subscriptions):
        monkeypatch.setattr(part, "own_rule", lambda session: RULE)
    monkeypatch.setattr(subscriptions, "_PATIENCE_SECONDS", 0.0)  # moto does not keep EventBridge's switch
    found = json.loads(well.sqs.policy)
    for sid, service, arn in (
        ("TheRuleOfThisStack", "events", f"arn:aws:events:eu-west-1:123456789012:rule/{RULE}"),
        ("TheNamedTopics", "sns", TOPIC),
    ):
        principal = {"Service": f"{service}.amazonaws.com"}
        condition = {"ArnEquals": {"aws:SourceArn": [arn] if service == "sns" else arn}}
        found["Statement"].append({
            "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": queue,
            "Condition": condition,
        })  # fmt: skip
    well.sqs.policy = json.dumps(found)
    aws("events").put_rule(Name=RULE, EventPattern=json.dumps(PATTERN))
    aws("events").put_targets(Rule=RULE, Targets=[{"Id": "InvalidationQueue", "Arn": queue}])
    answer = well.run("check", "--json")
    assert not [each for each in wrong(answer) if each[0] in {"queues", "rule"}], answer.data
    return well


def without(sid):
    def lose(desk):
        policy = json.loads(desk.sqs.policy)
        policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != sid]
        desk.sqs.policy = json.dumps(policy)

    return lose


def gone(desk):
    aws("events").remove_targets(Rule=RULE, Ids=["InvalidationQueue"])
    aws("events").delete_rule(Name=RULE)


LOST = [
    (lambda desk: aws("events").disable_rule(Name=RULE), "rule", f"rule {RULE}: DISABLED → ENABLED"),
    (
        lambda desk: aws("events").remove_targets(Rule=RULE, Ids=["InvalidationQueue"]),
        "rule",
        f"rule {RULE}: target InvalidationQueue → ",
    ),
    (
        lambda desk: aws("events").put_rule(
            Name=RULE, EventPattern=json.dumps({**PATTERN, "detail": {"bucket": {"name": ["other"]}}})
        ),
        "rule",
        f"rule {RULE}: pattern ",
    ),
    (gone, "rule", f"rule {RULE}: gone → ENABLED"),
    (without("TheRuleOfThisStack"), "queues", '+ policy of Queue: {"Sid": "TheRuleOfThisStack"'),
    (without("TheNamedTopics"), "queues", '+ policy of Queue: {"Sid": "TheNamedTopics"'),
]


def test_what_the_watch_only_tells_of_its_command_mends(by_rule):
    """A deployment would not: for CloudFormation nothing changed."""
    policy = sorted(json.loads(by_rule.sqs.policy)["Statement"], key=str)
    for lose, part, line in LOST:
        lose(by_rule)
        answer = by_rule.run("check", "--repair", "--yes", "--json")
        (found,) = (each for each in answer.data["repairs"] if each["part"] == part)
        assert (any(each.startswith(line) for each in found["difference"]), found["done"]) == (True, True), (
            found
        )
        assert sorted(json.loads(by_rule.sqs.policy)["Statement"], key=str) == policy
        (target,) = aws("events").list_targets_by_rule(Rule=RULE)["Targets"]
        assert (target["Arn"], aws("events").describe_rule(Name=RULE)["State"]) == (
            by_rule.sqs.outputs["QueueArn"],
            "ENABLED",
        )
        assert json.loads(aws("events").describe_rule(Name=RULE)["EventPattern"]) == PATTERN


def test_what_cannot_be_asked_is_unknown_and_not_called_well(well):
    well.sqs.denied = frozenset({"GetQueueAttributes"})
    answer = well.run("check", "--json")
    unknown = {each["part"] for each in answer.data["findings"] if each["state"] == "unknown"}
    assert {"queues", "dead letters"} <= unknown
    assert (answer.code, answer.data["ok"]) == (2, None)
    assert "could not be looked at" in well.run("check").out


def test_bad_input_is_one_line(well):
    answer = well.run("check", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "--yes is for --repair" in answer.err
    assert well.run("check", "--stack", "nope").err.startswith("invalidator: no stack 'nope'")
