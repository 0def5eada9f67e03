"""`invalidator simulate`: what an upload would cost and how fresh it would be, without an AWS account."""

import dataclasses
import importlib.util
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.errors import CommandError
from infra.cli.input_files import read_keys
from infra.cli.printing import progress, visible
from infra.cli.session import Session, session_options
from infra.local.cloudfront.quotas import Regime
from invalidator.core.limits.budget import cost_usd

if TYPE_CHECKING:
    from infra.simulator.simulation import Result


def _number(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse "nan", which lies in every range."""
    if math.isnan(value):
        raise click.BadParameter("it is not a number", context, parameter)
    return value


@click.command()
@click.option(
    "--objects", type=click.IntRange(1), default=10_000, show_default=True, help="Objects to upload."
)
@click.option(
    "--directories", type=click.IntRange(1), default=100, show_default=True, help="In so many folders."
)
@click.option("--keys", metavar="FILE", help="Upload these keys, one a line, not encoded; - is stdin.")
@click.option(
    "--upload-rate",
    type=click.FloatRange(0.01, 1e6),
    callback=_number,
    default=500.0,
    show_default=True,
    help="A second.",
)
@click.option(
    "--window",
    type=click.FloatRange(0, 300),
    callback=_number,
    default=20.0,
    show_default=True,
    help="Batch window, seconds.",
)
@click.option(
    "--quota", type=click.Choice([each.value for each in Regime]), default="both", show_default=True
)
@click.option(
    "--monthly-budget", type=click.IntRange(0), default=1000, show_default=True, help="Paths; 0 is none."
)
@click.option(
    "--error-rate",
    type=click.FloatRange(0, 0.9),
    callback=_number,
    default=0.0,
    show_default=True,
    help="Part of 5xx answers.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides every chance.")
@click.option(
    "--chart", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: FILE.svg or FILE.png."
)
@session_options
def simulate(
    session: Session,
    *,
    objects: int,
    directories: int,
    keys: str | None,
    upload_rate: float,
    window: float,
    quota: str,
    monthly_budget: int,
    error_rate: float,
    seed: int,
    chart: Path | None,
) -> None:
    """Upload objects in virtual time, to the real worker and a strict CloudFront.

    Nothing is sent anywhere. A million objects take a few minutes.

    \b
    Example:
      invalidator simulate --objects 2000 --directories 20 --quota rate
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.simulator.simulation import Upload
    from infra.simulator.simulation import simulate as run
    from infra.simulator.upload import made_tree

    if chart is not None and chart.suffix not in (".svg", ".png"):
        raise CommandError(f"--chart {chart}: the file must end in .svg or .png")
    if chart is not None and importlib.util.find_spec("matplotlib") is None:
        raise CommandError(
            "--chart needs matplotlib; install it beside: pipx inject cloudfront-invalidator matplotlib"
        )
    if chart is not None and not os.access(chart.parent, os.W_OK):
        raise CommandError(f"--chart {visible(str(chart))}: no file can be written in that folder")
    uploaded = read_keys(keys) if keys else made_tree(objects, directories, seed)
    if not uploaded:
        raise CommandError(f"--keys {visible(str(keys))}: no keys in it, one a line is expected")
    upload = Upload(uploaded, upload_rate, window, Regime(quota), monthly_budget, seed, error_rate)
    with progress("uploading", len(uploaded)) as advance:
        written = 0

        def show(now_written: int) -> None:
            nonlocal written
            advance(now_written - written)
            written = now_written

        result = run(upload, show)
    counted = {
        field.name: getattr(result, field.name)
        for field in dataclasses.fields(result)
        if field.name != "moments"
    }
    if session.as_json:
        click.echo(json.dumps(counted))
    else:
        _print(result)
    if chart is not None:
        from infra.simulator.chart import draw

        draw(result, chart)


def _print(result: "Result") -> None:
    rows = [
        ("objects uploaded", f"{result.objects:,}"),
        ("messages", f"{result.messages:,}"),
        ("invocations of the worker", f"{result.invocations:,}"),
        ("invalidation requests", f"{result.requests:,} ({result.refused_requests} refused)"),
        ("paths sent", f"{result.paths:,} ({result.wildcards} wildcards)"),
        ("cost", f"${result.cost_usd:,.2f} (one path an object: ${cost_usd(result.objects):,.2f})"),
        ("objects still stale", f"{result.stale_objects:,}"),
        ("dead letters", f"{result.dead_lettered:,}"),
        ("an object was stale for", f"{result.median_stale_seconds:.1f} s (median)"),
        ("last object fresh after", f"{result.last_fresh_seconds:.1f} s"),
    ]
    for name, value in rows:
        click.echo(f"{name:<28}{value}")
