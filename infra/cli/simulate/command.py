"""`invalidator simulate`: what an upload would cost and how fresh it would be, without an AWS account."""

import math
from pathlib import Path
from typing import Any

import click

from infra.cli.session import Session, session_options
from infra.local.cloudfront.quotas import Regime


def _number(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse "nan", which lies in every range."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("it is not a number", context, parameter)
    return value


@click.command()
@click.option("--scenario", metavar="NAME", help="Run a named one; --list explains them.")
@click.option("--list", "listing", is_flag=True, help="List the scenarios.")
@click.option("--objects", type=click.IntRange(1), help="Objects to upload.  [default: 10000]")
@click.option("--directories", type=click.IntRange(1), help="In so many folders.  [default: 100]")
@click.option("--keys", metavar="FILE", help="Upload these keys, one a line, not encoded; - is stdin.")
@click.option("--literal", is_flag=True, help="A line of --keys is a key, whatever it looks like.")
@click.option(
    "--upload-rate",
    type=click.FloatRange(0.01, 1e6),
    callback=_number,
    help="Objects a second.  [default: 500]",
)
@click.option(
    "--distributions",
    type=click.IntRange(1, 10_000),
    help="Instead of one upload: so many, each with a bucket.",
)
@click.option(
    "--changes-every",
    type=click.FloatRange(0.1, 1e6),
    callback=_number,
    help="One page of each changes so often, seconds.  [default: 20]",
)
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(1, 2_678_400),
    callback=_number,
    help="For so long, seconds.  [default: 3600]",
)
@click.option(
    "--window", type=click.FloatRange(0, 300), callback=_number, help="GatherSeconds.  [default: 10]"
)
@click.option("--quiet", type=click.FloatRange(0, 300), callback=_number, help="QuietSeconds.  [default: 1]")
@click.option(
    "--quota", type=click.Choice([each.value for each in Regime]), help="What is enforced.  [default: both]"
)
@click.option("--monthly-budget", type=click.IntRange(0), help="Paths; 0 is none.  [default: 1000]")
@click.option(
    "--error-rate",
    type=click.FloatRange(0, 0.9),
    callback=_number,
    help="Part of 5xx answers.  [default: 0]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides every chance.")
@click.option(
    "--chart", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: FILE.svg or FILE.png."
)
@session_options
def simulate(session: Session, *, listing: bool, **asked: Any) -> None:
    """Change objects in virtual time: the real worker, and a strict CloudFront.

    Nothing is sent anywhere. A million objects take a few minutes.

    \b
    Example:
      invalidator simulate --objects 2000 --directories 20 --quota rate
      invalidator simulate --scenario small-deploy
      invalidator simulate --distributions 12 --changes-every 60 --for 1800
    """
    from infra.cli.simulate.running import Asked, list_scenarios, show_simulation

    if listing:
        list_scenarios(session)
    else:
        show_simulation(session, Asked.of(asked))
