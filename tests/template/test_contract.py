"""What others rely on: names, parameters, outputs, the function's environment, who may do what."""

import json
import re
from dataclasses import fields

import pytest

from infra.simulator.sqs import MAX_RECEIVE_COUNT, VISIBILITY_SECONDS
from invalidator.settings import Settings, read_settings
from tests.batch.wired import FUNCTION_SECONDS
from tests.template.conftest import BOUNDARY, KEY, SETS, TOPIC
from tests.template.resolved import ROOT
from tests.template.rules import listed, of_type, resource_statements, role_statements


def test_the_promised_resources_and_outputs_exist(stacks):
    stack = stacks["defaults"]
    assert {"InvalidatorFunction", "InvalidationQueue", "DeadLetterQueue", "MappingTable"} <= set(
        stack["Resources"]
    )
    assert {name: each["Value"] for name, each in stack["Outputs"].items() if name != "DashboardUrl"} == {
        "FunctionName": "<InvalidatorFunction>",
        "FunctionRoleArn": "<InvalidatorRole.Arn>",
        "QueueUrl": "<InvalidationQueue>",
        "QueueArn": "<InvalidationQueue.Arn>",
        "DeadLetterQueueUrl": "<DeadLetterQueue>",
        "DeadLetterQueueArn": "<DeadLetterQueue.Arn>",
        "TableName": "<MappingTable>",
    }


def test_the_contract_s_parameters_have_their_defaults(stacks):
    parameters = stacks["defaults"]["Parameters"]
    promised = {
        "Buckets": "",
        "BatchWindowSeconds": 20,
        "MonthlyPathBudget": 1000,
        "IndexDocuments": "index.html",
    }
    assert {name: parameters[name]["Default"] for name in promised} == promised
    assert parameters["AlarmEmail"]["Default"] == ""


def test_each_parameter_has_a_default_a_range_a_description_and_a_label(stacks):
    stack = stacks["defaults"]
    interface = stack["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(stack["Parameters"])
    assert set(interface["ParameterLabels"]) == set(stack["Parameters"])
    for name, parameter in stack["Parameters"].items():
        assert "Default" in parameter, name
        assert len(parameter["Description"]) > 20, name
        if parameter["Type"] == "Number" and "AllowedValues" not in parameter:
            assert parameter["MinValue"] <= parameter["Default"] <= parameter["MaxValue"], name
            assert f"{parameter['MinValue']}-{parameter['MaxValue']}" in parameter["Description"], name
        else:
            assert "AllowedValues" in parameter or "AllowedPattern" in parameter, name


def test_each_parameter_decides_something():
    text = (ROOT / "template.yaml").read_text()
    parameters = re.findall(r"^  (\w+):\n    Type: (?:String|Number)$", text, re.MULTILINE)
    body = text[text.index("\nConditions:") :]
    assert len(parameters) > 15
    assert [name for name in parameters if not re.search(rf"(!Ref |\${{){name}\b", body)] == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Buckets", ["", "a-b", "my.site,other", "My_legacy.Site"], ["s3://a-b", "a, b", "a/b", "abc,,def"]),
        (
            "BucketFilters",
            ["", "my-site=public/*.html", "my-site=a b/,my-site=*.css", "my_site=dt=1/"],
            ["my-site", "public/*.html", "my-site=a*b*c", "my-site=a,b"],
        ),
        (
            "PermissionsBoundaryArn",
            ["", BOUNDARY, "arn:aws:iam::aws:policy/ReadOnlyAccess"],
            ["developer", "*"],
        ),
        ("RolePath", ["/", "/apps/", "/apps/cdn/"], ["", "apps/", "/apps", "//"]),
        ("EventBridgeBuckets", ["", "a-b,c-d"], ["s3://x"]),
        ("ListableBuckets", ["", "a-b,c-d"], ["*"]),
        ("TopicArns", ["", TOPIC, f"{TOPIC},{TOPIC}.fifo"], ["uploads", "*", TOPIC.replace("sns", "sqs")]),
        (
            "AssumableRoleArns",
            ["", "arn:aws-cn:iam::444455556666:role/path/a"],
            ["*", "arn:aws:iam::1:role/a"],
        ),
        ("IndexDocuments", ["", "index.html", "index.html,index.htm"], ["a/b.html", "*", "a, b"]),
        ("AlarmEmail", ["", "me@example.com"], ["me", "me@example", "a b@example.com"]),
        ("KmsKeyArn", ["", KEY], ["alias/aws/sqs", KEY.replace("key/", "alias/")]),
    ],
)
def test_a_parameter_takes_what_it_describes_and_refuses_the_rest(stacks, name, good, bad):
    pattern = re.compile(stacks["defaults"]["Parameters"][name]["AllowedPattern"])
    assert [each for each in good if not pattern.fullmatch(each)] == []
    assert [each for each in bad if pattern.fullmatch(each)] == []


