"""Named scenarios: each row of the published figures can be run again by its name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.simulator.aws.cloudfront import Answer, Trouble
from infra.simulator.changes import Changes, Pages, ReUpload, Tree
from infra.simulator.result import Result
from infra.simulator.simulation import Site, distribution_id

FOR_EVER = float("inf")
MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Reach:
    """A bound that a figure of the result must keep.

    Attributes:
        field: of the result.
        bound: its bound.
        at_least: whether more is better.
    """

    field: str
    bound: float
    at_least: bool = False

    def kept(self, result: Result) -> bool:
        """Tell whether a result keeps it."""
        value: float = getattr(result, self.field)
        return value >= self.bound if self.at_least else value <= self.bound


# Whatever the scenario: nothing is lost.
NOTHING_LOST = (Reach("stale_objects", 0), Reach("dead_lettered", 0))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named simulation.

    Attributes:
        name: as the command line has it.
        explanation: one line.
        site: the stack and its CloudFront.
        changes: what is written.
        reaches: what the result must keep.
    """

    name: str
    explanation: str
    site: Site
    changes: Changes
    reaches: tuple[Reach, ...]

    def missed(self, result: Result) -> list[Reach]:
        """Return the bounds that a result does not keep."""
        return [each for each in self.reaches if not each.kept(result)]


def distributions(numbers: Iterable[int]) -> frozenset[str]:
    """Return the ids of distributions, by their numbers."""
    return frozenset(map(distribution_id, numbers))


def _scenarios() -> Iterator[Scenario]:
    yield from _uploads()
    yield from _deploys()
    yield from _many_distributions()
    yield from _troubles()
    yield from _extremes()


def _uploads() -> Iterator[Scenario]:
    yield Scenario(
        "one-file",
        "one file, thirty times a minute apart, so that each is alone; the function is warm",
        Site(warm=True),
        Pages(MINUTE, 30 * MINUTE),
        (Reach("p95_seconds", 3), Reach("invalidations", 30), *NOTHING_LOST),
    )
    yield Scenario(
        "cold",
        "one file, six times an hour apart, so that the function is cold each time",
        Site(),
        Pages(HOUR, 6 * HOUR),
        (Reach("p95_seconds", 4), Reach("invalidations", 6), *NOTHING_LOST),
    )
    yield Scenario(
        "small-deploy",
        "20 files in 3 seconds",
        Site(),
        Tree(20, 4, 20 / 3),
        (Reach("p95_seconds", 6), Reach("invalidations", 2), *NOTHING_LOST),
    )
    yield Scenario(
        "sync",
        "2,000 files at 100 a second, in 40 directories",
        Site(),
        Tree(2000, 40, 100),
        (Reach("p95_seconds", 21), Reach("paths", 40), *NOTHING_LOST),
    )
    yield Scenario(
        "bulk",
        "100,000 files at 500 a second, in 200 directories",
        Site(),
        Tree(100_000, 200, 500),
        (Reach("p95_seconds", 13), Reach("paths", 100), Reach("run_cost_usd", 0.10), *NOTHING_LOST),
    )
    yield Scenario(
        "million",
        "1,000,000 files at 3,500 a second, in 200 directories; takes some minutes",
        Site(),
        Tree(1_000_000, 200, 3500),
        (Reach("last_fresh_seconds", 30), Reach("hottest_partition", 1000), *NOTHING_LOST),
    )
    yield Scenario(
        "hot-page",
        "one page that is written again every 3 seconds, for ten minutes",
        Site(),
        Pages(3, 10 * MINUTE),
        (Reach("p95_seconds", 12), Reach("paths", 65), *NOTHING_LOST),
    )


def _deploys() -> Iterator[Scenario]:
    told = "a site of 2,001 pages uploaded again with ten edits and 300 new hashed assets, 100 a second"
    yield Scenario(
        "re-upload",
        f"{told}; its bucket is remembered",
        Site(pages=2001, remembered=True),
        ReUpload(),
        (
            Reach("paths", 10),
            Reach("paths", 10, at_least=True),
            Reach("wildcards", 0),
            Reach("needlessly_purged", 0),
            Reach("p95_seconds", 12),
            *NOTHING_LOST,
        ),
    )
    yield Scenario(
        "re-upload-forgotten",
        f"{told}; its bucket is not remembered",
        Site(pages=2001),
        ReUpload(),
        (Reach("needlessly_purged", 1000, at_least=True), *NOTHING_LOST),
    )
    yield Scenario(
        "re-upload-bulk",
        "a remembered site of 100,000 pages uploaded again with ten edits, 500 a second",
        Site(pages=100_000, remembered=True),
        ReUpload(10, 0, 500),
        (
            Reach("paths", 10),
            Reach("needlessly_purged", 0),
            # By the slowest measurements one processor judges some 950 keys a second.
            Reach("last_fresh_seconds", 10),
            Reach("longest_wait_seconds", 12),
            Reach("run_cost_usd", 0.22),
            *NOTHING_LOST,
        ),
    )


