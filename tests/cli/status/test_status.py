"""`invalidator status` as a person types it."""

import re
import time
from datetime import UTC, datetime

import boto3
import pytest

from bucket_watch.standing import Standing, StandingTable
from infra.cli.session import Session
from infra.cli.status.money import month
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.pending.wakes import Wake
from invalidator.failures import TableUnavailable
from tests.cli.conftest import TABLE
from tests.cli.dlq.local_sqs import REGION
from tests.cli.stored import site


@pytest.fixture
def desk(deployed_desk):
    deployed_desk.stored.serve(site("E1"), site("E2"))
    return deployed_desk


def measure(namespace, name, dimension, values):
    boto3.client("cloudwatch", region_name=REGION).put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
                "Timestamp": datetime.fromtimestamp(time.time() - 90, UTC),
                "Value": value,
            }
            for value in values
        ],
    )


def test_it_counts_what_waits_what_is_in_flight_and_what_failed(desk):
    for _ in range(3):
        desk.sqs.put(desk.queue, "x")
    desk.sqs.answer("ReceiveMessage", {"QueueUrl": desk.queue, "VisibilityTimeout": 60})
    desk.bury("x", "not-json")
    data = desk.run("status", "--json").data
    assert data["backlog"] == {"waiting": 2, "in_flight": 1, "delayed": 0}
    assert data["dead_letters"] == 1
    text = desk.run("status").out
    assert "2 messages, 1 in flight" in text
    assert "1: invalidator dlq explain" in text


def test_it_tells_the_last_invalidation_of_each_distribution_newest_first(desk):
    now = time.time()
    for identifier, distribution, ago in (("I1", "E1", 900), ("I2", "E1", 700), ("I3", "E2", 800)):
        desk.stored.record(distribution, identifier, now - ago, "/a", "/b/*")
    data = desk.run("status", "--json").data
    assert [each["id"] for each in data["last_invalidations"]] == ["I2", "I3"]
    assert data["last_invalidations"][0]["wildcards"] == 1
    assert data["in_progress"] == []


def test_what_is_not_sent_yet_is_told_by_target_with_its_oldest_change(desk):
    now = time.time()
    for name, since, waiting, why in (("E1", 90, 7, "Throttling"), ("E2", 4000, 1, "")):
        desk.stored.wakes.wake(f"target:{name}", now, now - since, 0.0)
        desk.stored.wakes.begin(f"target:{name}", now, now + 10, "t")
        left = Wake("", due=now + 60, since=now - since, waiting=waiting, reason=why)
        desk.stored.wakes.end(f"target:{name}", "t", left)

    data = desk.run("status", "--json").data

    assert data["oldest_unsent_seconds"] == pytest.approx(4000, abs=30)
    told = [(each["waits_for"], each["paths"], each["reason"]) for each in data["pending"]]
    assert told == [("target:E2", 1, ""), ("target:E1", 7, "Throttling")]
    text = desk.run("status").out
    assert "8 paths, the oldest change 1 h 6 min old\n" in text
    assert re.search(r"^E1 +1 min 3\d s +7 +Throttling$", text, re.MULTILINE)


def test_a_bucket_that_does_not_send_any_more_is_named_with_the_command_to_type(desk):
    assert "the watch has looked at none yet" in desk.run("status").out
    table = StandingTable(DynamoDbTable(boto3.client("dynamodb", region_name=REGION), TABLE))
    now = time.time()
    table.save(Standing("right", "parameter Buckets", looked=now - 60, right=now - 60))
    table.save(
        Standing("odd", "parameter Buckets", looked=now - 60, right=now - 60, unknown="S3 did not answer")
    )
    table.save(
        Standing(
            "site",
            "bucket connect",
            looked=now - 60,
            wrong_since=now - 7200,
            wrong=("its notification holds no entry to the queue any more",),
            fix="invalidator bucket connect site",
            by="arn:aws:iam::1:user/ci changed it",
        )
    )
    said = " ".join(desk.run("status").out.split())
    assert "1 send, 1 lost: see below, 1 unknown (seen 1 min ago)" in said
    assert (
        "bucket site, for 2 h: its notification holds no entry to the queue any more; arn:aws:iam::1:user/ci"
        in said
    )
    assert "type: invalidator bucket connect site" in said
    first, _, _ = desk.run("status", "--json").data["buckets"]
    assert (first["bucket"], first["state"], first["fix"]) == (
        "site",
        "lost",
        "invalidator bucket connect site",
    )