def test_the_function_s_environment_is_its_settings(stacks):
    variables = stacks["everything"]["Resources"]["InvalidatorFunction"]["Properties"]["Environment"][
        "Variables"
    ]
    telemetry = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
    assert set(variables) - telemetry == {field.name.upper() for field in fields(Settings)}
    assert telemetry <= set(variables)


@pytest.mark.parametrize("name", SETS)
def test_the_settings_model_reads_what_the_template_gives(stacks, name):
    variables = stacks[name]["Resources"]["InvalidatorFunction"]["Properties"]["Environment"]["Variables"]
    settings = read_settings({name: str(value) for name, value in variables.items()})
    assert settings.monthly_path_budget == int(SETS[name].get("MonthlyPathBudget", "1000"))
    assert settings.listing_calls == (20 if "ListableBuckets" in SETS[name] else 0)


def test_the_event_source_takes_the_batches_that_were_asked_for(stacks):
    for name, size, window in (
        ("defaults", "10000", "20"),
        ("least attempts", "10", "0"),
        ("everything", "10000", "300"),
    ):
        (source,) = of_type(stacks[name]["Resources"], "AWS::Lambda::EventSourceMapping").values()
        assert (str(source["BatchSize"]), str(source["MaximumBatchingWindowInSeconds"])) == (size, window)
        assert source["EventSourceArn"] == "<InvalidationQueue.Arn>"


def test_the_function_runs_on_python_313_and_arm_with_traces(stacks):
    function = stacks["defaults"]["Resources"]["InvalidatorFunction"]["Properties"]
    assert (function["Runtime"], function["Architectures"], function["TracingConfig"]) == (
        "python3.13",
        ["arm64"],
        {"Mode": "Active"},
    )
    assert function["Handler"] == "invalidator.handler.handler"
    assert function["Role"] == "<InvalidatorRole.Arn>"


