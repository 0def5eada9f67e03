"""What others rely on: names, parameters, outputs, the function's environment."""

import itertools
import json
import math
import re
from dataclasses import fields
from importlib.metadata import version

import pytest

from bucket_watch.settings import WatchSettings
from infra.simulator.aws.function import BATCHES_AT_A_TIME, MEMORY_MB
from infra.simulator.aws.sqs import MAX_RECEIVE_COUNT, VISIBILITY_SECONDS
from infra.simulator.simulation import CEILING, Site
from infra.simulator.worker import AT_A_TIME, TRIES
from invalidator.aws.queue import AT_A_TIME as ADAPTERS_AT_A_TIME
from invalidator.core.limits.budget import PRICE_OF_A_PATH_USD
from invalidator.settings import (
    RememberSettings,
    RollbackSettings,
    Settings,
    SurveySettings,
    SweepSettings,
    read_settings,
)
from tests.template.conftest import ALARMS, BOUNDARY, BUS, KEY, SETS, TOPIC
from tests.template.resolved import ROOT
from tests.template.rules import allowed, of_type, role_statements, sources

pytestmark = pytest.mark.xdist_group("template")  # translated once


def test_the_promised_resources_and_outputs_exist(stacks):
    stack = stacks["defaults"]
    assert {"InvalidatorFunction", "InvalidationQueue", "DeadLetterQueue", "MappingTable"} <= set(
        stack["Resources"]
    )
    assert {name: each["Value"] for name, each in stack["Outputs"].items()} == {
        "FunctionName": "<InvalidatorFunction>",
        "FunctionRoleArn": "<InvalidatorRole.Arn>",
        "QueueUrl": "<InvalidationQueue>",
        "QueueArn": "<InvalidationQueue.Arn>",
        "DeadLetterQueueUrl": "<DeadLetterQueue>",
        "DeadLetterQueueArn": "<DeadLetterQueue.Arn>",
        "WakeQueueUrl": "<WakeQueue>",
        "TableName": "<MappingTable>",
        "SurveyFunctionName": "<SurveyFunction>",
        "SweepFunctionName": "<SweepFunction>",
        "WatchFunctionName": "<WatchFunction>",
        "Version": version("cloudfront-invalidator"),
    }


def test_the_contract_s_parameters_have_their_defaults(stacks):
    parameters = stacks["defaults"]["Parameters"]
    promised = {
        "Buckets": "",
        "QuietSeconds": 1,
        "GatherSeconds": 10,
        "MonthlyPathBudget": 1000,
        "OverBudgetSeconds": 900,
        "HardPathLimit": 0,
        "GiveUpHours": 24,
        "SurveyMinutes": 5,
        "IndexDocuments": "index.html",
        "ErrorPageSeconds": 30,
        "CleanUrls": "auto",
        "AlarmEmail": "",
        "AlarmTopicArn": "",
        "RememberedBuckets": "",
        "EventBus": "",
        "BucketFilters": "",
        "RepairSubscriptions": "named",
        "CoverGaps": "yes",
        "PermissionsBoundaryArn": "",
    }
    assert {name: parameters[name]["Default"] for name in promised} == promised


# What a stack of 0.1.0 may have been given: `sam deploy` passes it on for each parameter that the template still has.
# For the others it passes nothing, also where samconfig.toml names them (its deploy_context.py, merge_parameters).
VERSION_010 = {
    "ListingCalls": (0, 1000),
    "MonthlyPathBudget": (0, 1000000),
    "MaxPaths": (1, 3000),
    "MaxWildcards": (1, 100),
    "BacklogAlarmSeconds": (60, 86400),
    "MaxReceiveCount": (5, 1000),
}


