"""When a change happened, as far as an event can be believed; a time that cannot be counts as its message's own.

Otherwise an invalidation that was sent before the change came would seem to cover it, and the object would stay stale.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.messages.change_reading import LONGEST_DELAY_SECONDS
from invalidator.core.messages.reading import read_body
from invalidator.core.sent import Coverage, Sent
from tests.notifications import CHANGED, SENT, direct, s3_record, through_eventbridge, through_sns


def time_of(body, sent=SENT):
    (change,) = read_body(body, sent).changes
    return change.at


@pytest.mark.parametrize("road", [direct, through_sns])
@pytest.mark.parametrize("delay", [0.0, 1.5, 60.0, 300.0, LONGEST_DELAY_SECONDS])
def test_s3s_delay_of_minutes_is_believed(road, delay):
    assert time_of(road("a", at=SENT - delay)) == SENT - delay


@pytest.mark.parametrize("road", [direct, through_sns, through_eventbridge])
@pytest.mark.parametrize(
    "at", [0.0, SENT - 86_400.0, SENT - LONGEST_DELAY_SECONDS - 2.0, SENT + 2.0, SENT + 86_400.0]
)
def test_a_time_in_1970_far_in_the_past_or_in_the_future_counts_as_the_messages_own(road, at):
    assert time_of(road("a", at=at)) == SENT


def test_so_an_earlier_invalidation_does_not_cover_a_change_that_claims_to_be_older():
    earlier = Coverage([Sent("E1", "I1", SENT - 60.0, ("/a",))])
    assert earlier.covering("/a", time_of(direct("a", at=SENT - 7_200.0))) is None
    assert earlier.covering("/a", time_of(direct("a", at=SENT - 120.0))) is not None


@given(st.floats(0.0, 4e9).map(round))
def test_no_time_is_younger_than_the_message_or_older_than_the_bound(at):
    assert SENT - LONGEST_DELAY_SECONDS <= time_of(direct("a", at=float(at))) <= SENT


def test_through_eventbridge_a_change_counts_as_up_to_a_second_younger_since_its_time_was_cut_off():
    assert time_of(through_eventbridge("a", at=CHANGED + 0.9)) == CHANGED + 1.0
    assert time_of(through_eventbridge("a", at=CHANGED + 0.1), CHANGED + 0.3) == CHANGED + 0.3


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", "2026-11-23T12:00:00", "9999999-01-01T00:00:00Z", "\x00"]
)
def test_a_change_that_does_not_say_when_counts_as_old_as_its_message(time):
    record = s3_record("a")
    del record["eventTime"]
    if time is not None:
        record["eventTime"] = time
    assert time_of(json.dumps({"Records": [record]})) == SENT