def _allowed(resources, owner):
    return {
        (action, resource)
        for name, statement in role_statements(resources)
        if name == owner
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def test_by_default_the_worker_may_do_its_job_and_nothing_else(stacks):
    account = "arn:aws:cloudfront::111122223333"
    table, queue, dead = "<MappingTable.Arn>", "<InvalidationQueue.Arn>", "<DeadLetterQueue.Arn>"
    assert _allowed(stacks["defaults"]["Resources"], "InvalidatorRole") == {
        *(
            (f"sqs:{each}", queue)
            for each in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage")
        ),
        ("sqs:SendMessage", dead),
        *(
            (f"dynamodb:{each}", table)
            for each in ("BatchGetItem", "BatchWriteItem", "PutItem", "Query", "UpdateItem")
        ),
        *(
            (f"cloudfront:{each}", f"{account}:distribution/*")
            for each in ("CreateInvalidation", "GetInvalidation", "GetDistributionConfig")
        ),
        ("cloudfront:GetCachePolicy", f"{account}:cache-policy/*"),
        ("cloudfront:ListDistributions", "*"),
        *((f"logs:{each}", "<InvalidatorLogGroup.Arn>") for each in ("CreateLogStream", "PutLogEvents")),
        *((f"xray:{each}", "*") for each in ("PutTraceSegments", "PutTelemetryRecords")),
    }


def test_parameters_add_just_the_rights_they_name(stacks):
    more = _allowed(stacks["everything"]["Resources"], "InvalidatorRole") - _allowed(
        stacks["defaults"]["Resources"], "InvalidatorRole"
    )
    assert more == {
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/a"),
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/b"),
        ("s3:ListBucket", "arn:*:s3:::site"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    }


def test_the_subscription_touches_the_named_buckets_alone(stacks):
    buckets = {r for _, r in _allowed(stacks["everything"]["Resources"], "BucketSubscriptionPolicy")}
    assert buckets == {f"arn:*:s3:::{name}" for name in ("site", "other.site", "logs", "media")}
    subscription = stacks["everything"]["Resources"]["BucketSubscriptions"]["Properties"]
    assert subscription["Buckets"] == ["site", "other.site"]
    assert subscription["EventBridgeBuckets"] == ["logs", "media"]
    assert subscription["BucketFilters"] == ["site=public/*.html"]
    assert "BucketSubscriptions" not in stacks["defaults"]["Resources"]


def test_every_role_has_the_boundary_and_the_path_that_were_asked_for(stacks):
    for name, path, boundary in (("defaults", "/", None), ("everything", "/apps/cdn/", BOUNDARY)):
        roles = of_type(stacks[name]["Resources"], "AWS::IAM::Role").values()
        assert roles
        assert {(role["Path"], role.get("PermissionsBoundary")) for role in roles} == {(path, boundary)}


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


def test_the_rule_hears_of_the_named_buckets(stacks):
    rule = stacks["everything"]["Resources"]["BucketEventsRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": ["logs", "media"]}},
    }
    assert [target["Arn"] for target in rule["Targets"]] == ["<InvalidationQueue.Arn>"]


def test_a_customer_key_takes_the_place_of_the_queues_own(stacks):
    for queue in ("InvalidationQueue", "DeadLetterQueue"):
        assert stacks["everything"]["Resources"][queue]["Properties"]["KmsMasterKeyId"] == KEY
        assert stacks["defaults"]["Resources"][queue]["Properties"]["SqsManagedSseEnabled"] is True


def test_alarms_mail_when_an_address_is_given(stacks):
    for name, actions in (("defaults", None), ("everything", ["<AlarmTopic>"])):
        alarms = of_type(stacks[name]["Resources"], "AWS::CloudWatch::Alarm")
        assert set(alarms) == {
            "DeadLettersAlarm",
            "BacklogAgeAlarm",
            "FunctionErrorsAlarm",
            "NothingSentAlarm",
            "BudgetAlarm",
        }
        assert [each.get("AlarmActions") for each in alarms.values()] == [actions] * 5
    assert "BudgetAlarm" not in stacks["no budget"]["Resources"]


@pytest.mark.parametrize("name", SETS)
def test_the_dashboard_is_one_screen_in_three_questions(stacks, name):
    board = json.loads(stacks[name]["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    questions = [each["properties"]["markdown"] for each in board["widgets"] if each["type"] == "text"]
    assert questions == ["## Is it fresh?", "## Is anything stuck?", "## What does it cost?"]
    taken = set()
    for each in board["widgets"]:
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not cells & taken
        taken |= cells
    assert max(x for x, _ in taken) < 24
    lines = [
        line
        for each in board["widgets"]
        for line in each["properties"].get("annotations", {}).get("horizontal", [])
    ]
    assert {"label": "alarm", "value": 1800} in lines
    expected = {"label": "free of charge" if name == "no budget" else "budget", "value": 1000}
    assert expected in lines


def test_the_worker_has_the_time_that_slow_answers_are_tested_with(stacks):
    worker = stacks["defaults"]["Resources"]["InvalidatorFunction"]["Properties"]
    assert worker["Timeout"] == FUNCTION_SECONDS


def test_the_simulated_queue_has_the_numbers_of_the_template_s(stacks):
    template = stacks["defaults"]
    queue = template["Resources"]["InvalidationQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == VISIBILITY_SECONDS
    assert int(queue["RedrivePolicy"]["maxReceiveCount"]) == MAX_RECEIVE_COUNT
    told = template["Parameters"]["BacklogAlarmSeconds"]["Description"]
    assert f"waits {VISIBILITY_SECONDS:.0f} seconds" in told
