"""Draws a simulated upload: objects that are stale, messages that wait, paths that are paid, over time."""

from pathlib import Path

from matplotlib.figure import Figure

from infra.simulator.result import Result


def draw(result: Result, file: Path) -> None:
    """Write the chart; the file's ending says as what: .svg or .png."""
    seconds = [each.seconds for each in result.moments]
    panels = [
        ("objects stale", [each.stale for each in result.moments]),
        ("messages waiting", [each.waiting for each in result.moments]),
        ("paths paid", [each.paths for each in result.moments]),
    ]
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots(len(panels), sharex=True)
    for panel, (name, values) in zip(axes, panels, strict=True):
        panel.plot(seconds, values, drawstyle="steps-post")
        panel.set_ylabel(name)
        panel.set_ylim(bottom=0)
        panel.grid(visible=True, alpha=0.3)
    axes[-1].set_xlabel("seconds since the start")
    figure.suptitle(
        f"{result.objects:,} objects: {result.paths:,} paths, last fresh after {result.last_fresh_seconds:.0f} s"
    )
    figure.savefig(file)
