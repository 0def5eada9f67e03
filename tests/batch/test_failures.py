"""What cannot be sent is handed over before its messages are acknowledged, and ends with a reason."""

import json

import pytest

from invalidator.batch.handover import (
    BACK_PRESSURE_SECONDS,
    LONGEST_DELAY_SECONDS,
    MOST_ATTEMPTS,
    retry_seconds,
)
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.reading import read_body
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.failures import BackPressure, Permanent, Transient
from tests.batch.world import World, distribution

SITE = distribution("E1", "site")
DOWN = Transient("ServiceUnavailable: try again")
TOO_MANY = BackPressure("TooManyInvalidationsInProgress", too_large=True)
THROTTLED = BackPressure("Throttling: Rate exceeded", too_large=False)
DENIED = Permanent("AccessDenied: not authorized", Reason.ACCESS_DENIED)


def test_a_passing_error_puts_one_compact_message_back_with_paths_times_and_reason():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    changed = world.clock.now()
    report = world.handle(world.upload("a", "b"))
    ((backlog, delay),) = world.queue.put_backs
    assert backlog == PathBacklog("E1", ("site",), {"/a": changed, "/b": changed}, 1, str(DOWN))
    assert delay == retry_seconds(0)
    assert report.retry == set()


def test_after_a_passing_error_the_work_is_sent_once():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [DOWN, DOWN]
    world.handle(world.upload("a"))
    assert world.run_until_quiet(5) == 2
    assert world.cloudfront.paid_by("E1") == [("/a",)]
    assert not world.queue.given_up


def test_a_passing_error_is_retried_later_each_time_and_then_given_up_with_the_last_reason():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    world.handle(world.upload("a", "b"))
    world.run_until_quiet(20)
    delays = [delay for _, delay in world.queue.put_backs]
    assert delays == [30, 60, 120, 240, 480, 900, 900]
    assert len(world.cloudfront.asked) == MOST_ATTEMPTS
    ((backlog, reason, detail),) = world.queue.given_up
    assert (reason, detail) == (Reason.UNAVAILABLE, str(DOWN))
    assert set(backlog.paths) == {"/a", "/b"}


def test_a_redriven_dead_letter_starts_again():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    world.handle(world.upload("a"))
    world.run_until_quiet(20)
    world.cloudfront.answers.clear()
    (dead,) = world.queue.dead
    assert read_body(dead.body, world.clock.now()).backlog.attempts == 0
    world.handle([world.message(dead.body)])
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_a_redriven_dead_letter_that_is_fresh_meanwhile_costs_nothing():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [DENIED]
    world.handle(world.upload("a"))
    world.wait(60)
    world.handle(world.upload("a"))
    world.wait(60)
    world.handle([world.message(world.queue.dead[0].body)])
    assert len(world.cloudfront.asked) == 2


def test_the_delay_doubles_up_to_the_longest_sqs_allows():
    assert [retry_seconds(attempt) for attempt in range(7)] == [30, 60, 120, 240, 480, 900, 900]
    assert retry_seconds(50) == LONGEST_DELAY_SECONDS


def test_back_pressure_is_no_failure_however_long_it_lasts():
    world = World(SITE)
    world.cloudfront.answers["E1"] = TOO_MANY
    world.handle(world.upload("a"))
    for _ in range(3 * MOST_ATTEMPTS):
        world.handle(world.waiting())
    assert not world.queue.given_up
    assert {delay for _, delay in world.queue.put_backs} == {BACK_PRESSURE_SECONDS}
    assert {backlog.attempts for backlog, _ in world.queue.put_backs} == {0}
    world.cloudfront.answers.clear()
    world.run_until_quiet(3)
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_back_pressure_after_passing_errors_neither_adds_to_the_attempts_nor_forgets_them():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [DOWN, DOWN, *[TOO_MANY] * 5]
    world.handle(world.upload("a"))
    world.handle(world.waiting())
    world.handle(world.waiting())
    assert [backlog.attempts for backlog, _ in world.queue.put_backs] == [1, 2, 2]


def test_a_backlog_merges_with_what_arrives_and_shrinks_to_one_request():
    world = World(SITE)
    world.cloudfront.answers["E1"] = THROTTLED
    for name in "abc":
        world.handle(world.upload(name))
    world.cloudfront.answers.clear()
    world.wait(10)
    asked = len(world.cloudfront.asked)
    world.handle([*world.waiting(), *world.upload("d", "a")])
    assert len(world.cloudfront.asked) - asked == 1
    assert world.cloudfront.paid_by("E1") == [("/a", "/b", "/c", "/d")]


