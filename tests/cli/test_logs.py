"""`invalidator logs`: the worker's log as a person reads it."""

import json
import time

import boto3
import pytest

from infra.cli.logs import readable
from tests.cli.dlq.local_sqs import REGION


def test_an_entry_is_one_line_of_time_level_message_and_what_it_is_about():
    entry = {
        "level": "ERROR", "message": "paths given up", "timestamp": "t", "service": "s", "function_name": "f",
        "distribution": "E1", "paths": ["/a", "/b"], "detail": "no\x1b[31m\nFORGED",
    }  # fmt: skip
    assert readable(1795000000000, json.dumps(entry)) == (
        "2026-11-18 11:06:40  ERROR   paths given up  distribution=E1"
        '  paths=["/a", "/b"]  detail=no\\x1b[31m\\nFORGED'
    )


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1\n",
        "REPORT x\n",
        '{"_aws": {}, "Messages": 1}',
        '{"type": "platform.report"}',
        "\n",
    ],
)
def test_metrics_and_lambdas_own_lines_are_left_out(message):
    assert readable(0, message) == ""


def test_what_is_no_json_is_shown_as_text():
    assert readable(0, "Task timed out after 60.00 seconds\n").endswith(
        "  Task timed out after 60.00 seconds"
    )


def test_the_log_group_of_the_function_is_read(deployed_desk):
    client = boto3.client("logs", region_name=REGION)
    client.create_log_group(logGroupName="/logs")
    client.create_log_stream(logGroupName="/logs", logStreamName="s")
    now = round(time.time() * 1000)
    said = ['{"level": "INFO", "message": "hello"}', "START RequestId: 1", "Task timed out"]
    events = [{"timestamp": now, "message": each} for each in said]
    client.put_log_events(logGroupName="/logs", logStreamName="s", logEvents=events)
    first, second = deployed_desk.run("logs").out.splitlines()
    assert first.endswith("INFO    hello")
    assert second.endswith("Task timed out")
    assert [json.loads(each) for each in deployed_desk.run("logs", "--json").out.splitlines()] == [
        {"at": now / 1000, "level": "INFO", "message": "hello"},
        {"at": now / 1000, "message": "Task timed out"},
    ]


def test_a_quiet_log_says_so(deployed_desk):
    boto3.client("logs", region_name=REGION).create_log_group(logGroupName="/logs")
    answer = deployed_desk.run("logs", "--minutes", "5")
    assert (answer.out, answer.err) == ("", "The functions said nothing in the last 5 minutes (/logs).\n")


def test_no_stack_is_one_line(deployed_desk):
    answer = deployed_desk.run("logs", "--stack", "nope")
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "no stack 'nope'" in answer.err
