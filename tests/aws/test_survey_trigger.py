"""The survey's function is invoked when one is asked for, and no more often than it should be."""

from typing import Any

from botocore.exceptions import ClientError

from infra.simulator.aws.table import InMemoryTable
from invalidator.aws.survey_trigger import SurveyTrigger
from tests.aws.table.remembered import NOW


class Lambda:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, **arguments: Any) -> None:
        self.invoked.append(arguments)
        if self.error:
            raise self.error


class Seconds:
    now = NOW

    def __call__(self) -> float:
        return self.now


def test_a_survey_is_started_without_waiting_for_it_and_half_a_minute_apart():
    client, seconds = Lambda(), Seconds()
    surveys = SurveyTrigger(client, "survey-function", InMemoryTable(), seconds)
    for step in (0, 1, 29, 30, 31):
        seconds.now = NOW + step
        surveys.start()
    assert client.invoked == [{"FunctionName": "survey-function", "InvocationType": "Event"}] * 2
    assert surveys.state().started == NOW + 30


def test_a_survey_that_the_survey_itself_began_is_not_started_again():
    table, client = InMemoryTable(), Lambda()
    table.begin_survey(NOW - 10, NOW + 50, "run-1")
    SurveyTrigger(client, "survey-function", table, lambda: NOW).start()
    assert client.invoked == []


def test_a_function_that_may_not_be_invoked_is_named_in_the_log_and_stops_nobody(caplog):
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")
    client = Lambda(error)
    SurveyTrigger(client, "survey-function", InMemoryTable(), lambda: NOW).start()
    assert len(client.invoked) == 1
    assert "AccessDeniedException" in caplog.text
