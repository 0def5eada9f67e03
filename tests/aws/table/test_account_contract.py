"""What an account spends, and its queue of calls, are the same in memory and in DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.slots import Calls
from tests.aws.table.remembered import NOW

LEARNED = Calls(gap=2.0, learned=NOW + 1.5, lesson=3, refused_target="E1", refused_at=NOW + 1.25)


@pytest.fixture
def account(ports) -> str:
    return ports.name("account")


def test_of_a_new_account_nothing_is_known(ports, account):
    assert ports.accounts.known(account, NOW) == Account()


def test_spending_adds_up_by_day_and_month_and_account(ports, account):
    other = ports.name("account")
    evening = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp()
    december = evening + 60
    count = ports.accounts.count
    assert count(account, 2, NOW, 0) == Spending(2, 2)
    assert count(account, 1, NOW, 0) == Spending(3, 3)
    assert count(account, 1, evening, 0) == Spending(4, 1)
    assert count(account, 5, december, 0) == Spending(5, 5)
    assert count(other, 7, NOW, 0) == Spending(7, 7)
    assert ports.accounts.known(account, NOW).spending == Spending(4, 3)
    assert ports.accounts.known(account, december).spending == Spending(5, 5)
    assert ports.accounts.known(other, NOW).spending == Spending(7, 7)


def test_refused_paths_are_given_back(ports, account):
    ports.accounts.count(account, 10, NOW, 10)
    assert ports.accounts.count(account, -4, NOW, 10) == Spending(6, 6)
    assert ports.accounts.count(account, 4, NOW, 10) == Spending(10, 10)


def test_what_would_pass_the_limit_is_not_counted(ports, account):
    assert ports.accounts.count(account, 11, NOW, 10) is None
    assert ports.accounts.known(account, NOW).spending == Spending()
    assert ports.accounts.count(account, 7, NOW, 10) == Spending(7, 7)
    assert ports.accounts.count(account, 4, NOW, 10) is None
    assert ports.accounts.count(account, 3, NOW, 10) == Spending(10, 10)
    assert ports.accounts.count(account, 1, NOW, 10) is None
    assert ports.accounts.count(account, 1, NOW, 0) == Spending(11, 11)


def test_tickets_are_drawn_one_after_the_other(ports, account):
    assert [ports.accounts.draw(account).dealt for _ in range(3)] == [1, 2, 3]
    assert ports.accounts.known(account, NOW).calls == Calls(dealt=3)


def test_a_turn_is_taken_once_for_each_look_at_the_queue(ports, account):
    ports.accounts.draw(account)
    ports.accounts.draw(account)
    assert ports.accounts.take_turn(account, 1, 0.0, NOW + 0.123)
    assert not ports.accounts.take_turn(account, 2, 0.0, NOW + 1)
    assert ports.accounts.take_turn(account, 2, NOW + 0.123, NOW + 1)
    assert ports.accounts.known(account, NOW).calls == Calls(dealt=2, served=2, last=NOW + 1)


def test_a_ticket_that_passed_its_turn_on_takes_nothing_back(ports, account):
    assert ports.accounts.take_turn(account, 5, 0.0, NOW)
    assert ports.accounts.take_turn(account, 3, NOW, NOW + 2)
    assert ports.accounts.known(account, NOW).calls == Calls(served=5, last=NOW + 2)
    assert not ports.accounts.take_turn(account, 3, NOW, NOW + 3)


def test_a_lesson_leaves_the_queue_as_it_moves(ports, account):
    ports.accounts.draw(account)
    ports.accounts.take_turn(account, 1, 0.0, NOW)
    ports.accounts.learn(account, replace(LEARNED, dealt=99, served=99, last=99.0), 0.0)
    assert ports.accounts.known(account, NOW).calls == replace(LEARNED, dealt=1, served=1, last=NOW)


def test_in_the_place_of_what_cannot_be_read_a_lesson_is_written_whole(ports, account):
    ports.accounts.draw(account)
    ports.accounts.learn(account, replace(LEARNED, unreadable=True, served=3), 0.0)
    assert ports.accounts.known(account, NOW).calls == replace(LEARNED, served=3)


def test_a_lesson_of_a_run_that_knew_of_the_last_one_counts(ports, account):
    ports.accounts.learn(account, LEARNED, 0.0)
    closer = replace(LEARNED, gap=1.0, learned=NOW + 200, refused_target="")
    ports.accounts.learn(account, closer, NOW + 1.5)
    assert ports.accounts.known(account, NOW).calls == closer


def test_a_wider_gap_that_another_run_learned_meanwhile_stays(ports, account):
    ports.accounts.learn(account, replace(LEARNED, gap=4.0), 0.0)
    ports.accounts.learn(account, replace(LEARNED, gap=2.0, learned=NOW + 2), NOW)
    assert ports.accounts.known(account, NOW).calls == replace(LEARNED, gap=4.0)
    ports.accounts.learn(account, replace(LEARNED, gap=8.0, learned=NOW + 2), NOW)
    assert ports.accounts.known(account, NOW).calls == replace(LEARNED, gap=8.0, learned=NOW + 2)
