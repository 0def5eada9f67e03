"""The lines of a chart, in a rectangle of a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.pictures.svg import Drawing

# A point with no neighbour is drawn as a dot.
STROKE, DOT = 1.8, 3.2


@dataclass(frozen=True, slots=True)
class Line:
    """One series.

    Attributes:
        points: (x, y), by x; y is 0 to 1 of the axis' height, x 0 to 1 of its width.
        kind: its colour's class.
    """

    points: Sequence[tuple[float, float]]
    kind: str


def plot(
    drawing: Drawing,
    box: tuple[float, float, float, float],
    lines: Sequence[Line],
    across: Sequence[tuple[float, str]],
    up: Sequence[tuple[float, str]],
) -> None:
    """Draw axes and lines.

    Args:
        drawing: what to draw on.
        box: left, top, width and height of the space between the axes.
        lines: the series.
        across: ticks of the horizontal axis, (0 to 1, label).
        up: ticks of the vertical axis, (0 to 1, label).
    """
    left, top, width, height = box
    for part, label in up:
        y = top + height * (1 - part)
        drawing.path(f"M{left:.0f} {y:.1f}h{width:.0f}", kind="grid", width=1)
        drawing.text(left - 6, y + 4, label, kind="soft", size=11, anchor="end")
    for part, label in across:
        x = left + width * part
        drawing.path(f"M{x:.1f} {top + height:.1f}v4", kind="edge", width=1)
        drawing.text(x, top + height + 17, label, kind="soft", size=11, anchor="middle")
    drawing.path(f"M{left:.0f} {top + height:.1f}h{width:.0f}", kind="edge", width=1)
    for line in lines:
        if line.points:
            steps = "L".join(f"{left + width * x:.1f} {top + height * (1 - y):.1f}" for x, y in line.points)
            alone = len(set(line.points)) == 1
            drawing.path("M" + steps, kind=line.kind, width=DOT if alone else STROKE)


def round_top(most: float) -> float:
    """Return the end of an axis that holds `most`: 1, 2 or 5 times a power of ten."""
    step = 1.0
    while step * 10 < most:
        step *= 10
    return next(step * each for each in (1, 2, 5, 10) if step * each >= most)
