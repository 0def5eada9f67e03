"""What CloudFormation asks of the resource, and what it is answered."""

import importlib
import json

import pytest
from botocore.exceptions import ClientError

from invalidator.failures import TableUnavailable

NOW = 1_795_000_000.0
EVENT = {
    "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1",
    "RequestId": "r",
    "LogicalResourceId": "PendingChanges",
    "ResponseURL": "https://cloudformation.example/answer",
}


@pytest.fixture
def entry(monkeypatch):
    """The function's module, started as Lambda starts it."""
    for name, value in {"TABLE_NAME": "t", "QUEUE_URL": "https://q", "POWERTOOLS_SERVICE_NAME": "s"}.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("invalidator.entries.rollback")


class Clock:
    def __init__(self):
        self.time = NOW
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


class Writing:
    """Writes back, or fails so many times first."""

    def __init__(self, entry, clock, failures=0):
        self.done = entry.WrittenBack(messages=2, names=3)
        self._clock, self._failures = clock, failures
        self.ran_at = []

    def run(self, now):
        self.ran_at.append(now)
        if len(self.ran_at) <= self._failures:
            raise TableUnavailable("throttled")


def asked(entry, request, *, status="UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", failures=0, seconds=800):
    clock, answers = Clock(), []
    writing = Writing(entry, clock, failures)

    def told():
        if isinstance(status, Exception):
            raise status
        return status

    rollback = entry.Rollback(lambda: writing, told, clock.now, clock.sleep)
    event = {**EVENT, "RequestType": request}
    entry.respond(event, NOW + seconds, rollback, lambda url, body: answers.append((url, json.loads(body))))
    ((url, answer),) = answers
    assert url == EVENT["ResponseURL"]
    assert answer["PhysicalResourceId"] == "pending-changes-PendingChanges"
    return answer["Status"], answer["Reason"], writing, clock


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_making_or_changing_it_touches_nothing(entry, request_type):
    status, _, writing, clock = asked(entry, request_type)
    assert (status, writing.ran_at, clock.slept) == ("SUCCESS", [], [])


@pytest.mark.parametrize(
    "stack", ["UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
)
def test_a_roll_back_writes_back_once_the_last_run_of_this_version_is_over(entry, stack):
    status, reason, writing, _ = asked(entry, "Delete", status=stack)
    assert (status, reason) == (
        "SUCCESS",
        "written back for version 0.1.0: 3 keys and paths in 2 messages",
    )
    assert writing.ran_at == [NOW + 32.0]


@pytest.mark.parametrize("stack", ["DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_a_stack_that_goes_is_not_held_up(entry, stack):
    status, _, writing, clock = asked(entry, "Delete", status=stack)
    assert (status, writing.ran_at, clock.slept) == ("SUCCESS", [], [])


def test_where_nobody_tells_why_it_is_deleted_it_is_written_back(entry):
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")
    status, _, writing, _ = asked(entry, "Delete", status=denied)
    assert (status, len(writing.ran_at)) == ("SUCCESS", 1)


def test_a_table_that_is_away_for_a_moment_is_asked_again(entry):
    status, _, writing, _ = asked(entry, "Delete", failures=3)
    assert (status, len(writing.ran_at)) == ("SUCCESS", 4)


def test_a_table_that_stays_away_fails_the_deletion_in_time_and_says_where_the_changes_are(entry):
    status, reason, writing, clock = asked(entry, "Delete", failures=10**6)
    assert status == "FAILED"
    assert "stays in the table for a week: throttled" in reason
    assert clock.now() <= NOW + 800
    assert len(writing.ran_at) > 100


def test_a_defect_is_answered_too(entry):
    answers = []
    rollback = entry.Rollback(lambda: None, lambda: 1 / 0, Clock().now, Clock().sleep)
    with pytest.raises(ZeroDivisionError):
        entry.respond(
            {**EVENT, "RequestType": "Delete"},
            NOW,
            rollback,
            lambda _, body: answers.append(json.loads(body)),
        )
    assert [each["Status"] for each in answers] == ["FAILED"]
