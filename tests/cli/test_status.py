"""`invalidator status` as a person types it."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from infra.cli.status import screen as status_module
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent
from invalidator.ports import StoredRoutes
from tests.cli.dlq.local_sqs import REGION


def site(identifier):
    return Distribution(identifier, (Origin("o", "site.s3.amazonaws.com", "site"),), (Behavior("*", ("o",)),))


@pytest.fixture
def desk(deployed_desk):
    routes = StoredRoutes((site("E1"), site("E2")), time.time() + 600)
    deployed_desk.memory.store_routes({"site": routes})
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
        desk.memory.record(Sent(distribution, identifier, now - ago, ("/a", "/b/*")), "self", now)
    data = desk.run("status", "--json").data
    assert [each["id"] for each in data["last_invalidations"]] == ["I2", "I3"]
    assert data["last_invalidations"][0]["wildcards"] == 1
    assert data["in_progress"] == []


def test_paths_and_money_stand_against_the_budget(desk):
    now = time.time()
    desk.memory.record(Sent("E1", "I1", now - 600, tuple(f"/{each}" for each in range(1200))), "self", now)
    data = desk.run("status", "--json").data
    assert data["month"] == {"paths": 1200, "cost_usd": 1.0, "budget_paths": 1000}
    assert "1,200 paths, $1.00, 120 % of the budget of 1000" in desk.run("status").out


def test_an_invalidation_counts_as_in_progress_until_cloudfront_has_finished_it(desk, monkeypatch):
    now = time.time()
    finished = {"I1": True, "I2": False}
    monkeypatch.setattr(
        "infra.cli.status.facts.CloudFrontInvalidations.completed", lambda _, _d, name, _r: finished[name]
    )
    for identifier in finished:
        desk.memory.record(Sent("E1", identifier, now - 20, ("/a",)), "self", now)
    assert [each["id"] for each in desk.run("status", "--json").data["in_progress"]] == ["I2"]


def test_a_distribution_in_another_account_is_asked_about_with_the_role_of_its_route(desk, monkeypatch):
    now = time.time()
    role = "arn:aws:iam::210987654321:role/invalidate"
    routes = StoredRoutes((site("E1"), replace(site("E2"), role=role)), now + 600)
    desk.memory.store_routes({"site": routes})
    asked = {}
    monkeypatch.setattr(
        "infra.cli.status.facts.CloudFrontInvalidations.completed",
        lambda _, distribution, _id, by: asked.update({distribution: by}),
    )
    for identifier, distribution in (("I1", "E1"), ("I2", "E2")):
        desk.memory.record(Sent(distribution, identifier, now - 20, ("/a",)), "self", now)
    assert desk.run("status").code == 0
    assert asked == {"E1": None, "E2": role}


def test_where_cloudfront_cannot_be_asked_a_note_says_so_and_the_table_counts(desk):
    now = time.time()
    desk.memory.record(Sent("E1", "I1", now - 20, ("/a",)), "self", now)
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
            return {"Datapoints": [{"Timestamp": at, "ExtendedStatistics": {"p50": 2500.0, "p95": 9000.0}}]}

    from infra.cli.session import Session  # noqa: PLC0415  only this test

    real = Session.client
    monkeypatch.setattr(
        Session, "client", lambda self, name: CloudWatch() if name == "cloudwatch" else real(self, name)
    )
    assert "median 2.5 s, 95 % within 9.0 s" in desk.run("status").out
    latency = next(each for each in asked if "ExtendedStatistics" in each)
    assert latency["Namespace"] == "CloudFrontInvalidator"
    assert latency["MetricName"] == "EventToInvalidationMilliseconds"
    assert latency["Dimensions"] == [{"Name": "service", "Value": "cloudfront-invalidator"}]


def test_a_paused_worker_is_told_with_the_way_back(desk):
    assert desk.run("status", "--json").data["paused"] is False
    desk.run("pause")
    assert desk.run("status", "--json").data["paused"] is True
    assert "paused: invalidator resume" in desk.run("status").out


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

    monkeypatch.setattr(status_module.time, "sleep", interrupted)
    answer = desk.run("status", "--watch", "--interval", "7")
    assert answer.code == 0
    assert waits == [7, 7]
    assert answer.out.count("backlog") == 2


def test_no_stack_is_one_line(desk):
    answer = desk.run("status", "--stack", "nope")
    assert answer.code == 1
    assert answer.err.startswith("invalidator: no stack 'nope'")


def test_every_line_fits_80_columns(desk):
    now = time.time()
    desk.memory.record(Sent("E1ABCDEFGHIJKL", "I" * 24, now - 20, ("/a", "/b*")), "self", now)
    assert max(len(line) for line in desk.run("status").out.splitlines()) <= 80