def _many_distributions() -> Iterator[Scenario]:
    yield Scenario(
        "busy",
        "60 distributions, a page of each every 20 seconds, for an hour: more than the 1,800 calls that are possible",
        Site(60, monthly_budget=0),
        Pages(20, HOUR),
        (
            Reach("invalidations", 0.75 * 1800, at_least=True),
            Reach("fairness", 0.8, at_least=True),
            Reach("longest_wait_seconds", 400),
            *NOTHING_LOST,
        ),
    )
    yield Scenario(
        "busy-enough",
        "30 distributions, a page of each every 60 seconds, for an hour: exactly the calls that are possible",
        Site(30, monthly_budget=0),
        Pages(60, HOUR),
        (Reach("longest_wait_seconds", 120), *NOTHING_LOST),
    )


def _troubles() -> Iterator[Scenario]:
    yield Scenario(
        "throttled",
        "12 distributions, a page of each every minute, for an hour, and CloudFront refuses all calls for two minutes; "
        "waits count from when it accepts again",
        Site(12, monthly_budget=0, troubles=(Trouble(Answer.THROTTLING, 600, 720),), accepts_again=720),
        Pages(60, HOUR),
        (Reach("longest_wait_seconds", 240), *NOTHING_LOST),
    )
    yield Scenario(
        "failing",
        "two distributions, a page of each every five minutes, and one always answers 503; times are the healthy "
        "one's, dead letters the other's",
        _failing(1),
        Pages(300, 26 * HOUR),
        _healthy_as_if_alone(1),
    )
    yield Scenario(
        "failing-20",
        "the same with 20 distributions that fail and 20 that do not",
        _failing(20),
        Pages(300, 26 * HOUR),
        _healthy_as_if_alone(20),
    )
    yield Scenario(
        "crowded",
        "31 distributions, a page of each every 90 seconds, for 20 minutes; another tool fills one's quota of "
        "invalidations in progress for five minutes; times are those of the 30 others",
        Site(
            31,
            monthly_budget=0,
            troubles=(Trouble(Answer.CROWDED, 300, 600, distributions([0])),),
            untimed=frozenset([0]),
        ),
        Pages(90, 20 * MINUTE),
        (Reach("p95_seconds", 6), Reach("longest_wait_seconds", 30), *NOTHING_LOST),
    )


def _failing(each: int) -> Site:
    failing = range(each)
    return Site(
        2 * each,
        monthly_budget=0,
        troubles=(Trouble(Answer.UNAVAILABLE, 0, FOR_EVER, distributions(failing)),),
        untimed=frozenset(failing),
    )


def _healthy_as_if_alone(each: int) -> tuple[Reach, ...]:
    # Of each failing one the page is stale at the end, and dead letters say so.
    return (
        Reach("p95_seconds", 4),
        Reach("longest_wait_seconds", 10),
        Reach("stale_objects", each),
        # 312 for the healthy one; the failing one is tried some fifty times a day, by three of the SDK's attempts each.
        Reach("requests", 650 * each),
        Reach("dead_lettered", each, at_least=True),
    )


def _extremes() -> Iterator[Scenario]:
    for name, count in (("shared-bucket", 300), ("shared-bucket-1000", 1000)):
        yield Scenario(
            name,
            f"one bucket on {count} distributions, 4,000 files in it at 500 a second",
            Site(count, shared=True, monthly_budget=0),
            Tree(4000, 40, 500),
            (
                # 1.2 times what the calls allow: one in two seconds.
                Reach("last_fresh_seconds", 1.2 * 2 * count),
                Reach("write_units", 20_000 * count / 300),
                *NOTHING_LOST,
            ),
        )
    yield Scenario(
        "over-budget",
        "a page every second for a day, after the month's budget of 1,000 paths is spent",
        Site(spent=1000),
        Pages(1, 24 * HOUR),
        (Reach("paths", 96 + 1), Reach("longest_wait_seconds", 930), *NOTHING_LOST),
    )


SCENARIOS = {each.name: each for each in _scenarios()}