def test_a_permanent_error_reaches_the_dead_letter_queue_at_once():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DENIED
    report = world.handle(world.upload("a", "b"))
    ((backlog, reason, detail),) = world.queue.given_up
    assert (set(backlog.paths), reason, detail) == ({"/a", "/b"}, Reason.ACCESS_DENIED, str(DENIED))
    assert (world.queue.put_backs, report.retry) == ([], set())


def test_a_permanent_error_after_passing_ones_lets_a_redriven_letter_begin_anew():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [*[DOWN] * (MOST_ATTEMPTS - 1), DENIED, DOWN]
    world.handle(world.upload("a"))
    world.run_until_quiet(20)
    world.handle([world.message(world.queue.dead[0].body)])
    assert world.queue.put_backs[-1][1] == retry_seconds(0)
    world.run_until_quiet(2)
    assert world.cloudfront.paid_by("E1") == [("/a",)]


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_an_invalid_path_is_found_named_and_given_up_and_the_others_are_sent(size):
    world = World(SITE)
    bad = "/3" if size > 3 else "/0"
    world.cloudfront.bad_paths = {bad}
    world.handle(world.upload(*map(str, range(size))))
    ((backlog, reason, _),) = world.queue.given_up
    assert (set(backlog.paths), reason) == ({bad}, Reason.PATH_REFUSED)
    sent = {path for paths in world.cloudfront.paid_by("E1") for path in paths}
    assert sent == {f"/{n}" for n in range(size)} - {bad}
    assert sum(map(len, world.cloudfront.paid_by("E1"))) == size - 1
    assert len(world.cloudfront.asked) <= 2 * max(1, size.bit_length()) + 1


def test_every_invalid_path_is_found():
    world = World(SITE)
    world.cloudfront.bad_paths = {"/1", "/6", "/7"}
    world.handle(world.upload(*map(str, range(8))))
    assert {path for backlog, _, _ in world.queue.given_up for path in backlog.paths} == {"/1", "/6", "/7"}
    assert {path for paths in world.cloudfront.paid_by("E1") for path in paths} == {
        "/0",
        "/2",
        "/3",
        "/4",
        "/5",
    }


def test_a_search_for_bad_paths_stops_in_time_and_goes_on_in_the_next_batch():
    world = World(SITE)
    keys = [f"{n:03d}" for n in range(200)]
    world.cloudfront.bad_paths = {f"/{key}" for key in keys[::2]}
    create = world.cloudfront.create

    def slow(request, role):
        world.clock.sleep(1.0)
        return create(request, role)

    world.cloudfront.create = slow
    started = world.clock.now()
    world.handle(world.upload(*keys), seconds=20.0)
    assert world.clock.now() - started < 25.0
    world.run_until_quiet(60)
    assert {
        path for backlog, _, _ in world.queue.given_up for path in backlog.paths
    } == world.cloudfront.bad_paths
    sent = {path for paths in world.cloudfront.paid_by("E1") for path in paths}
    assert sent == {f"/{key}" for key in keys[1::2]}


@pytest.mark.parametrize("bad", ["/a", "/b"])
def test_a_redelivered_batch_with_a_bad_path_is_not_taken_for_done(bad):
    world = World(SITE)
    world.cloudfront.bad_paths = {bad}
    batch = world.upload("a", "b")
    world.queue.down = True
    assert world.handle(batch).retry == {each.id for each in batch}
    world.queue.down = False
    assert world.handle(batch).retry == set()
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.PATH_REFUSED]


@pytest.mark.parametrize("answer", [DOWN, THROTTLED, DENIED], ids=["passing", "back-pressure", "permanent"])
def test_what_cannot_be_handed_over_stays_on_the_queue_and_only_that(answer):
    world = World(distribution("E1", "site"), distribution("E2", "other"))
    world.cloudfront.answers["E1"] = answer
    world.queue.down = True
    stuck, sent = world.upload("a", "b"), world.upload("c", bucket="other")
    report = world.handle([*stuck, *sent])
    assert report.retry == {each.id for each in stuck}
    assert world.cloudfront.paid_by("E2") == [("/c",)]
    world.queue.down = False
    world.cloudfront.answers.clear()
    assert world.handle(stuck).retry == set()
    world.run_until_quiet(3)
    assert world.cloudfront.paid_by("E1") == [("/a", "/b")]


def test_an_unreadable_message_that_cannot_be_handed_over_stays_on_the_queue():
    world = World(SITE)
    world.queue.down_to_dead_letters = True
    broken, good = world.message("{"), world.upload("a")
    assert world.handle([broken, *good]).retry == {broken.id}
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_a_compact_message_that_cannot_be_handed_over_again_stays_itself():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    world.handle(world.upload("a"))
    (compact,) = world.waiting()
    world.queue.down = True
    assert world.handle([compact]).retry == {compact.id}


