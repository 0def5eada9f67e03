"""The chart of a large upload: one invalidation an object, fixed batches, and this project, under the same quotas."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.cloudfront.quotas import Regime
from infra.pictures.plot import Line, plot
from infra.pictures.rivals import sends
from infra.pictures.scene import Function, Scene
from infra.pictures.svg import Drawing
from infra.simulator.simulation import Upload, simulate
from infra.simulator.upload import made_tree
from invalidator.core.limits.budget import cost_usd

OBJECTS, DIRECTORIES, RATE, WINDOW = 100_000, 200, 500.0, 20.0
# The most paths in a request that 150 paths a second, with a burst of one second, lets through.
PATHS_A_REQUEST = 150
# The same where only what is in progress is limited; more in one request has been refused.
PATHS_A_REQUEST_IN_FLIGHT = 1000
# Points of the chart's horizontal axis, evenly spaced on its logarithmic scale.
POINTS = 160
LATEST = 400_000.0
EARLIEST = 1.0
TICKS = (
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (36_000, "10 h"),
    (259_200, "3 days"),
)


@dataclass(slots=True)
class Way:
    """What one way of invalidating took.

    Attributes:
        name: as the picture calls it.
        kind: its colour's class.
        paths: paths paid.
        cost: US dollars.
        seconds: from the last upload until the last object was fresh.
        stale: (seconds since the first upload, objects stale).
    """

    name: str
    kind: str
    paths: int
    cost: float
    seconds: float
    stale: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The three ways, and how long fixed batches take under the milder quotas, in seconds."""

    ways: tuple[Way, Way, Way]
    milder: float


def measure(say: Callable[[str], None] = lambda _: None) -> Comparison:
    """Simulate the three ways. Takes some two minutes, most of it for one invalidation an object."""
    say("simulating one invalidation per object")
    each = _rival("one invalidation per object", "red", sends(1))
    say("simulating fixed batches")
    batches = _rival(f"fixed batches of {PATHS_A_REQUEST} paths", "orange", sends(PATHS_A_REQUEST))
    milder = _rival("", "", sends(PATHS_A_REQUEST_IN_FLIGHT), Regime.IN_FLIGHT)
    say("simulating this project")
    return Comparison((each, batches, ours()), milder.seconds)


def ours() -> Way:
    """Simulate the real worker, as `invalidator simulate` does."""
    result = simulate(Upload(made_tree(OBJECTS, DIRECTORIES, 0), RATE, WINDOW))
    if result.stale_objects or result.dead_lettered:
        raise RuntimeError(
            f"{result.stale_objects} objects stayed stale, {result.dead_lettered} messages died"
        )
    stale = [(moment.seconds, moment.stale) for moment in result.moments]
    return Way("this project", "blue", result.paths, result.cost_usd, result.last_fresh_seconds, stale)


def _rival(name: str, kind: str, function: Function, regime: Regime = Regime.BOTH) -> Way:
    scene = Scene(regime, WINDOW)
    uploading = scene.uploading(made_tree(OBJECTS, DIRECTORIES, 0), RATE)
    stale: list[tuple[float, int]] = []

    def watch(seconds: float) -> None:
        if seconds >= _second(len(stale)):
            stale.append((seconds, len(scene.freshness.stale)))

    scene.run([uploading], function, watch)
    paths = scene.cloudfront.paths
    return Way(name, kind, paths, cost_usd(paths), scene.freshness.last_fresh - uploading.last_write, stale)


def draw(comparison: Comparison) -> str:
    """Return the picture as SVG."""
    drawing = Drawing(
        1000, 560, "100,000 objects uploaded: paths, cost and freshness of three ways to invalidate"
    )
    drawing.text(28, 38, f"{OBJECTS:,} objects uploaded in {OBJECTS / RATE:.0f} seconds", size=18, bold=True)
    for column, heading in enumerate(("paths sent", "cost at AWS's price", "last upload to all fresh")):
        drawing.text(310 + column * 230, 72, heading, kind="soft", size=12)
    for row, way in enumerate(comparison.ways):
        _row(drawing, 80 + row * 42, way, comparison.ways)
    drawing.text(28, 236, "objects that viewers still see as they were", size=14, bold=True)
    drawing.text(
        972, 236, "time since the first upload, on a logarithmic scale", kind="soft", size=12, anchor="end"
    )
    most = OBJECTS
    lines = [
        Line([(across(seconds), count / most) for seconds, count in _sparse(way)], way.kind)
        for way in comparison.ways
    ]
    plot(
        drawing,
        (84, 256, 888, 190),
        lines,
        [(across(seconds), label) for seconds, label in TICKS],
        [(part / 4, f"{most * part // 4:,}") for part in range(5)],
    )
    for row, line in enumerate(_caption(comparison)):
        drawing.text(28, 494 + row * 18, line, kind="soft", size=12)
    return drawing.render()


def _row(drawing: Drawing, top: float, way: Way, ways: tuple[Way, ...]) -> None:
    drawing.rect(28, top + 9, 14, 14, kind=way.kind, round_=3)
    drawing.text(50, top + 21, way.name, bold=way is ways[-1])
    figures = [
        (way.paths, max(each.paths for each in ways), f"{way.paths:,}"),
        (way.cost, max(each.cost for each in ways), f"${way.cost:,.0f}"),
        (way.seconds, max(each.seconds for each in ways), duration(way.seconds)),
    ]
    for column, (value, most, label) in enumerate(figures):
        left, width = 310 + column * 230, 130 * value / most
        drawing.rect(left, top + 6, max(1.5, width), 20, kind=way.kind, round_=2)
        drawing.text(left + max(1.5, width) + 8, top + 21, label, bold=way is ways[-1])


def _caption(comparison: Comparison) -> list[str]:
    text = f"""\
Simulated: {OBJECTS:,} objects in {DIRECTORIES} directories, {RATE:.0f} a second; batches gather for {WINDOW:.0f} s. \
Quotas, all at once: 150 paths, 1 wildcard and 0.5 calls a second;
3,000 paths and 15 wildcards in progress. 1,000 paths a month are free, each more costs $0.005. The two others at \
their best: they wait for
CloudFront as long as it takes and lose nothing, and fixed batches hold {PATHS_A_REQUEST} paths, the most these quotas \
accept. Without the limits a second,
and with {PATHS_A_REQUEST_IN_FLIGHT:,} paths a request, fixed batches take {duration(comparison.milder)} and cost the \
same. Run this project's line again, or change it: invalidator simulate"""
    return text.splitlines()


def duration(seconds: float) -> str:
    """Return a time as a person would say it."""
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"


def across(seconds: float) -> float:
    """Return the place of a time on the logarithmic axis, 0 to 1."""
    return math.log(max(EARLIEST, seconds) / EARLIEST) / math.log(LATEST / EARLIEST)


def _second(index: int) -> float:
    return EARLIEST * float((LATEST / EARLIEST) ** (index / POINTS))


def _sparse(way: Way) -> list[tuple[float, int]]:
    """Return one point a place on the axis, and where the last object became fresh."""
    kept: list[tuple[float, int]] = []
    for seconds, count in way.stale:
        if seconds >= EARLIEST and (not kept or across(seconds) - across(kept[-1][0]) >= 1 / (2 * POINTS)):
            kept.append((seconds, count))
    end = OBJECTS / RATE + way.seconds
    return [*(point for point in kept if point[0] < end), (end, 0)]