def test_what_a_stack_of_010_was_given_is_still_in_range(stacks):
    parameters = stacks["defaults"]["Parameters"]
    for name, (least, most) in VERSION_010.items():
        assert parameters[name]["MinValue"] <= least, name
        assert parameters[name]["MaxValue"] >= most, name
    assert {"BatchWindowSeconds", "BatchSize", "MappingSeconds"}.isdisjoint(parameters), "with other meanings"


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
        ("RememberedBuckets", ["", "a-b,c-d"], ["*", "s3://a-b", "a-b, c-d"]),
        ("IgnoredKeys", ["", "a-b=logs/*,a-b=*.map", "my.site=x=1"], ["logs/*", "a-b=", "a-b=x,,c-d=y"]),
        ("ImmutableKeys", ["", "a-b=assets/*"], ["assets/*", "a-b"]),
        ("TopicArns", ["", TOPIC, f"{TOPIC},{TOPIC}.fifo"], ["uploads", "*", TOPIC.replace("sns", "sqs")]),
        (
            "AssumableRoleArns",
            ["", "arn:aws-cn:iam::444455556666:role/path/a"],
            ["*", "arn:aws:iam::1:role/a"],
        ),
        ("IndexDocuments", ["", "index.html", "index.html,index.htm"], ["a/b.html", "*", "a, b"]),
        ("AlarmEmail", ["", "me@example.com"], ["me", "me@example", "a b@example.com"]),
        ("AlarmTopicArn", ["", TOPIC], ["pager", f"{TOPIC},{TOPIC}", TOPIC + ".fifo"]),
        ("EventBus", ["", "default", BUS], ["ops", "*", f"{BUS},{BUS}"]),
        ("KmsKeyArn", ["", KEY], ["alias/aws/sqs", KEY.replace("key/", "alias/")]),
    ],
)
def test_a_parameter_takes_what_it_describes_and_refuses_the_rest(stacks, name, good, bad):
    pattern = re.compile(stacks["defaults"]["Parameters"][name]["AllowedPattern"])
    assert [each for each in good if not pattern.fullmatch(each)] == []
    assert [each for each in bad if pattern.fullmatch(each)] == []


TELEMETRY = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
    "TRACING",
}


def _variables(stack, function="InvalidatorFunction"):
    return stack["Resources"][function]["Properties"]["Environment"]["Variables"]


def test_the_worker_s_environment_is_its_settings(stacks):
    variables = _variables(stacks["everything"])
    assert set(variables) - TELEMETRY == {field.name.upper() for field in fields(Settings)}
    assert set(variables) >= TELEMETRY


@pytest.mark.parametrize("name", SETS)
def test_the_settings_model_reads_what_the_template_gives(stacks, name):
    settings = read_settings({key: str(value) for key, value in _variables(stacks[name]).items()}, Settings)
    assert settings.monthly_path_budget == int(SETS[name].get("MonthlyPathBudget", "1000"))
    assert settings.listing_calls == (20 if "ListableBuckets" in SETS[name] else 0)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("SweepFunction", SweepSettings),
        ("SurveyFunction", SurveySettings),
        ("PendingChangesFunction", RollbackSettings),
        ("RememberFunction", RememberSettings),
        ("WatchFunction", WatchSettings),
    ],
)
def test_each_other_function_s_environment_is_its_settings(stacks, function, kind):
    variables = set(_variables(stacks["everything"], function)) - TELEMETRY
    assert variables == {field.name.upper() for field in fields(kind)}


def test_what_routing_depends_on_is_told_to_the_survey_as_to_the_worker(stacks):
    worker, survey = (
        _variables(stacks["everything"], f"{name}Function") for name in ("Invalidator", "Survey")
    )
    routing = {"INDEX_DOCUMENTS", "CLEAN_URLS", "ERROR_PAGE_SECONDS"}
    assert routing <= set(survey)
    assert {name: survey[name] for name in survey if name in worker} == {
        name: worker[name] for name in survey if name in worker
    }


@pytest.mark.parametrize("name", SETS)
def test_each_queue_of_the_worker_is_read_at_once(stacks, name):
    read = {
        queue: (each["BatchSize"], each["MaximumBatchingWindowInSeconds"], each["FunctionName"])
        for queue, each in sources(stacks[name]["Resources"]).items()
    }
    assert read == {
        "InvalidationQueue": (10, 0, "<InvalidatorFunction>"),
        "WakeQueue": (1, 0, "<InvalidatorFunction>"),
    } | ({"RememberQueue": (1, 0, "<RememberFunction>")} if "RememberedBuckets" in SETS[name] else {})