def test_a_deleted_distribution_is_looked_for_again_and_its_work_is_dropped():
    world = World(SITE, distribution("E2", "site"))
    world.handle(world.upload("a"))
    world.serve(distribution("E2", "site"))
    world.cloudfront.answers["E1"] = Permanent("NoSuchDistribution", Reason.DISTRIBUTION_GONE)
    report = world.handle(world.upload("b"))
    assert world.discovery.scans == 2
    assert not world.queue.given_up
    assert [backlog.distribution for backlog in report.work.dropped] == ["E1"]
    world.handle(world.upload("c"))
    assert world.cloudfront.requests_to("E1") == 2
    assert world.cloudfront.paid_by("E2") == [("/a",), ("/b",), ("/c",)]


def test_a_distribution_that_is_gone_but_still_pinned_is_given_up():
    world = World(SITE)
    world.cloudfront.answers["E1"] = Permanent("NoSuchDistribution", Reason.DISTRIBUTION_GONE)
    world.handle(world.upload("a"))
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.DISTRIBUTION_GONE]


def test_a_distribution_that_is_gone_when_nobody_can_look_again_is_given_up_and_not_forgotten():
    world = World(SITE)
    world.handle(world.upload("a"))
    world.discovery.error = DOWN
    world.cloudfront.answers["E1"] = Permanent("NoSuchDistribution", Reason.DISTRIBUTION_GONE)
    world.handle(world.upload("b"))
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.DISTRIBUTION_GONE]


def test_a_backlog_whose_distribution_serves_its_bucket_no_more_is_dropped_and_said_so():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    world.handle(world.upload("a"))
    world.serve(distribution("E2", "site"))
    world.memory.table.routes.clear()
    report = world.handle(world.waiting())
    assert [backlog.distribution for backlog in report.work.dropped] == ["E1"]
    assert not world.queue.given_up


# Who serves the bucket is not known


@pytest.mark.parametrize(
    ("failure", "attempts", "delay"),
    [
        (BackPressure("Throttling", too_large=False), 0, BACK_PRESSURE_SECONDS),
        (DOWN, 1, retry_seconds(0)),
    ],
    ids=["throttled", "5xx"],
)
def test_keys_wait_while_nobody_can_tell_who_serves_their_bucket(failure, attempts, delay):
    world = World(SITE)
    world.discovery.error = failure
    changed = world.clock.now()
    report = world.handle(world.upload("a+b", "c"))
    expected = KeyBacklog("site", {"a+b": changed, "c": changed}, attempts, str(failure))
    assert world.queue.put_backs == [(expected, delay)]
    assert report.retry == set()
    world.discovery.error = None
    world.run_until_quiet(2)
    assert world.cloudfront.paid_by("E1") == [("/a+b", "/c")]


def test_keys_at_their_last_attempt_still_wait_while_listing_distributions_is_throttled():
    world = World(SITE)
    world.discovery.error = DOWN
    world.handle(world.upload("a"))
    for _ in range(MOST_ATTEMPTS - 2):
        world.handle(world.waiting())
    world.discovery.error = THROTTLED
    for _ in range(3):
        world.handle(world.waiting())
    assert not world.queue.given_up
    world.discovery.error = None
    world.run_until_quiet(2)
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_keys_are_given_up_at_once_where_listing_distributions_is_not_allowed():
    world = World(SITE)
    world.discovery.error = Permanent("AccessDenied", Reason.MAPPING_DENIED)
    assert world.handle(world.upload("a")).retry == set()
    ((backlog, reason, _),) = world.queue.given_up
    assert isinstance(backlog, KeyBacklog)
    assert reason is Reason.MAPPING_DENIED


def test_keys_are_given_up_after_the_most_attempts():
    world = World(SITE)
    world.discovery.error = DOWN
    world.handle(world.upload("a"))
    world.run_until_quiet(20)
    assert len(world.queue.put_backs) == MOST_ATTEMPTS - 1
    assert [(reason, detail) for _, reason, detail in world.queue.given_up] == [
        (Reason.UNAVAILABLE, str(DOWN))
    ]


def test_keys_that_cannot_be_put_back_stay_on_the_queue():
    world = World(SITE)
    world.discovery.error = DOWN
    world.queue.down = True
    batch = world.upload("a", "b")
    assert world.handle(batch).retry == {each.id for each in batch}