def test_the_bound_of_a_month_is_the_budget_and_what_each_distribution_may_add(desk):
    data = desk.run("status", "--json").data["month"]
    assert (data["most_usd"], data["most_usd_each_over_budget"], data["distributions"]) == (28.8, 14.4, 2)
    text = " ".join(desk.run("status").out.split())
    assert "$28.80: the budget, then $14.40 for each distribution" in text
    assert "HardPathLimit" not in text

    desk.function.configuration["Environment"]["Variables"]["HARD_PATH_LIMIT"] = "1500"
    assert desk.run("status", "--json").data["month"]["most_usd"] == 2.5
    assert "1,500 paths; then changes wait" in desk.run("status").out


def test_without_a_wait_past_the_budget_nothing_bounds_the_month_and_it_says_so(desk):
    desk.function.configuration["Environment"]["Variables"]["OVER_BUDGET_SECONDS"] = "0"
    assert desk.run("status", "--json").data["month"]["most_usd"] is None
    assert "nothing bounds it" in desk.run("status").out


NOVEMBER_16 = datetime(2026, 11, 16, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("paths", "limits", "forecast"),
    [
        (400, {}, 0.0),  # 800 paths by the end of the month
        (1400, {"monthly_budget": 0}, 9.0),  # 2,800, and nothing slows it
        (1400, {}, 9.0),  # 2,800: less than the budget's brake would let through
        (10_000, {}, 59.4),  # from now on 96 paths a day for each of two
        (10_000, {"hard_path_limit": 11_000}, 50.0),
    ],
)
def test_the_forecast_is_the_months_rate_within_what_may_be_spent(paths, limits, forecast):
    allowed = Limits(**{"ceiling": Allowance(1000, 15), "monthly_budget": 1000, **limits})
    assert month(paths, allowed, 2, NOVEMBER_16).forecast == forecast


def test_paths_and_money_stand_against_the_budget(desk):
    now = time.time()
    desk.stored.record("E1", "I1", now - 600, *(f"/{each}" for each in range(1200)))
    data = desk.run("status", "--json").data
    month = data["month"]
    assert (month["paths"], month["cost_usd"], month["budget_paths"]) == (1200, 1.0, 1000)
    assert "1,200 paths, $1.00, 120 % of the budget of 1000" in desk.run("status").out


def test_an_invalidation_counts_as_in_progress_until_cloudfront_has_finished_it(desk, monkeypatch):
    now = time.time()
    finished = {"I1": True, "I2": False}
    monkeypatch.setattr(
        "infra.cli.status.facts.CloudFrontInvalidations.completed", lambda _, _d, name, _r: finished[name]
    )
    for identifier in finished:
        desk.stored.record("E1", identifier, now - 20, "/a")
    assert [each["id"] for each in desk.run("status", "--json").data["in_progress"]] == ["I2"]


def test_a_distribution_in_another_account_is_asked_about_with_the_role_of_its_route(desk, monkeypatch):
    now = time.time()
    role = "arn:aws:iam::210987654321:role/invalidate"
    desk.stored.serve(site("E1"), site("E2", role=role))
    asked = {}
    monkeypatch.setattr(
        "infra.cli.status.facts.CloudFrontInvalidations.completed",
        lambda _, distribution, _id, by: asked.update({distribution: by}),
    )
    for identifier, distribution in (("I1", "E1"), ("I2", "E2")):
        desk.stored.record(distribution, identifier, now - 20, "/a")
    assert desk.run("status").code == 0
    assert asked == {"E1": None, "E2": role}


def test_where_cloudfront_cannot_be_asked_a_note_says_so_and_the_table_counts(desk):
    now = time.time()
    desk.stored.record("E1", "I1", now - 20, "/a")
    data = desk.run("status", "--json").data
    assert len(data["in_progress"]) == 1
    assert any("I1 counts as in progress" in note for note in data["notes"])


def test_ages_and_latencies_come_from_cloudwatch(desk):
    measure("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName", "Queue"), [75])
    data = desk.run("status", "--json").data
    assert data["oldest_message_seconds"] == 75
    assert data["event_to_invalidation_seconds"] is None


def test_latencies_are_told_as_median_and_p95(desk, monkeypatch):
    """moto computes no percentiles: the answer is CloudWatch's documented form."""
    asked = []

    class CloudWatch:
        def get_metric_statistics(self, **question):
            asked.append(question)
            if "ExtendedStatistics" not in question:
                return {"Datapoints": []}
            at = datetime.now(UTC)
            return {"Datapoints": [{"Timestamp": at, "ExtendedStatistics": {"p50": 2.5, "p95": 9.0}}]}

    real = Session.client
    monkeypatch.setattr(
        Session,
        "client",
        lambda self, name, config=None: CloudWatch() if name == "cloudwatch" else real(self, name, config),
    )
    assert "median 2.5 s, 95 % within 9.0 s" in desk.run("status").out
    latency = next(each for each in asked if "ExtendedStatistics" in each)
    assert latency["Namespace"] == "CloudFrontInvalidator"
    assert latency["MetricName"] == "EventToInvalidationSeconds"
    assert latency["Dimensions"] == [{"Name": "service", "Value": "cloudfront-invalidator"}]


