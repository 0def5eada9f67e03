"""The dashboard's layout, as CloudWatch would show it, drawn from the template's own JSON with a simulated day."""

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from infra.pictures.dashboard_day import DAY_SECONDS, Day
from infra.pictures.dashboard_json import Metric, body, metrics
from infra.pictures.svg import as_svg

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

# CloudWatch's grid has 24 columns; a column's width and a row's height, in inches.
GRID_COLUMNS = 24
COLUMN, ROW = 0.5, 0.42
HOUR = 3600
# The label of an axis that counts no whole things.
SECONDS = "s"
QUEUES = {"InvalidationQueue.QueueName": "InvalidationQueue", "DeadLetterQueue.QueueName": "DeadLetterQueue"}


def widgets() -> list[dict[str, Any]]:
    """Return the widgets of the template's dashboard."""
    found: list[dict[str, Any]] = body()["widgets"]
    return found


def draw(shown: list[dict[str, Any]], day: Day) -> str:
    """Return the picture as SVG."""
    from matplotlib.figure import Figure

    rows = max(widget["y"] + widget["height"] for widget in shown)
    figure = Figure(figsize=(GRID_COLUMNS * COLUMN, rows * ROW), layout="constrained")
    grid = figure.add_gridspec(rows, GRID_COLUMNS)
    for widget in shown:
        left, top = widget["x"], widget["y"]
        place = figure.add_subfigure(grid[top : top + widget["height"], left : left + widget["width"]])
        if widget["type"] == "text":
            place.text(0.01, 0.2, widget["properties"]["markdown"].lstrip("# "), weight="bold", fontsize=13)
        else:
            _graph(place, widget["properties"], day)
    figure.supxlabel(
        "Layout, titles and metrics are the template's; the values are a simulated day.", fontsize=9
    )
    return as_svg(figure, "the CloudWatch dashboard: is it fresh, is anything stuck, what does it cost")


def _graph(place: "SubFigure", properties: dict[str, Any], day: Day) -> None:
    from matplotlib.ticker import MaxNLocator

    left = place.subplots()
    sides = {"left": left}
    lines = metrics(properties)
    if any(metric.options.get("yAxis") == "right" for metric in lines):
        sides["right"] = left.twinx()
    for metric in lines:
        hours, values = _with_gaps(_points(metric, properties, day), _period(metric, properties))
        sides[metric.options.get("yAxis", "left")].plot(
            hours,
            values,
            label=metric.options["label"],
            color=metric.options["color"],
            linewidth=1.2,
        )
    for mark in properties.get("annotations", {}).get("horizontal", []):
        left.axhline(mark["value"], color="grey", linewidth=1)
        left.annotate(f"{mark['label']} {mark['value']:,}", (0, mark["value"]), fontsize=7, va="bottom")
    for side, axes in sides.items():
        unit = properties["yAxis"][side].get("label", "")
        axes.set_ylabel(unit, fontsize=8)
        axes.set_ylim(0, max(1.0 if unit != SECONDS else 0.0, 1.1 * axes.get_ylim()[1]))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=unit != SECONDS))
        axes.tick_params(labelsize=7)
        axes.yaxis.set_major_formatter("{x:,g}")
    left.set_xlim(0, DAY_SECONDS / HOUR)
    left.set_xticks(range(0, 25, 6), [f"{hour:02}:00" for hour in range(0, 25, 6)])
    left.grid(visible=True, alpha=0.3)
    left.set_title(properties["title"], loc="left", fontsize=9, weight="bold")
    place.legend(loc="outside lower left", ncols=3, fontsize=7, frameon=False, handlelength=1)


def _period(metric: Metric, properties: dict[str, Any]) -> float:
    return float(metric.options.get("period", properties["period"]))


def _points(metric: Metric, properties: dict[str, Any], day: Day) -> list[tuple[float, float]]:
    """Return (seconds, value) for each period that has data, by the graph's or the line's statistic."""
    source = QUEUES.get(metric.dimensions.get("QueueName", ""), metric.namespace)
    values = day.values.get((source, metric.name))
    if values is None:
        raise LookupError(
            f"the sample day has no {metric.namespace} {metric.name}: teach it to dashboard_day.py"
        )
    period = _period(metric, properties)
    slots: dict[float, list[float]] = defaultdict(list)
    for seconds, value in values:
        if seconds < DAY_SECONDS:
            slots[seconds // period * period].append(value)
    statistic = metric.options.get("stat", properties.get("stat", "Average"))
    return [(slot, _statistic(statistic, slots[slot]) / metric.divided_by) for slot in sorted(slots)]


def _statistic(name: str, values: list[float]) -> float:
    match name:
        case "Sum":
            return sum(values)
        case "SampleCount":
            return len(values)
        case "Maximum":
            return max(values)
        case "Average":
            return statistics.fmean(values)
    if name.startswith("p"):
        return sorted(values)[min(len(values) - 1, int(len(values) * float(name[1:]) / 100))]
    raise LookupError(f"statistic {name}: teach it to infra/pictures/dashboard.py")


def _with_gaps(points: list[tuple[float, float]], period: float) -> tuple[list[float], list[float]]:
    """Return hours and values, with a break in the line where a period has no data, as CloudWatch draws it.

    A point without a neighbour becomes a short dash. Where nothing changes, the ends of a stretch are enough.
    """
    hours: list[float] = []
    values: list[float] = []
    for (before, _), (seconds, value), (after, following) in zip(
        [(float("-inf"), 0.0), *points], points, [*points[1:], (float("inf"), 0.0)], strict=False
    ):
        begins, ends = seconds - before > 1.5 * period, after - seconds > 1.5 * period
        if not begins and not ends and values[-1] == value == following:
            continue
        hours += [seconds / HOUR] + [(seconds + period) / HOUR] * (begins and ends)
        values += [value] + [value] * (begins and ends)
        if ends:
            hours.append(seconds / HOUR)
            values.append(float("nan"))
    return hours, values