def test_a_backlog_of_paths_waits_too_while_nobody_can_tell_whether_its_distribution_serves_the_bucket():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [DOWN]
    world.handle(world.upload("a"))
    world.memory.table.routes.clear()
    world.worker = world.new_worker()
    world.discovery.error = DOWN
    report = world.handle(world.waiting())
    backlog, _ = world.queue.put_backs[-1]
    assert (type(backlog), backlog.attempts) == (PathBacklog, 2)
    assert not report.work.dropped
    world.discovery.error = None
    world.run_until_quiet(2)
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_stale_routes_are_better_than_none():
    world = World(SITE)
    world.handle(world.upload("a"))
    world.wait(3600)
    world.discovery.error = DOWN
    report = world.handle(world.upload("b"))
    assert report.routes.stale == {"site"}
    assert world.cloudfront.paid_by("E1") == [("/a",), ("/b",)]
    assert not world.queue.put_backs


def test_one_scan_answers_for_all_buckets_until_it_expires():
    world = World(SITE, distribution("E2", "media"))
    world.handle(world.upload("a"))
    world.handle(world.upload("b", bucket="media"))
    assert world.discovery.scans == 1
    world.wait(601)
    world.handle(world.upload("c"))
    assert world.discovery.scans == 2


# The table cannot be asked


def test_without_the_table_everything_is_invalidated_all_the_same():
    world = World(SITE)
    world.memory.down = True
    report = world.handle(world.upload("a", "b"))
    assert world.cloudfront.paid_by("E1") == [("/a", "/b")]
    assert report.retry == set()
    assert report.paths_this_month is None
    assert not world.queue.given_up
    assert report.outcomes[0][1].unrecorded == 1


@pytest.mark.parametrize(
    "method", ["recall", "sent_since", "record", "store_routes", "learn", "reserve_call"]
)
def test_without_one_part_of_the_table_everything_is_invalidated_all_the_same(method):
    world = World(SITE)
    world.memory.down = {method}
    world.cloudfront.answers["E1"] = [BackPressure("Throttling", too_large=False)]
    assert world.handle(world.upload("a", "b")).retry == set()
    world.run_until_quiet(3)
    assert world.cloudfront.paid_by("E1") == [("/a", "/b")]


def test_a_worker_that_once_knew_who_serves_a_bucket_still_does_without_the_table():
    world = World(SITE)
    world.handle(world.upload("a"))
    world.handle(world.upload("b"))
    world.memory.down = True
    world.discovery.error = DOWN
    world.handle(world.upload("c"))
    assert world.cloudfront.paid_by("E1")[-1] == ("/c",)


# Forged messages


def forged(world: World, **changes):
    return world.message(
        json.dumps(
            {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/a": 0}} | changes
        )
    )


def test_a_forged_compact_message_reaches_no_distribution_that_does_not_serve_its_bucket():
    world = World(SITE, distribution("E2", "media"))
    report = world.handle([forged(world, distribution="E2"), forged(world, buckets=["nobodys"])])
    assert world.cloudfront.asked == []
    assert len(report.work.dropped) == 2


@pytest.mark.parametrize("time", ["-Infinity", "-1e308", "NaN", "Infinity", "1e308", "-1"])
def test_a_forged_time_crashes_nothing_and_hides_no_later_change(time):
    world = World(SITE)
    body = forged(world).body.replace('"/a": 0', f'"/a": {time}')
    assert world.handle([world.message(body)]).retry == set()
    world.wait(1)
    world.handle(world.upload("a"))
    assert world.cloudfront.paid_by("E1")[-1] == ("/a",)
    assert len(world.cloudfront.paid) == 2


def test_forged_attempts_crash_nothing():
    world = World(SITE)
    world.cloudfront.answers["E1"] = DOWN
    for attempts in (-5, 10**30, 10**4000):
        body = forged(world).body.replace('"paths"', f'"attempts": {attempts}, "paths"')
        assert world.handle([world.message(body)]).retry == set()
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.UNAVAILABLE] * 2


@pytest.mark.parametrize("buckets", [("site", "site"), ("site", "docs")], ids=["one bucket", "two buckets"])
def test_changes_below_two_pinned_prefixes_are_sent_without_a_wildcard_above_both_when_they_come_back(
    buckets,
):
    """Whatever the ceiling is: what lies between the prefixes is not the bucket's."""
    origins = tuple(
        Origin(prefix, f"{bucket}.s3.amazonaws.com", bucket, prefix=prefix)
        for bucket, prefix in zip(buckets, ("css/", "img/"), strict=True)
    )
    pinned = Distribution("E1", origins, (Behavior("*", ("css/", "img/")),))
    world = World(pinned, ceiling=Allowance(1, 1))
    world.discovery.serving = dict.fromkeys(buckets, (pinned,))
    world.cloudfront.answers["E1"] = [DOWN]
    world.handle([*world.upload("css/a", bucket=buckets[0]), *world.upload("img/b", bucket=buckets[1])])
    world.run_until_quiet(2)
    assert sorted(world.cloudfront.paid_by("E1")) == [("/css/*",), ("/img/*",)]