def test_a_paused_worker_is_told_with_the_way_back(desk):
    assert desk.run("status", "--json").data["paused"] == {"intake": False, "sender": False}
    desk.run("pause", "--only", "sender")
    assert desk.run("status", "--json").data["paused"] == {"intake": False, "sender": True}
    assert "sender paused: invalidator resume" in desk.run("status").out


def test_what_cannot_be_asked_is_a_note_and_the_rest_is_shown(desk):
    del desk.sqs.visible[desk.dead]
    answer = desk.run("status")
    assert answer.code == 0
    assert "Note: the dead-letter queue cannot be read" in answer.err
    assert "0 messages, 0 in flight" in answer.out


def test_watching_looks_again_until_it_is_interrupted(desk, monkeypatch):
    waits = []

    def interrupted(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("infra.cli.status.screen.time.sleep", interrupted)
    answer = desk.run("status", "--watch", "--interval", "7")
    assert answer.code == 130
    assert waits == [7, 7]
    assert answer.out.count("not read yet") == 2


def test_no_stack_is_one_line(desk):
    answer = desk.run("status", "--stack", "nope")
    assert answer.code == 1
    assert answer.err.startswith("invalidator: no stack 'nope'")


def test_every_line_fits_80_columns(desk):
    now = time.time()
    desk.stored.record("E1ABCDEFGHIJKL", "I" * 24, now - 20, "/a", "/b*")
    assert max(len(line) for line in desk.run("status").out.splitlines()) <= 80


def warned(answer):
    return {each["part"]: each for each in answer.data["warnings"]}


def test_a_stack_without_a_connected_bucket_says_so_first(desk):
    # What is served and cannot be read is not taken for connected.
    assert "site" in warned(desk.run("status", "--json"))["subscriptions"]["text"]
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    answer = desk.run("status", "--json")
    assert warned(answer)["subscriptions"]["fix"] == "invalidator bucket connect NAME"
    said = desk.run("status").out
    assert said.index("no bucket sends its changes to this stack") < said.index("STACK")
    desk.sqs.parameters["Buckets"] = "site"
    assert "subscriptions" not in warned(desk.run("status", "--json"))


def test_a_worker_that_fails_at_import_says_so(desk):
    assert "functions" not in warned(desk.run("status", "--json"))
    desk.function.broken = "Unable to import module 'invalidator.handler': No module named 'pydantic'"
    answer = desk.run("status", "--json")
    assert "Runtime.ImportModuleError: Unable to import module" in warned(answer)["functions"]["text"]
    assert "invalidator logs" in warned(answer)["functions"]["fix"]


def test_a_missing_table_names_itself_and_the_way_back(desk):
    boto3.client("dynamodb", region_name="eu-west-1").delete_table(TableName=TABLE)
    answer = desk.run("status", "--json")
    assert answer.code == 0
    found = warned(answer)["table"]
    assert f"table {TABLE} does not exist" in found["text"]
    assert f"restore-table-from-backup --target-table-name {TABLE}" in found["fix"]


def test_a_table_that_cannot_be_read_says_so(desk, monkeypatch):
    def refused(_routes):
        raise TableUnavailable("AccessDeniedException: the key is gone")

    monkeypatch.setattr("invalidator.aws.table.routes.RoutesTable.survey_state", refused)
    found = warned(desk.run("status", "--json"))["table"]
    assert "cannot be looked at: AccessDeniedException: the key is gone" in found["text"]


def test_the_routes_age_is_told_where_it_is_late(desk):
    assert 0 <= desk.run("status", "--json").data["routes_age_seconds"] < 60
    assert not re.search(r"^routes", desk.run("status").out, re.MULTILINE)
    desk.stored.surveyed(time.time() - 7500)
    assert 7500 <= desk.run("status", "--json").data["routes_age_seconds"] < 7560
    assert re.search(
        r"^routes +2 h 5 min old, which is late: invalidator route refresh$",
        desk.run("status").out,
        re.MULTILINE,
    )


def test_a_stack_that_never_surveyed_says_so(desk):
    desk.stored.surveyed(0.0)
    assert desk.run("status", "--json").data["routes_age_seconds"] is None
    assert "never surveyed: invalidator route refresh" in desk.run("status").out
