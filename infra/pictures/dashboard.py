"""The dashboard's layout, as CloudWatch would show it, drawn from the template's own JSON with a simulated day."""

import statistics
from collections import defaultdict
from typing import Any

from infra.pictures.dashboard_day import DAY_SECONDS, Day
from infra.pictures.dashboard_json import Metric, body, metrics
from infra.pictures.plot import Line, plot, round_top
from infra.pictures.svg import Drawing

# CloudWatch's grid: 24 columns; a row is as high as these pixels.
COLUMN, ROW, MARGIN = 41.0, 33.0, 12.0
GRID_COLUMNS = 24
LEGEND_ROW = 15.0
# They take too much room beside an axis.
FIVE_DIGITS = 10_000
KINDS = ("blue", "orange", "green", "purple")
NAMED_COLOURS = {"#d62728": "red"}
QUEUES = {"InvalidationQueue.QueueName": "InvalidationQueue", "DeadLetterQueue.QueueName": "DeadLetterQueue"}


def widgets() -> list[dict[str, Any]]:
    """Return the widgets of the template's dashboard."""
    found: list[dict[str, Any]] = body()["widgets"]
    return found


def draw(shown: list[dict[str, Any]], day: Day) -> str:
    """Return the picture as SVG."""
    rows = max(widget["y"] + widget["height"] for widget in shown)
    drawing = Drawing(
        GRID_COLUMNS * COLUMN + 2 * MARGIN,
        rows * ROW + 2 * MARGIN + 20,
        "the CloudWatch dashboard: is it fresh, is anything stuck, what does it cost",
    )
    for widget in shown:
        left, top = MARGIN + widget["x"] * COLUMN, MARGIN + widget["y"] * ROW
        width, height = widget["width"] * COLUMN, widget["height"] * ROW
        if widget["type"] == "text":
            drawing.text(
                left + 6, top + 23, widget["properties"]["markdown"].lstrip("# "), bold=True, size=16
            )
        else:
            _graph(drawing, (left + 4, top + 3, width - 8, height - 6), widget["properties"], day)
    note = "Layout, titles and metrics are the template's; the values are a simulated day."
    drawing.text(MARGIN + 6, rows * ROW + MARGIN + 18, note, kind="soft", size=12)
    return drawing.render()


def _graph(
    drawing: Drawing, box: tuple[float, float, float, float], properties: dict[str, Any], day: Day
) -> None:
    left, top, width, height = box
    drawing.rect(left, top, width, height, round_=5)
    drawing.text(left + 12, top + 22, properties["title"], bold=True)
    lines = [
        (metric, _kind(metric, place), _points(metric, properties, day))
        for place, metric in enumerate(metrics(properties))
    ]
    marks = properties.get("annotations", {}).get("horizontal", [])
    right_side = any(metric.options.get("yAxis") == "right" for metric, _, _ in lines)
    legend = _legend_rows([(kind, metric.options["label"]) for metric, kind, _ in lines], width - 24)
    plot_box = (
        left + 50,
        top + 48,
        width - (98 if right_side else 76),
        height - 78 - LEGEND_ROW * len(legend),
    )
    unit = properties["yAxis"]["left"].get("label", "")
    drawing.text(left + 44, top + 36, unit, kind="soft", size=11, anchor="end")
    for side in ("left", "right"):
        mine = [each for each in lines if each[0].options.get("yAxis", "left") == side]
        marked = [float(mark["value"]) for mark in marks] if side == "left" else []
        most = round_top(max([1.0, *marked, *(y for _, _, points in mine for _, y in points)]))
        drawn = [
            Line([(x / DAY_SECONDS, y / most) for x, y in stretch], kind)
            for metric, kind, points in mine
            for stretch in _stretches(points, _period(metric, properties))
        ]
        drawn += [Line([(0, value / most), (1, value / most)], "grey") for value in marked]
        if side == "left":
            hours = [(hour / 24, f"{hour:02}:00") for hour in range(0, 25, 6)]
            plot(drawing, plot_box, drawn, hours, [(part / 2, _short(most * part / 2)) for part in range(3)])
        elif mine:
            plot(drawing, plot_box, drawn, [], [])
            for part in range(3):
                y = plot_box[1] + plot_box[3] * (1 - part / 2) + 4
                drawing.text(plot_box[0] + plot_box[2] + 6, y, _short(most * part / 2), kind="soft", size=11)
        for mark, value in zip(marks if side == "left" else [], marked, strict=True):
            y = plot_box[1] + plot_box[3] * (1 - value / most) + 14
            words = f"{mark['label']} {value:,.0f}"
            drawing.text(plot_box[0] + 4, y, words, kind="grey", size=11)
    for row, entries in enumerate(reversed(legend)):
        _legend(drawing, left + 14, top + height - 11 - row * LEGEND_ROW, entries)


def _legend_rows(entries: list[tuple[str, str]], width: float) -> list[list[tuple[str, str]]]:
    rows: list[list[tuple[str, str]]] = [[]]
    for entry in entries:
        if rows[-1] and sum(_entry_width(label) for _, label in [*rows[-1], entry]) > width:
            rows.append([])
        rows[-1].append(entry)
    return rows


def _legend(drawing: Drawing, left: float, base: float, entries: list[tuple[str, str]]) -> None:
    for kind, label in entries:
        drawing.rect(left, base - 8, 9, 9, kind=kind, round_=2)
        drawing.text(left + 13, base, label, kind="soft", size=11)
        left += _entry_width(label)


def _entry_width(label: str) -> float:
    return 25 + 6.2 * len(label)


def _kind(metric: Metric, place: int) -> str:
    return NAMED_COLOURS.get(metric.options.get("color", ""), KINDS[place % len(KINDS)])


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
    return [(slot, _statistic(statistic, slots[slot])) for slot in sorted(slots)]


def _statistic(name: str, values: list[float]) -> float:
    match name:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case "Average":
            return statistics.fmean(values)
    if name.startswith("p"):
        return sorted(values)[min(len(values) - 1, int(len(values) * float(name[1:]) / 100))]
    raise LookupError(f"statistic {name}: teach it to infra/pictures/dashboard.py")


def _stretches(points: list[tuple[float, float]], period: float) -> list[list[tuple[float, float]]]:
    """Split where a period has no data, as CloudWatch does; leave out what a straight line shows as well."""
    found: list[list[tuple[float, float]]] = []
    for point in points:
        if not found or point[0] - found[-1][-1][0] > 1.5 * period:
            found.append([point])
        elif len(found[-1]) > 1 and found[-1][-2][1] == found[-1][-1][1] == point[1]:
            found[-1][-1] = point
        else:
            found[-1].append(point)
    return [each if len(each) > 1 else each * 2 for each in found]


def _short(value: float) -> str:
    if value >= FIVE_DIGITS:
        return f"{value / 1000:g}k"
    return f"{value:g}"
