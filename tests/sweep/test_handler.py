"""The sweep's function as Lambda runs it, on moto with the real SDK and table: what it writes for CloudWatch."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from invalidator.aws.table.dynamodb import DynamoDbTable, number
from invalidator.aws.table.heartbeat import HEARTBEAT
from invalidator.aws.table.routes import RoutesTable
from tests.function.deployed import TABLE, Deployed, entry
from tests.lambda_context import LambdaContext
from tests.written_metrics import written_metrics, written_while_wrong

ALWAYS = {"OldestUnsentSeconds", "PendingTargets"}


class Function:
    """The deployed function, and what it prints."""

    def __init__(self, module: Any, deployed: Deployed, capsys: Any) -> None:
        self.module, self.capsys = module, capsys
        self.table = DynamoDbTable(deployed.dynamodb, TABLE)
        self.routes = RoutesTable(self.table)

    def __call__(self) -> dict[str, Any]:
        self.capsys.readouterr()
        answer: dict[str, Any] = self.module.handler({}, LambdaContext("sweep"))
        self.lines = self.capsys.readouterr().out.splitlines()
        return answer

    def surveyed(self, ago: float) -> None:
        now = time.time() - ago
        self.routes.begin_survey(now, now + 1, "t")
        self.routes.save_survey("t", replace(self.routes.survey_state(), completed=now))

    def swept_first(self, ago: float) -> None:
        self.table.put({**HEARTBEAT, "at": number(time.time() - 60), "letters": number(0),
                        "first": number(time.time() - ago)})  # fmt: skip


@pytest.fixture
def function(capsys: Any) -> Iterator[Function]:
    with entry("invalidator.entries.sweep") as (module, deployed):
        yield Function(module, deployed, capsys)


@pytest.mark.parametrize("ago", [1, 300, 890])
def test_while_all_is_well_it_writes_only_what_is_paid_for_anyway(function, ago):
    function.surveyed(ago)
    assert function()["routes_late"] is False
    assert written_while_wrong(function.lines) == set()
    assert set(written_metrics(function.lines)) == ALWAYS


def test_a_new_stack_is_not_late_before_it_could_survey(function):
    assert function()["routes_age_seconds"] == 0.0
    assert written_while_wrong(function.lines) == set()


def test_while_a_survey_is_late_the_routes_age_is_a_metric_each_minute_until_one_is_complete(function):
    function.surveyed(3600)
    for _ in range(2):
        answer = function()
        assert answer["routes_late"] is True
        (age,) = written_metrics(function.lines)["RoutesAgeSeconds"]
        assert 3600 <= age == answer["routes_age_seconds"] < 3660
    function.surveyed(0)
    function()
    assert written_while_wrong(function.lines) == set()


def test_a_stack_that_never_completed_a_survey_is_late_by_its_first_sweep(function):
    function.swept_first(3600)
    for _ in range(2):  # and each sweep keeps that first time
        function()
        (age,) = written_metrics(function.lines)["RoutesAgeSeconds"]
        assert 3600 <= age < 3660


def test_a_heartbeat_that_knows_no_first_sweep_begins_to_know_it(function):
    function.table.put({**HEARTBEAT, "at": number(time.time() - 60), "letters": number(0)})
    assert 60 <= function()["routes_age_seconds"] < 70
    assert written_while_wrong(function.lines) == set()
