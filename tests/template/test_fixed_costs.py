"""What the stack costs a month though nothing changes: metrics, alarms, dashboard, and who runs every minute."""

import ast
import json
import re
from pathlib import Path

import pytest

from invalidator.metric import OF_REMEMBERED_BUCKETS, Metric
from tests.template.conftest import SETS
from tests.template.resolved import ROOT
from tests.template.rules import of_type

pytestmark = pytest.mark.xdist_group("template")  # translated once

# aws.amazon.com/cloudwatch/pricing, us-east-1, without the free ones of an account.
METRIC_USD, ALARM_USD, DASHBOARD_USD = 0.30, 0.10, 3.00
NAMESPACE = "CloudFrontInvalidator"


def _usd(stack):
    alarms = of_type(stack["Resources"], "AWS::CloudWatch::Alarm")
    dashboards = of_type(stack["Resources"], "AWS::CloudWatch::Dashboard")
    remembered = any(each["MetricName"] in OF_REMEMBERED_BUCKETS for each in alarms.values())
    always = [
        each
        for each in Metric
        if not each.only_while_wrong and (remembered or each not in OF_REMEMBERED_BUCKETS)
    ]
    return round(len(always) * METRIC_USD + len(alarms) * ALARM_USD + len(dashboards) * DASHBOARD_USD, 2)


def test_metrics_alarms_and_dashboard_cost_at_most_3_dollars_a_month_by_default(stacks):
    assert _usd(stacks["defaults"]) == 3.0
    # With three more metrics of remembered buckets, and an alarm for when S3 cannot be asked about them.
    assert _usd(stacks["everything"]) == 7.1


@pytest.mark.parametrize("name", SETS)
def test_what_is_written_only_while_something_is_wrong_has_an_alarm_that_ends_without_it(stacks, name):
    """That a well stack writes none of it, its function's tests show: tests/sweep, tests/bucket_watch."""
    alarms = of_type(stacks[name]["Resources"], "AWS::CloudWatch::Alarm").values()
    remembers = "RememberedTable" in stacks[name]["Resources"]
    written = [each for each in Metric if remembers or each not in OF_REMEMBERED_BUCKETS]
    for metric in (each for each in written if each.only_while_wrong):
        (alarm,) = (each for each in alarms if each["MetricName"] == metric)
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", SETS)
def test_alarms_and_dashboard_watch_metrics_that_the_functions_write(stacks, name):
    resources = stacks[name]["Resources"]
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    watched = {each["MetricName"] for each in alarms if each["Namespace"] == NAMESPACE}
    for board in of_type(resources, "AWS::CloudWatch::Dashboard").values():
        for widget in json.loads(board["DashboardBody"])["widgets"]:
            namespace = metric = None
            for line in widget["properties"].get("metrics", []):
                if isinstance(line[0], dict):
                    continue  # an expression of the others
                if line[0] not in {".", "..."}:
                    namespace = line[0]
                if len(line) > 1 and isinstance(line[1], str) and line[1] != ".":
                    metric = line[1]
                watched |= {metric} if namespace == NAMESPACE else set()
        elsewhere = set() if "RememberedTable" in resources else OF_REMEMBERED_BUCKETS
        assert watched == set(Metric) - elsewhere, "each metric that is paid for is looked at"
    assert watched <= set(Metric)


def test_the_functions_write_no_metric_that_is_not_counted_here():
    """Each name is a member of `Metric`; and no cold starts, which would be one more for each function."""
    written = set()
    for file in sorted((ROOT / "functions").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"capture_cold_start_metric=True|single_metric\(|add_dimension\(", text), _place(
            file
        )
        for call in (each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Call)):
            if ast.unparse(call.func).endswith(".add_metric"):
                name = (
                    next((each.value for each in call.keywords if each.arg == "name"), None) or call.args[0]
                )
                assert ast.unparse(name).startswith("Metric."), f"{_place(file)}: {ast.unparse(name)}"
        written |= {Metric[name] for name in re.findall(r"\bMetric\.([A-Z_]+)", text)}
    assert written == set(Metric)


def _place(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_who_runs_every_minute_costs_some_cents(stacks):
    """Lambda's list price on arm64, us-east-1: $0.20 a million runs, $0.0000133334 a GB-second; each run 200 ms."""
    resources = stacks["defaults"]["Resources"]
    scheduled = [f"{each['Targets'][0]['Arn']}" for each in of_type(resources, "AWS::Events::Rule").values()]
    runs = 30 * 24 * 60
    usd = sum(
        runs * 0.20 / 1e6
        + runs
        * 0.2
        * resources[arn.strip("<>").removesuffix(".Arn")]["Properties"]["MemorySize"]
        / 1024
        * 0.0000133334
        for arn in scheduled
    )
    assert usd < 0.15