def test_the_sweep_and_the_survey_run_every_minute_the_watch_every_hour_and_what_failed_is_left_to_the_next(
    stacks,
):
    resources = stacks["defaults"]["Resources"]
    rules = of_type(resources, "AWS::Events::Rule").values()
    assert {(each["ScheduleExpression"], each["Targets"][0]["Arn"]) for each in rules} == {
        *(("rate(1 minute)", f"<{name}Function.Arn>") for name in ("Sweep", "Survey")),
        ("rate(1 hour)", "<WatchFunction.Arn>"),
    }
    tries = of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    assert {(each["FunctionName"], each["MaximumRetryAttempts"]) for each in tries} == {
        (f"<{name}Function>", 0) for name in ("Sweep", "Survey", "Watch")
    }
    assert resources["SweepFunction"]["Properties"]["Timeout"] < 60


def test_the_functions_run_on_python_313_and_arm(stacks):
    handlers = {}
    for name, each in of_type(stacks["defaults"]["Resources"], "AWS::Lambda::Function").items():
        assert (each["Runtime"], each["Architectures"]) == ("python3.13", ["arm64"])
        handlers[name] = each["Handler"], each["Role"]
    assert handlers == {
        "InvalidatorFunction": ("invalidator.handler.handler", "<InvalidatorRole.Arn>"),
        "SweepFunction": ("invalidator.entries.sweep.handler", "<SweepRole.Arn>"),
        "SurveyFunction": ("invalidator.entries.survey.handler", "<SurveyRole.Arn>"),
        "WatchFunction": ("bucket_watch.handler.handler", "<WatchRole.Arn>"),
        "PendingChangesFunction": ("invalidator.entries.rollback.handler", "<PendingChangesRole.Arn>"),
    }


def test_traces_cost_nothing_until_they_are_asked_for(stacks):
    for name, mode in (("defaults", "PassThrough"), ("everything", "Active")):
        function = stacks[name]["Resources"]["InvalidatorFunction"]["Properties"]
        assert function["TracingConfig"] == {"Mode": mode}
        assert function["Environment"]["Variables"]["TRACING"] == mode
        may = {action for action, _ in allowed(stacks[name]["Resources"], "InvalidatorRole")}
        assert ("xray:PutTraceSegments" in may) == (mode == "Active")


def test_the_rule_hears_of_the_named_buckets(stacks):
    rule = stacks["everything"]["Resources"]["BucketEventsRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": ["logs", "media"]}},
    }
    assert [target["Arn"] for target in rule["Targets"]] == ["<InvalidationQueue.Arn>"]


def test_an_acl_is_asked_for_where_acls_are_changes(stacks):
    """The set "everything" leaves AclChanges at "no"."""
    told = stacks["acl"]["Resources"]
    assert "Object ACL Updated" in told["BucketEventsRule"]["Properties"]["EventPattern"]["detail-type"]
    assert told["BucketSubscriptions"]["Properties"]["AclChanges"] == "yes"
    assert _variables(stacks["acl"], "InvalidatorFunction")["ACL_CHANGES"] == "yes"
    assert stacks["everything"]["Resources"]["BucketSubscriptions"]["Properties"]["AclChanges"] == "no"


def test_a_customer_key_takes_the_place_of_the_queues_own(stacks):
    for queue in ("InvalidationQueue", "WakeQueue", "DeadLetterQueue"):
        assert stacks["everything"]["Resources"][queue]["Properties"]["KmsMasterKeyId"] == KEY
        assert stacks["defaults"]["Resources"][queue]["Properties"]["SqsManagedSseEnabled"] is True


def test_alarms_go_where_they_are_wanted(stacks):
    always = {
        "DeadLettersAlarm",
        "BacklogAgeAlarm",
        "QueueAgeAlarm",
        "FunctionErrorsAlarm",
        "SweepErrorsAlarm",
        "SurveyErrorsAlarm",
        "RoutesAgeAlarm",
        "SubscriptionsAlarm",
    }
    for name, more, actions in (
        ("defaults", {"BudgetAlarm"}, []),
        ("everything", {"BudgetAlarm", "HardLimitAlarm", "UnjudgedAlarm"}, ["<AlarmTopic>", ALARMS]),
        ("no budget", set(), []),
    ):
        alarms = of_type(stacks[name]["Resources"], "AWS::CloudWatch::Alarm")
        assert set(alarms) == always | more
        assert all(each["AlarmActions"] == actions for each in alarms.values())


