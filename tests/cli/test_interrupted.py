"""Ctrl-C in whatever takes its time: exit code 130, one line that says what is done, and no traceback.

That of the dead letters' redrive, as signals to a process, is in `dlq/test_ctrl_c.py`.
"""

import time

import boto3
import pytest

from infra.cli.dlq.sqs.queue import DeadLetterQueue
from infra.cli.errors import IN_PARTS
from infra.cli.session import Session
from tests.cli.made_distributions import config, create
from tests.cli.wait.test_wait import ALLOWED, SITE, make_bucket


@pytest.fixture
def desk(deployed_desk):
    deployed_desk.sqs.policy = ALLOWED
    make_bucket("site", deployed_desk.sqs.outputs["QueueArn"])
    for path in ("", "/docs"):
        create(config(SITE, path=path))
    deployed_desk.stored.survey()
    return deployed_desk


def strike_at(monkeypatch, where, name, call=1):
    """Ctrl-C as something is called for the n-th time; before that it does its work."""
    real, calls = getattr(where, name), []

    def struck(*arguments, **named):
        calls.append(arguments)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(where, name, struck)


def ended(answer, line):
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.splitlines()[-1] == f"invalidator: {line}"
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (("wait", "s3://site", "--settle", "5"), "infra.cli.wait.waiting"),
        (("status", "--watch", "--json"), "infra.cli.status.screen"),
    ],
)
def test_who_only_looks_stops(desk, monkeypatch, words, module):
    def strike(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{module}.time.sleep", strike)
    answer = desk.run(*words)
    assert answer.code == 130
    assert answer.err.splitlines()[-1] == "invalidator: interrupted"


def test_logs_that_are_followed_end_as_any(desk, monkeypatch):
    boto3.client("logs").create_log_group(logGroupName="/logs")
    strike_at(monkeypatch, time, "sleep")
    ended(desk.run("logs", "--follow"), "interrupted")


def test_send_says_how_much_the_worker_was_given(desk, monkeypatch):
    planned = desk.run("send", "s3://site/", "s3://site/docs/*", "--json", "--yes").data["messages"]
    assert planned == len(desk.sqs.bodies(desk.queue)) > 1
    desk.sqs.visible[desk.queue].clear()
    client = Session.client

    def striking(self, name, config=None):
        found = client(self, name, config)
        if name == "sqs":
            strike_at(monkeypatch, found, "send_message", 2)
        return found

    monkeypatch.setattr(Session, "client", striking)
    ended(
        desk.run("send", "s3://site/", "s3://site/docs/*", "--yes"),
        f"interrupted; 1 or 2 of {planned} messages are handed to the worker, which sends them; run it again for the "
        "rest: what is sent by then costs nothing again",
    )
    assert len(desk.sqs.bodies(desk.queue)) == 1


def test_purge_says_what_is_gone_and_where_the_copy_is(desk, monkeypatch, tmp_path):
    for number in range(3):
        desk.bury(f"{number}", "not-json")
    monkeypatch.setattr("infra.cli.dlq.purge.STEP", 2)
    strike_at(monkeypatch, DeadLetterQueue, "delete", 2)
    copy = tmp_path / "copy"
    ended(
        desk.run("dlq", "purge", "--export", str(copy), "--yes"),
        f"interrupted; 2 of 3 dead letters or a few more are deleted, and all are in {copy}: run it again for the "
        "rest, with another file",
    )
    assert len(desk.sqs.bodies(desk.dead)) == 1
    assert len(copy.read_text().splitlines()) == 3


def test_what_is_switched_in_parts_says_so(desk, monkeypatch):
    strike_at(monkeypatch, desk.function, "update_event_source_mapping", 2)
    ended(desk.run("pause"), IN_PARTS)
    assert desk.function.updates == [("intake", False)]
    assert desk.run("pause", "--json").data["changed"] == ["sender"]


def test_what_the_survey_does_goes_on(desk, monkeypatch):
    strike_at(monkeypatch, desk.function, "invoke")
    ended(desk.run("route", "refresh"), "interrupted; the survey goes on, and writes what it finds by itself")
