"""Whatever strikes, a viewer sees the old object only between the upload and a stated time, never after.

The worker is broken on purpose too: each break is seen by somebody who looks at a page.
"""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

import invalidator.waking
from infra.simulator.aws.cloudfront import SimulatedCloudFront
from invalidator.core.routing.paths import encoding, viewer_paths
from invalidator.sweep.restored import FollowedUp
from tests.examples import SEED
from tests.sender.schedules import random_schedule
from tests.sender.schedules.faults import START
from tests.viewers.viewed_schedule import (
    QUIET_SECONDS,
    RECOVERY_SECONDS,
    SURVEY_SECONDS,
    RestoredSchedule,
    ViewedSchedule,
)

A_TEST = 4
# `make test SEED=n` tries other schedules; a failure names the one that shows it again.
BASE = SEED * 3 * A_TEST


def seen(seed: int, *, quiet: bool) -> ViewedSchedule:
    schedule = ViewedSchedule(seed, quiet=quiet)
    schedule.run()
    return schedule


@pytest.mark.parametrize(
    ("first", "quiet"),
    [
        pytest.param(BASE, True),
        pytest.param(BASE, False),
        *(
            pytest.param(BASE + A_TEST * number, quiet, marks=pytest.mark.long)
            for number in (1, 2)
            for quiet in (True, False)
        ),
    ],
)
def test_no_viewer_sees_the_old_object_after_the_stated_time(first: int, *, quiet: bool) -> None:
    for seed in range(first, first + A_TEST):
        schedule = seen(seed, quiet=quiet)
        late = schedule.seen_too_late()
        assert not late, f"seed {seed}, quiet {quiet}: {late[0]}"
        assert schedule.views > 1_000
        assert schedule.surveyed > RECOVERY_SECONDS / SURVEY_SECONDS, f"seed {seed}: hardly any survey"


def test_no_viewer_sees_the_old_object_after_a_restore_that_lost_what_was_taken_in() -> None:
    for seed in range(BASE, BASE + A_TEST):
        schedule = RestoredSchedule(seed)
        schedule.run()
        late = schedule.seen_too_late()
        assert not late, f"seed {seed}: {late[0]}"
        assert schedule.restored.made > START, f"seed {seed}: the table was not restored"


def test_the_schedules_show_viewers_something() -> None:
    """Old objects are seen before they are new, pages are served from caches, and tables are restored."""
    schedules = [seen(seed, quiet=False) for seed in range(6)]

    assert sum(len(each.stale) for each in schedules) > 20
    assert sum(each.reconfigured for each in schedules) >= 1
    assert sum(each.restored.made > START for each in schedules) >= 1
    assert sum(each.fetches for each in schedules) < 0.5 * sum(each.views for each in schedules)


def drop_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    create = SimulatedCloudFront.create

    def without_the_last(self, request, role):
        paths = dict(list(request.paths.items())[:-1]) or request.paths
        return create(self, replace(request, paths=paths), role)

    monkeypatch.setattr(SimulatedCloudFront, "create", without_the_last)


def skip_a_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = invalidator.waking.Waking.ask

    def only_the_first(self, names, *more):
        return ask(self, list(names)[:1], *more)

    monkeypatch.setattr(invalidator.waking.Waking, "ask", only_the_first)


def lose_a_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was lost is never made good: the sweep is what does that."""
    monkeypatch.setattr(random_schedule, "sweep", lambda *_: None)


def overlook_a_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken in since the point that the table was restored to is lost."""
    monkeypatch.setattr(
        random_schedule, "follow_up", lambda _before, which, *_: FollowedUp(which.identity().id)
    )


def forget_the_error_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_paths, "lasting_error_pages", lambda *_: {})


def forget_query_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_with_query_strings", lambda forms, **_: forms)


def forget_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    create = SimulatedCloudFront.create

    def no_directories(self, request, role):
        paths = {path: at for path, at in request.paths.items() if not path.endswith("/")}
        return create(self, replace(request, paths=paths or request.paths), role)

    monkeypatch.setattr(SimulatedCloudFront, "create", no_directories)


def forget_that_a_plus_may_be_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    create = SimulatedCloudFront.create

    def no_pluses(self, request, role):
        paths = {path: at for path, at in request.paths.items() if "+" not in path}
        return create(self, replace(request, paths=paths or request.paths), role)

    monkeypatch.setattr(SimulatedCloudFront, "create", no_pluses)


QUIET = partial(ViewedSchedule, quiet=True)
# With the schedules that may show the break, and the first seed to try, which does: where a change of the worker or of
# the schedules moves that, one of the next will.
MUTANTS = [
    (drop_a_path, QUIET, 38),
    (skip_a_distribution, QUIET, 12),
    (lose_a_wake, ViewedSchedule, 33),
    (overlook_a_restore, RestoredSchedule, 18),
    (forget_the_error_page, QUIET, 79),
    (forget_query_strings, QUIET, 27),
    (forget_the_directory, QUIET, 5),
    (forget_that_a_plus_may_be_a_space, QUIET, 182),
]


@pytest.mark.parametrize(("mutate", "schedule", "first"), MUTANTS)
def test_viewers_notice_a_worker_that_is_broken(monkeypatch, mutate, schedule, first) -> None:
    """The same schedules show nothing where it is whole, so it is the break that they see."""
    for seed in range(first, first + 40):
        broken = schedule(seed)
        with monkeypatch.context() as breaking:
            mutate(breaking)
            broken.run()
        if broken.seen_too_late():
            whole = schedule(seed)
            whole.run()
            assert not whole.seen_too_late()
            return
    pytest.fail("nobody noticed it")


def seeds_until(end: float) -> Iterator[int]:
    """New ones, printed by whoever fails."""
    first = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6, 10**9)))
    print(f"viewers, from seed {first}")  # noqa: T201  make soak shows it
    seed = first
    while time.monotonic() < end:
        yield seed
        seed += 1


@pytest.mark.soak("for minutes")
def test_viewers_for_a_share_of_the_soak() -> None:
    """As long as a fifth of the storms; prints what it saw."""
    views = stale = needless = fetches = schedules = 0
    longest = after = 0.0
    for seed in seeds_until(time.monotonic() + 12 * float(os.environ["SOAK"])):
        quiet = seed % 2 == 0
        schedule = seen(seed, quiet=quiet)
        late = schedule.seen_too_late()
        assert not late, f"SEED={seed}, quiet {quiet}: {late[0]}"
        schedules += 1
        views += schedule.views
        stale += len(schedule.stale)
        needless += schedule.needless
        fetches += schedule.fetches
        ages = [each.at - each.since for each in schedule.stale]
        if quiet and not schedule.reconfigured:
            longest = max([longest, *ages])
        ends = [each.at - schedule.last_fault for each in schedule.stale]
        after = max([after, *ends])
    print(  # noqa: T201  make soak shows it
        f"{schedules:,} schedules, {views:,} views: {stale:,} of the old object. Where nothing failed, for "
        f"{longest:.0f} s at most (stated: {QUIET_SECONDS:.0f}); after the last fault, for {after:.0f} s "
        f"(stated: {RECOVERY_SECONDS:.0f}). {needless:,} of {fetches:,} fetches were for what had not changed."
    )
