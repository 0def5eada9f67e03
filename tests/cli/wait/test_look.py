"""When a wait is over, and when it never will be: the rules, without a second of waiting."""

import pytest

from infra.cli.wait.look import Course, Look, Waits, overlaps
from infra.cli.wait.waiting import follow
from invalidator.core.sent import Sent

RUNNING = Sent("E1", "I1", 100.0, ("/a",))
WAITING = Waits("E1", 3, 90.0)


def followed(looks, settle=0.0, timeout=100.0, no_route=""):
    """Follow looks made at the times they carry; return the last one and why it did not end well."""
    seen = iter(looks)
    course = Course(0.0, settle, timeout)
    return follow(course, lambda: next(seen), lambda: no_route, lambda _seconds: None)


def test_nothing_to_do_is_believed_only_when_the_queue_was_seen_empty_twice():
    looks = [Look(0.0), Look(2.0), Look(4.0)]
    assert followed(looks) == (looks[1], "")


def test_s3_is_given_its_time_first():
    looks = [Look(float(at)) for at in range(0, 20, 2)]
    seen, why = followed(looks, settle=10.0)
    assert (seen.at, why) == (12.0, "")


def test_what_comes_late_within_that_time_is_waited_for():
    looks = [
        Look(0.0), Look(2.0), Look(4.0), Look(6.0, messages=1), Look(8.0, waiting=[WAITING]),
        Look(10.0, running=[RUNNING]), Look(12.0, running=[RUNNING]), Look(14.0), Look(16.0),
    ]  # fmt: skip
    assert followed(looks, settle=10.0) == (looks[7], "")


def test_a_busy_queue_need_not_stay_empty_but_be_seen_so():
    looks = [Look(0.0, messages=5), Look(2.0), Look(4.0, messages=2), Look(6.0), Look(8.0, messages=9)]
    assert followed(looks) == (looks[3], "")
    never = [Look(float(at), messages=1) for at in range(0, 20, 2)]
    seen, why = followed(never, timeout=10.0)
    assert seen.at == 10.0
    assert "1 message on the queue, which was never seen empty" in why


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (Look(0.0, messages=3, paused=["intake"]), "intake paused, and 3 messages on the queue"),
        (Look(0.0, waiting=[WAITING], paused=["sender"]), "sender paused, and 3 paths for E1"),
        (
            Look(0.0, given_up=["access-denied on E1"]),
            "1 dead letter: access-denied on E1; see: invalidator dlq explain",
        ),
        (
            Look(
                0.0, waiting=[Waits("E1", 1, 0.0, 900.0, "the month's budget is spent: one path at a time")]
            ),
            "E1 is sent nothing before 1970-01-01 00:15:00 UTC, after the timeout: the month's budget is spent",
        ),
        (
            Look(0.0, waiting=[Waits("E1", 1, 0.0, 0.0, "HardPathLimit is reached", for_ever=True)]),
            "E1: HardPathLimit",
        ),
    ],
)
def test_a_wait_that_cannot_end_says_why_at_once(look, said):
    seen, why = followed([look])
    assert seen is look
    assert said in why


def test_what_is_paused_and_has_nothing_to_do_is_no_reason():
    quiet = [Look(0.0, paused=["intake"]), Look(2.0, paused=["intake"])]
    assert followed(quiet)[1] == ""
    # The sender's pause does not matter to a message that intake reads still.
    assert followed([Look(0.0, messages=1, paused=["sender"]), Look(2.0), Look(4.0)])[1] == ""


def test_what_may_end_within_the_time_is_waited_for():
    waits = Waits("E1", 1, 0.0, 50.0, "the month's budget is spent")
    looks = [Look(0.0, waiting=[waits]), Look(52.0, running=[RUNNING]), Look(70.0), Look(72.0)]
    assert followed(looks)[1] == ""


def test_no_route_is_said_at_once():
    assert followed([Look(0.0)], no_route="no distribution serves site")[1] == "no distribution serves site"


def test_when_the_time_is_up_it_says_what_was_left():
    looks = [
        Look(float(at), waiting=[Waits("E1", 2, 0.0, reason="CloudFront answers 503")])
        for at in range(0, 99, 2)
    ]
    seen, why = followed(looks, timeout=10.0)
    assert seen.at == 10.0
    assert (
        why == "not fresh after 10 s: 2 paths for E1 (CloudFront answers 503); see: invalidator pending list"
    )


@pytest.mark.parametrize(
    ("path", "areas", "meets"),
    [
        ("/docs/a", ("/docs/*",), True),
        ("/docs/*", ("/docs/a",), True),
        ("/*", ("/docs/*",), True),
        ("/docs/*", ("/docs/a/*",), True),
        ("/docs", ("/docs/*", "/docs"), True),
        ("/docs", ("/docs/*",), False),
        ("/img/a", ("/docs/*",), False),
        ("/img/*", ("/docs/*",), False),
        ("#tag", ("/docs/*",), True),
        ("/docs/a", (), False),
    ],
)
def test_whether_a_path_is_about_what_is_waited_for(path, areas, meets):
    assert overlaps(path, areas) is meets
