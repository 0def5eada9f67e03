"""Targets, their routing and what they were sent are the same in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from invalidator.core.limits.account import Account
from invalidator.core.pending.entry import target_owner
from invalidator.core.routing.target import Seen
from invalidator.core.target_state import TargetState
from invalidator.ports import SurveyState, TargetView
from tests.aws.table.remembered import NOW, STATE, routes, sent

SEEN = Seen('"E2QWRUHAPOMQZL"', NOW - 1000.123, "Deployed")


@pytest.fixture
def target(ports) -> str:
    return ports.name("E")


def test_of_an_unknown_target_nothing_is_known(ports, target):
    view = ports.targets.view(target, NOW + 4e8)
    assert view == TargetView(None, TargetState(), replace(Account(), calls=view.account.calls))
    assert ports.targets.sent_since(target, 0.0) == []
    assert ports.targets.of_bucket(ports.name("bucket")) == []


def test_state_and_routing_are_remembered_to_the_letter(ports, target):
    ports.routes.store_routes(routes(target), SEEN)
    ports.targets.save(target, STATE)
    view = ports.targets.view(target, NOW)
    assert view.routes == routes(target)
    assert view.state == STATE


def test_the_number_dealt_last_in_its_own_log_comes_with_the_target(ports, target):
    assert ports.targets.view(target, NOW).own == 0
    for _ in range(3):
        ports.log.deal(target_owner(target))
    assert ports.targets.view(target, NOW).own == 3


def test_newer_state_and_routing_replace_older(ports, target):
    ports.routes.store_routes(routes(target, "v1"), SEEN)
    ports.routes.store_routes(replace(routes(target, "v2"), reroute_since=None, purge={}, routes=()))
    ports.targets.save(target, STATE)
    ports.targets.save(target, TargetState(settled={"unknown": 1}))
    view = ports.targets.view(target, NOW)
    assert view.routes == replace(routes(target, "v2"), reroute_since=None, purge={}, routes=())
    assert view.state == TargetState(settled={"unknown": 1})


def test_the_accounts_spending_and_calls_come_with_the_target(ports, target):
    spent = ports.accounts.count("self", 3, NOW, 0)
    calls = ports.accounts.draw("self")
    assert ports.targets.view(target, NOW).account == Account(spent, calls)


def test_the_routing_of_every_target_is_listed_with_what_was_seen_of_it(ports, target):
    other = ports.name("E")
    ports.routes.store_routes(routes(target), SEEN)
    ports.routes.store_routes(routes(other))
    listed = {each.target: (each, seen) for each, seen in ports.routes.all_routes()}
    assert listed[target] == (routes(target), SEEN)
    assert listed[other] == (routes(other), Seen())


def test_one_targets_routing_is_found_and_forgotten(ports, target):
    assert ports.routes.routes_of(target) is None
    seen = Seen("T1", 1.5, "InProgress", "basis", 1, ("/a/*",), ("left",), told=True, doubt="denied")
    ports.routes.store_routes(routes(target), seen)
    assert ports.routes.routes_of(target) == (routes(target), seen)
    ports.routes.forget_routes(target)
    assert ports.routes.routes_of(target) is None
    assert ports.targets.view(target, NOW).routes is None


def test_what_was_sent_is_found_again_the_newest_first(ports, target):
    history = [
        sent("I1", NOW, "/a", distribution=target),
        sent("I2", NOW + 1.5, "/b*", distribution=target),
        sent("I3", NOW + 100, "/c", distribution=target),
    ]
    for each in [history[1], history[0], history[2]]:
        ports.targets.record(each)
    assert ports.targets.sent_since(target, NOW - 1) == history[::-1]
    assert ports.targets.sent_since(target, NOW + 1.5) == [history[2], history[1]]
    assert ports.targets.sent_since(target, NOW + 101) == []


def test_one_targets_history_is_not_anothers(ports, target):
    ports.targets.record(sent("I1", distribution=target))
    ports.targets.record(sent("I2", distribution=f"{target}0"))
    assert [each.id for each in ports.targets.sent_since(target, 0.0)] == ["I1"]


def test_an_invalidation_comes_back_as_it_was(ports, target):
    one = sent("I1", NOW + 0.123, "/%F0%9F%8E%89", "/a*b", "/w/*", distribution=target)
    other = replace(one, id="I0", answered=(NOW - 1 / 3, NOW - 2.001, 0.0))
    ports.targets.record(one)
    ports.targets.record(other)
    found = ports.targets.sent_since(target, NOW)
    assert sorted(found, key=lambda each: each.id) == [other, one]


@pytest.mark.parametrize("fraction", [0.001, 0.123, 0.437, 0.999])
def test_an_invalidation_read_again_is_marked_completed_to_the_millisecond(ports, target, fraction):
    ports.targets.record(sent("I1", NOW + fraction, distribution=target))
    (read,) = ports.targets.sent_since(target, NOW)
    ports.targets.mark_completed(read)
    assert ports.targets.sent_since(target, NOW) == [replace(read, completed=True)]


def test_marking_what_was_never_recorded_does_nothing(ports, target):
    ports.targets.mark_completed(sent(distribution=target))
    assert ports.targets.sent_since(target, 0.0) == []


def test_the_same_invalidation_recorded_twice_stands_once(ports, target):
    ports.targets.record(sent(distribution=target))
    ports.targets.record(sent(distribution=target))
    assert len(ports.targets.sent_since(target, 0.0)) == 1


def test_a_survey_is_run_by_one_at_a_time_and_remembers_how_far_it_is(ports):
    """One test: there is only one survey in a table."""
    survey = ports.routes
    assert survey.survey_state() == SurveyState()
    assert survey.ask_survey(NOW)
    assert not survey.ask_survey(NOW + 29)
    assert survey.ask_survey(NOW + 30)
    assert survey.ask_survey(NOW)  # another worker's clock is half a minute behind

    assert survey.begin_survey(NOW + 100, NOW + 160, "run-1") == SurveyState(started=NOW)
    assert survey.begin_survey(NOW + 101, NOW + 161, "run-2") is None
    assert survey.save_survey("run-1", SurveyState(), NOW + 1000)
    assert (
        survey.begin_survey(NOW + 101, NOW + 161, "run-2") is None
    )  # a survey may run for a quarter of an hour
    assert survey.survey_state().started == NOW + 100

    halfway = SurveyState(covers=3)
    assert survey.save_survey("run-1", halfway, NOW + 200)
    assert survey.begin_survey(NOW + 170, NOW + 230, "run-2") is None
    assert survey.survey_state() == replace(halfway, started=NOW + 100)

    whole = SurveyState(0.0, NOW + 100, 17, frozenset({"nobodys", "other"}))
    assert survey.ask_survey(NOW + 150)
    assert survey.save_survey("run-1", whole)
    assert survey.survey_state() == replace(whole, started=NOW + 150)
    assert not survey.save_survey("run-1", halfway)

    assert survey.begin_survey(NOW + 170, NOW + 230, "run-2") == replace(whole, started=NOW + 150)
    assert survey.begin_survey(NOW + 230, NOW + 290, "run-3") is not None
    assert not survey.save_survey("run-2", halfway)
    assert survey.survey_state() == replace(whole, started=NOW + 230)