def test_the_budget_s_alarm_tells_what_it_may_cost(stacks):
    told = stacks["defaults"]["Resources"]["BudgetAlarm"]["Properties"]["AlarmDescription"]
    assert "at most 2592000 / 900 x $0.005 a month for each ($14.40 at 900)" in told
    assert round(2592000 / 900 * PRICE_OF_A_PATH_USD, 2) == 14.4


@pytest.mark.parametrize("name", ["everything", "no budget"])
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


@pytest.mark.parametrize("name", ["everything", "no budget"])
def test_the_lines_of_a_graph_can_be_told_apart_and_read(stacks, name):
    board = json.loads(stacks[name]["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    for graph in (each["properties"] for each in board["widgets"] if each["type"] == "metric"):
        shown = [line[-1] for line in graph["metrics"] if line[-1].get("visible", True)]
        colors = [tuple(bytes.fromhex(each["color"].removeprefix("#"))) for each in shown]
        for one, other in itertools.combinations(colors, 2):
            assert math.dist(one, other) > 100, graph["title"]
        # Where both are alike, the last that is drawn hides the others: the median has to be seen.
        quantiles = [int(each["stat"][1:]) for each in shown if str(each.get("stat", "")).startswith("p")]
        assert quantiles == sorted(quantiles, reverse=True)
        assert not [each["label"] for each in shown if "(ms)" in each["label"]]
        if any(each.get("yAxis") == "right" for each in shown):
            assert graph["yAxis"]["left"]["label"] != graph["yAxis"]["right"]["label"]


def test_the_simulated_site_has_the_numbers_of_the_template(stacks):
    resources = stacks["defaults"]["Resources"]
    queue = resources["InvalidationQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == VISIBILITY_SECONDS
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVE_COUNT
    assert resources["WakeQueue"]["Properties"]["VisibilityTimeout"] == VISIBILITY_SECONDS
    assert resources["InvalidatorFunction"]["Properties"]["MemorySize"] == MEMORY_MB
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    assert {each["ScalingConfig"]["MaximumConcurrency"] for each in mappings} == {BATCHES_AT_A_TIME}
    parameters = {name: each.get("Default") for name, each in stacks["defaults"]["Parameters"].items()}
    site = Site()
    assert (parameters["MaxPaths"], parameters["MaxWildcards"]) == (CEILING.paths, CEILING.wildcards)
    assert parameters["QuietSeconds"] == site.gathering.quiet
    assert parameters["GatherSeconds"] == site.gathering.most
    assert parameters["MonthlyPathBudget"] == site.monthly_budget
    assert parameters["MaxReceiveCount"] == TRIES
    assert AT_A_TIME == ADAPTERS_AT_A_TIME


def test_nothing_of_remembering_is_there_where_no_bucket_is_remembered(stacks):
    plain, all_of_it = stacks["defaults"], stacks["everything"]
    of_it = {name for name in all_of_it["Resources"] if name.startswith("Remember")}
    assert of_it >= {"RememberedTable", "RememberQueue", "RememberFunction", "RememberRole"}
    assert not of_it & plain["Resources"].keys()
    assert not [name for name in plain["Outputs"] if name.startswith("Remember")]


def test_headers_are_read_and_lists_asked_for_in_remembered_buckets_alone(stacks):
    told = [*role_statements(stacks["everything"]["Resources"])]
    mine = {each["Sid"]: each["Resource"] for role, each in told if role == "RememberRole"}
    assert mine["ReadHeaders"] == ["arn:*:s3:::site/*", "arn:*:s3:::other.site/*"]
    assert mine["ListRememberedBuckets"] == ["arn:*:s3:::site", "arn:*:s3:::other.site"]
    assert {role for role, each in told if "s3:GetObject" in str(each.get("Action"))} == {"RememberRole"}


def test_only_with_a_bus_may_it_be_told_and_no_other_bus(stacks):
    def told(name):
        roles = ("InvalidatorRole", "SweepRole", "WatchRole")
        found = [allowed(stacks[name]["Resources"], role) for role in roles]
        return [sorted(where for action, where in each if action == "events:PutEvents") for each in found]

    default = "arn:aws:events:eu-west-1:111122223333:event-bus/default"
    assert told("defaults") == [[], [], []]
    assert told("everything") == [[default]] * 3
    assert told("no budget") == [[BUS]] * 3
