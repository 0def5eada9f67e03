"""The survey's function as Lambda runs it, with the real SDK and the real table, on moto."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.ports import SurveyState
from tests.function.deployed import TABLE, Deployed, entry
from tests.lambda_context import LambdaContext

SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event"}


class Function:
    """The deployed function, and what it leaves in the table."""

    def __init__(self, module: Any, deployed: Deployed, capsys: Any) -> None:
        self.module, self.deployed, self.capsys = module, deployed, capsys
        table = DynamoDbTable(deployed.dynamodb, TABLE)
        self.routes, self.targets = RoutesTable(table), TargetTable(table)
        self.log = LogTable(table, time.time)
        self.lines: list[str] = []

    def __call__(self, event: object) -> dict[str, Any]:
        log = io.StringIO()
        for each in self.module.logger.handlers:
            each.stream = log
        self.capsys.readouterr()
        answer: dict[str, Any] = self.module.handler(event, LambdaContext("survey"))
        self.lines = [*log.getvalue().splitlines(), *self.capsys.readouterr().out.splitlines()]
        json.dumps(answer)
        return answer

    def logged(self, message: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.lines]
        return [line for line in lines if line.get("message") == message]

    def move(self, target: str, path: str) -> None:
        """Give a distribution another OriginPath."""
        cloudfront = self.deployed.cloudfront
        found = cloudfront.get_distribution_config(Id=target)
        config = found["DistributionConfig"]
        config["Origins"]["Items"][0]["OriginPath"] = path
        cloudfront.update_distribution(Id=target, IfMatch=found["ETag"], DistributionConfig=config)


@pytest.fixture
def function(capsys: Any) -> Iterator[Function]:
    with entry("invalidator.entries.survey") as (module, deployed):
        yield Function(module, deployed, capsys)


def test_it_surveys_when_asked_and_tells_what_it_found(function):
    target = function.deployed.distribution("site", "/v1")
    answer = function({"anything": 1})
    assert (answer["outcome"], answer["distributions"], answer["asked"]) == ("complete", 1, 1)
    assert function.targets.of_bucket("site") == [target]
    assert function.log.deal("bucket:site").targets == (target,)
    (line,) = function.logged("surveyed")
    assert line["routes_age_seconds"] < 60
    assert function(SCHEDULED)["outcome"] == "not due"


def test_a_new_process_surveys_at_its_first_schedule_as_a_deploy_makes_one(function):
    now = time.time()
    function.routes.begin_survey(now, now + 1, "before the deploy")
    assert function.routes.save_survey("before the deploy", SurveyState(completed=now))
    assert function(SCHEDULED)["outcome"] == "complete"
    assert function(SCHEDULED)["outcome"] == "not due"


def test_a_moved_origin_becomes_a_wake_and_a_purge_in_the_table(function):
    target = function.deployed.distribution("site", "/v1")
    function({})
    function.log.deal("bucket:site")
    function.move(target, "/v2")
    answer = function({})
    assert answer["changes"] == {target: ["OriginPath of s3: /v1 → /v2"]}
    routes, _ = function.routes.routes_of(target)
    assert list(routes.purge) == ["/*"]
    (wake,) = function.deployed.take("wakes")
    assert target in wake
    (line,) = function.logged("routing changed")
    assert line["distribution"] == target
    assert function({})["changes"] == {}


def test_a_list_that_cannot_be_read_is_an_error_of_the_function_and_an_answer_to_a_person(function):
    """Lambda's errors are what the alarm watches; whoever asks by hand wants to read why."""
    client = function.module.wired.survey.distributions._clients.for_role(None)
    refused = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}

    def refuse(**_: Any) -> None:
        raise ClientError(refused, "ListDistributions")

    client.list_distributions = refuse
    answer = function({})
    assert (answer["outcome"], "AccessDenied" in answer["error"]) == ("failed", True)
    with pytest.raises(function.module.UnlistedError, match=r"never; .*AccessDenied"):
        function(SCHEDULED)
