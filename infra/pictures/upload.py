"""The chart of a large upload: one invalidation an object, fixed batches, and this project, under the same quotas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.local.cloudfront.quotas import Regime
from infra.pictures.rivals import sends
from infra.pictures.scene import WINDOW_SECONDS, Function, Scene
from infra.pictures.svg import as_svg
from infra.simulator.changes import Tree
from infra.simulator.simulation import Site, simulate
from invalidator.core.limits.budget import cost_usd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OBJECTS, DIRECTORIES, RATE = 100_000, 200, 500.0
UPLOAD = Tree(OBJECTS, DIRECTORIES, RATE)
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
        colour: of its line and bars.
        paths: paths paid.
        cost: US dollars.
        seconds: from the last upload until the last object was fresh.
        stale: (seconds since the first upload, objects stale).
    """

    name: str
    colour: str
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
    each = _rival("one invalidation per object", "tab:red", sends(1))
    say("simulating fixed batches")
    batches = _rival(f"fixed batches of {PATHS_A_REQUEST} paths", "tab:orange", sends(PATHS_A_REQUEST))
    milder = _rival("", "", sends(PATHS_A_REQUEST_IN_FLIGHT), Regime.IN_FLIGHT)
    say("simulating this project")
    return Comparison((each, batches, ours()), milder.seconds)


def ours() -> Way:
    """Simulate the real worker, as `invalidator simulate` does."""
    result = simulate(Site(), UPLOAD.writes(Site()))
    if result.stale_objects or result.dead_lettered:
        raise RuntimeError(
            f"{result.stale_objects} objects stayed stale, {result.dead_lettered} messages died"
        )
    stale = [(moment.seconds, moment.stale) for moment in result.moments]
    return Way("this project", "tab:blue", result.paths, result.cost_usd, result.last_fresh_seconds, stale)


def _rival(name: str, colour: str, function: Function, regime: Regime = Regime.BOTH) -> Way:
    scene = Scene(list(UPLOAD.writes(Site())), function, regime)
    stale: list[tuple[float, int]] = []

    def watch(seconds: float) -> None:
        if seconds >= _second(len(stale)):
            stale.append((seconds, scene.freshness.behind))

    scene.run(watch)
    paths = scene.cloudfront.paths
    return Way(name, colour, paths, cost_usd(paths), scene.seconds_late, stale)


def draw(comparison: Comparison) -> str:
    """Return the picture as SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.2), layout="constrained")
    figure.suptitle(f"{OBJECTS:,} objects uploaded in {OBJECTS / RATE:.0f} seconds", weight="bold")
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.9))
    columns: tuple[tuple[str, Callable[[Way], float], Callable[[Way], str]], ...] = (
        ("paths sent", lambda way: way.paths, lambda way: f"{way.paths:,}"),
        ("cost at AWS's price", lambda way: way.cost, lambda way: f"${way.cost:,.0f}"),
        ("last upload to all fresh", lambda way: way.seconds, lambda way: duration(way.seconds)),
    )
    for column, (heading, value, label) in enumerate(columns):
        bars = figure.add_subplot(grid[0, column])
        _bars(bars, heading, comparison.ways, value, label)
        if column:
            bars.set_yticks([])
    chart = figure.add_subplot(grid[1, :])
    for way in comparison.ways:
        chart.plot(*zip(*_until_fresh(way), strict=True), color=way.colour)
    chart.set_xscale("log")
    chart.set_xlim(EARLIEST, LATEST)
    chart.set_xticks([seconds for seconds, _ in TICKS], [label for _, label in TICKS])
    chart.minorticks_off()
    chart.set_xlabel("since the first upload, on a logarithmic scale")
    chart.set_title("objects that viewers still see as they were", loc="left", fontsize=11)
    chart.yaxis.set_major_formatter("{x:,.0f}")
    chart.set_ylim(bottom=0)
    chart.grid(visible=True, alpha=0.3)
    figure.supxlabel(_caption(comparison), x=0.01, ha="left", fontsize=8)
    return as_svg(
        figure, f"{OBJECTS:,} objects uploaded: paths, cost and freshness of three ways to invalidate"
    )


def _bars(
    axes: "Axes",
    heading: str,
    ways: Sequence[Way],
    value: Callable[[Way], float],
    label: Callable[[Way], str],
) -> None:
    drawn = axes.barh(
        [way.name for way in ways], [value(way) for way in ways], color=[way.colour for way in ways]
    )
    axes.bar_label(drawn, [label(way) for way in ways], padding=4)
    axes.invert_yaxis()
    axes.set_title(heading, loc="left", fontsize=10)
    axes.set_xticks([])
    axes.margins(x=0.35)
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False)


def duration(seconds: float) -> str:
    """Return a time as a person would say it."""
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"


def _caption(comparison: Comparison) -> str:
    return f"""\
Simulated: {OBJECTS:,} objects in {DIRECTORIES} directories, {RATE:.0f} a second. \
Quotas, all at once: 150 paths, 1 wildcard and 0.5 calls a second;
3,000 paths and 15 wildcards in progress. 1,000 paths a month are free, each more costs 0.005 dollars. The two others \
at their best: with batches
of {WINDOW_SECONDS:.0f} s they wait for CloudFront as long as it takes and lose nothing; fixed batches hold \
{PATHS_A_REQUEST} paths, the most these quotas accept.
Without the limits a second, and with {PATHS_A_REQUEST_IN_FLIGHT:,} paths a request, fixed batches take \
{duration(comparison.milder)} and cost the same.
Run this project's line again, or change it: invalidator simulate"""


def _second(index: int) -> float:
    return EARLIEST * float((LATEST / EARLIEST) ** (index / POINTS))


def _until_fresh(way: Way) -> list[tuple[float, int]]:
    """Return the points from the axis' start to where the last object became fresh."""
    end = OBJECTS / RATE + way.seconds
    return [*(point for point in way.stale if EARLIEST <= point[0] < end), (end, 0)]
