"""`invalidator simulate`: what an upload would cost and how fresh it would be, without an AWS account."""

import dataclasses
import json
import random
from pathlib import Path

import click

from infra.cli.errors import CommandError
from infra.cli.session import Session, session_options
from infra.local.quotas import Regime
from infra.simulator.simulation import Result, Upload

# One invalidation path an object: what the ancestor of this idea would send.
ONE_PER_OBJECT_USD = 0.005
FREE = 1000


@click.command()
@click.option(
    "--objects", type=click.IntRange(1), default=10_000, show_default=True, help="Objects to upload."
)
@click.option(
    "--directories", type=click.IntRange(1), default=100, show_default=True, help="In so many folders."
)
@click.option(
    "--keys", type=click.Path(path_type=Path, dir_okay=False), help="Upload these keys, one a line."
)
@click.option(
    "--upload-rate",
    type=click.FloatRange(0, min_open=True),
    default=500.0,
    show_default=True,
    help="A second.",
)
@click.option(
    "--window", type=click.FloatRange(0, 300), default=20.0, show_default=True, help="Batch window, seconds."
)
@click.option(
    "--quota", type=click.Choice([each.value for each in Regime]), default="both", show_default=True
)
@click.option(
    "--monthly-budget", type=click.IntRange(0), default=1000, show_default=True, help="Paths; 0 is none."
)
@click.option(
    "--error-rate", type=click.FloatRange(0, 0.9), default=0.0, show_default=True, help="Part of 5xx answers."
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
    keys: Path | None,
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
    if chart is not None and chart.suffix not in (".svg", ".png"):
        raise CommandError(f"--chart {chart}: the file must end in .svg or .png")
    uploaded = _read_keys(keys) if keys else made_tree(objects, directories, seed)
    upload = Upload(uploaded, upload_rate, window, Regime(quota), monthly_budget, seed, error_rate)
    result = _run(upload)
    if chart is not None:
        from infra.simulator.chart import draw  # noqa: PLC0415  start-up

        draw(result, chart)
    counted = {
        field.name: getattr(result, field.name)
        for field in dataclasses.fields(result)
        if field.name != "moments"
    }
    if session.as_json:
        click.echo(json.dumps(counted))
    else:
        _print(result)


def made_tree(objects: int, directories: int, seed: int) -> list[str]:
    """Return the keys of a made tree, in a random order as parallel uploads have it."""
    width = len(str(objects))
    keys = [f"assets/part-{index % directories:04d}/file-{index:0{width}d}.js" for index in range(objects)]
    random.Random(seed).shuffle(keys)  # noqa: S311  not cryptography
    return keys


def _read_keys(path: Path) -> list[str]:
    try:
        keys = [line for line in path.read_text("utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--keys {path}: {error}") from error
    if not keys:
        raise CommandError(f"--keys {path}: no keys in it, one a line is expected")
    return keys


def _run(upload: Upload) -> Result:
    from rich.console import Console  # noqa: PLC0415  start-up
    from rich.progress import Progress  # noqa: PLC0415  start-up

    from infra.simulator.simulation import simulate as run  # noqa: PLC0415  start-up

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("uploading", total=len(upload.keys))
        return run(upload, lambda written: progress.update(task, completed=written))


def _print(result: Result) -> None:
    one_per_object = max(0, result.objects - FREE) * ONE_PER_OBJECT_USD
    rows = [
        ("objects uploaded", f"{result.objects:,}"),
        ("messages", f"{result.messages:,}"),
        ("invocations of the worker", f"{result.invocations:,}"),
        ("invalidation requests", f"{result.requests:,} ({result.refused_requests} refused)"),
        ("paths sent", f"{result.paths:,} ({result.wildcards} wildcards)"),
        ("cost", f"${result.cost_usd:,.2f} (one path an object: ${one_per_object:,.2f})"),
        ("objects still stale", f"{result.stale_objects:,}"),
        ("dead letters", f"{result.dead_lettered:,}"),
        ("an object was stale for", f"{result.median_stale_seconds:.1f} s (median)"),
        ("last object fresh after", f"{result.last_fresh_seconds:.1f} s"),
    ]
    for name, value in rows:
        click.echo(f"{name:<28}{value}")
