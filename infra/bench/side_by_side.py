"""Three ways to invalidate, side by side, as the same viewers see them: one invalidation per object, `/*` on each
deploy, and this project.

`python -m infra.bench.side_by_side` prints what each took and writes it beside this file; `make docs` quotes it in the
README. The two others are at their best: they wait for CloudFront as long as they must, and lose nothing.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from infra.local.cloudfront.quotas import QuotaSettings
from infra.simulator.audience import Audience, chosen, folders
from infra.simulator.aws.cloudfront import SimulatedCloudFront
from infra.simulator.simulation import START, Beside, Site, distribution_id, simulate
from infra.simulator.traffic import Traffic, Write, upload
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.limits.budget import cost_usd
from invalidator.core.messages.reading import read_body
from invalidator.core.request import Request
from invalidator.failures import BackPressure

COMMITTED = Path(__file__).with_name("side_by_side.json")
DISTRIBUTION, BUCKET = distribution_id(0), Site().bucket(0)
PAGES, FOLDERS = 2_000, 40
UPLOADS_A_SECOND = 100.0
SEED = 1
# Viewers go on for so long after the last invalidation, or the last write.
AFTER_SECONDS = 300.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is uploaded: `written` pages, of which `edited` have another content."""

    name: str
    written: int
    edited: int


CASES = (
    Case("a page edit", 1, 1),
    Case(f"a CI re-upload of {PAGES:,} files, 20 of them changed", PAGES, 20),
    Case("a bulk upload: 1,000 of them changed", 1_000, 1_000),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way took in one case.

    Attributes:
        stale_views: views of what had changed.
        stale_seconds: from the last upload until the last of them.
        needless_fetches: fetches of what had been cached and had not changed.
        views: all of them.
        paths: paths sent.
        cost_usd: past the free ones.
    """

    case: str
    way: str
    stale_views: int
    stale_seconds: float
    needless_fetches: int
    views: int
    paths: int
    cost_usd: float


def measure() -> Iterator[Outcome]:
    """Measure each way in each case."""
    for case in CASES:
        for name, way in WAYS.items():
            yield measured(case, name, way)


def measured(case: Case, name: str, way: "Way") -> Outcome:
    """Measure one way in one case."""
    pages = folders(PAGES, FOLDERS)
    keys = sorted(chosen(pages, case.written, SEED))
    edited = chosen(keys, case.edited, SEED + 1)
    # Uploaded in the order of their names, as tools do; popular are others.
    popular = random.Random(SEED).sample(pages, len(pages))
    # Of one page it is the front page that is edited.
    if case.written == 1:
        keys, edited = [popular[0]], frozenset(popular[:1])
    writes = list(upload(BUCKET, keys, UPLOADS_A_SECOND, START + 10.0))
    audience, paths = way(writes, lambda time: Audience(time, DISTRIBUTION, BUCKET, popular, edited, SEED))
    return Outcome(
        case.name,
        name,
        audience.stale_views,
        round(max(0.0, audience.last_stale - writes[-1].at), 1),
        audience.needless,
        audience.views,
        paths,
        cost_usd(paths),
    )


Invite = Callable[[VirtualTime], Audience]
Way = Callable[[Sequence[Write], Invite], tuple[Audience, int]]


def _ours(writes: Sequence[Write], invite: Invite) -> tuple[Audience, int]:
    """The real worker, as `invalidator simulate` runs it."""
    guests: list[Audience] = []

    def begin(time: VirtualTime) -> Beside:
        audience = invite(time)
        audience.come(float("inf"))
        guests.append(audience)
        return audience

    result = simulate(Site(seed=SEED), writes, beside=begin)
    if result.stale_objects or result.dead_lettered:
        raise RuntimeError(
            f"{result.stale_objects} objects stayed stale, {result.dead_lettered} messages died"
        )
    (audience,) = guests
    _stay(audience)
    return audience, result.paths


def _one_each(writes: Sequence[Write], invite: Invite) -> tuple[Audience, int]:
    """An invalidation for each object, as its event arrives."""
    time, cloudfront, audience = _stage(invite)
    waiting: list[str] = []
    working = False

    def arrived(body: str) -> None:
        nonlocal working
        waiting.extend("/" + change.key for change in read_body(body, time.now()).changes)
        if not working:
            working = True
            time.start(work)

    def work() -> None:
        nonlocal working
        while waiting:
            _create(time, cloudfront, waiting.pop(0))
        working = False

    chance = random.Random(SEED)
    traffic = Traffic(time, writes, chance, audience.changed, arrived)
    _run_until(time, audience, lambda: traffic.done and not waiting and not working)
    return audience, cloudfront.paths


def _everything(writes: Sequence[Write], invite: Invite) -> tuple[Audience, int]:
    """`/*` once the upload is through."""
    time, cloudfront, audience = _stage(invite)
    for write in writes:
        time.at(write.at, partial(audience.changed, write))
    sent: list[str] = []

    def deploy() -> None:
        _create(time, cloudfront, "/*")
        sent.append("/*")

    time.at(writes[-1].at + 1.0, lambda: time.start(deploy))
    _run_until(time, audience, lambda: bool(sent))
    return audience, cloudfront.paths


WAYS: dict[str, Way] = {
    "one invalidation per object": _one_each,
    "`/*` on each deploy": _everything,
    "this project": _ours,
}


def _stage(invite: Invite) -> tuple[VirtualTime, SimulatedCloudFront, Audience]:
    time = VirtualTime(START)
    audience = invite(time)
    cloudfront = SimulatedCloudFront(time, QuotaSettings(seed=SEED), on_created=audience.invalidated)
    return time, cloudfront, audience


def _create(time: VirtualTime, cloudfront: SimulatedCloudFront, path: str) -> None:
    request = Request(DISTRIBUTION, {path: time.now()})
    while True:
        try:
            cloudfront.create(request, None)
        except BackPressure:
            time.sleep(RETRY_SECONDS)
        else:
            return


def _run_until(time: VirtualTime, audience: Audience, done: Callable[[], bool]) -> None:
    def look() -> None:
        if done():
            time.stop()
        else:
            time.at(time.now() + 1.0, look)

    audience.come(float("inf"))
    time.at(START + 1.0, look)
    time.run()
    _stay(audience)


def _stay(audience: Audience) -> None:
    """Viewers look on for a while: what was sent arrives, and what it purged is fetched again."""
    until = audience.time.now() + AFTER_SECONDS
    audience.come(until)
    audience.time.run(until)


def committed() -> list[Outcome]:
    """Return what was measured last."""
    return [Outcome(**each) for each in json.loads(COMMITTED.read_text())]


def main() -> None:
    """Measure, print and keep."""
    outcomes = []
    for outcome in measure():
        outcomes.append(outcome)
        print(outcome, flush=True)
    COMMITTED.write_text(json.dumps([asdict(each) for each in outcomes], indent=1) + "\n")


if __name__ == "__main__":
    main()
