"""`invalidator logs`: the worker's log as a person reads it."""

import json
import time
from unittest.mock import Mock

import boto3
import pytest

from infra.cli.logs import readable
from invalidator.core.sent import Sent
from invalidator.sender.report import report_sent
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


def test_an_invalidation_is_printed_once(deployed_desk):
    """Also where a second run, after one that died, was answered with the same one."""
    client = boto3.client("logs", region_name=REGION)
    client.create_log_group(logGroupName="/logs")
    now = round(time.time() * 1000)
    told = Mock()
    report_sent(Sent("E1", "I1", 0.0, ("/a",)), told, Mock())
    (message,), extra = told.info.call_args.args, told.info.call_args.kwargs["extra"]
    for number, (stream, invalidation) in enumerate((("one", "I1"), ("two", "I1"), ("two", "I2"))):
        if number != 2:
            client.create_log_stream(logGroupName="/logs", logStreamName=stream)
        line = {"level": "INFO", "message": message, **extra, "invalidation": invalidation, "run": number}
        events = [{"timestamp": now + number, "message": json.dumps(line, default=list)}]
        client.put_log_events(logGroupName="/logs", logStreamName=stream, logEvents=events)
    for said in (deployed_desk.run("logs").out, deployed_desk.run("logs", "--json").out):
        assert [said.count("I1"), said.count("I2")] == [1, 1]


def test_a_quiet_log_says_so(deployed_desk):
    boto3.client("logs", region_name=REGION).create_log_group(logGroupName="/logs")
    answer = deployed_desk.run("logs", "--minutes", "5")
    assert (answer.out, answer.err) == ("", "The functions said nothing in the last 5 minutes (/logs).\n")


def test_no_stack_is_one_line(deployed_desk):
    answer = deployed_desk.run("logs", "--stack", "nope")
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "no stack 'nope'" in answer.err
