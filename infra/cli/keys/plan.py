"""`invalidator plan`: what would be invalidated for these keys. It sends nothing and changes nothing."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.input_files import STDIN, read_keys
from infra.cli.keys.planning import DistributionPlan, plan_for
from infra.cli.keys.routing import Source, find_routing, routing_options
from infra.cli.printing import print_json, print_table
from infra.cli.session import Session, session_options
from infra.cli.visible import visible
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.distribution import Distribution

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed

DEFAULT_MAX_PATHS = 1000
DEFAULT_MAX_WILDCARDS = 15
MOST_SHOWN = 20


@click.command()
@click.option("--bucket", required=True, help="The bucket whose objects changed.")
@click.option(
    "--keys", required=True, metavar="FILE", help="The changed keys, one a line, not encoded; - is stdin."
)
@click.option(
    "--inventory", metavar="FILE", help="Every key in the bucket after the change, one a line; - is stdin."
)
@click.option(
    "--max-paths",
    type=click.IntRange(min=1),
    help=f"The most paths to send.  [default: {DEFAULT_MAX_PATHS}, or the stack's]",
)
@click.option(
    "--max-wildcards",
    type=click.IntRange(min=1),
    help=f"The most of them that are wildcards.  [default: {DEFAULT_MAX_WILDCARDS}, or the stack's]",
)
@routing_options
@session_options
def plan(
    session: Session,
    *,
    bucket: str,
    keys: str,
    inventory: str | None,
    max_paths: int | None,
    max_wildcards: int | None,
    **typed: Any,
) -> None:
    """Show what would be invalidated when these keys change; send nothing.

    With --distribution this needs no AWS account, so routing can be tested before it is deployed. Without,
    the distributions are those that the stack would invalidate.

    \b
    Example:
      aws cloudfront get-distribution --id E1 > e1.json
      printf 'index.html\\nimg/logo.svg\\n' > keys.txt
      invalidator plan --bucket my-site --keys keys.txt --distribution e1.json
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    source = Source(**typed)
    if [keys, inventory, *source.distribution_files, *source.policy_files].count(STDIN) > 1:
        raise CommandError("stdin can be read once only: give '-' for one file")
    if not bucket or "/" in bucket or ":" in bucket:
        raise CommandError(f"--bucket {visible(bucket)!r}: give the bucket's name alone, such as my-site")
    changed = read_keys(keys)
    stored = None if inventory is None else read_keys(inventory)
    routing = find_routing(session, bucket, source)
    allow = partial(_allowance, routing.deployed, max_paths, max_wildcards)
    plans = [
        plan_for(routers, changed, partial(allow, routers[0].distribution), stored)
        for routers in routing.routers.values()
    ]
    for each in plans:
        for note in each.notes:
            click.echo(f"note: {visible(each.distribution)}: {visible(note)}", err=True)
    if session.as_json:
        print_json(_as_json(bucket, changed, plans))
    else:
        _print(bucket, changed, plans)


def _allowance(
    deployed: "Deployed | None",
    max_paths: int | None,
    max_wildcards: int | None,
    distribution: Distribution,
    changed: int,
) -> Allowance:
    if max_paths is not None and max_wildcards is not None:
        allowance = Allowance(max_paths, max_wildcards)
    elif deployed is None:
        allowance = Allowance(DEFAULT_MAX_PATHS, DEFAULT_MAX_WILDCARDS)
    else:
        from infra.cli.allowance_now import allowance_now  # noqa: PLC0415  start-up: with files, AWS is not asked

        allowance = allowance_now(deployed, distribution, changed)
        click.echo(
            f"note: {visible(distribution.id)} would get at most {allowance.paths} paths now, "
            f"{allowance.wildcards} of them wildcards",
            err=True,
        )
    paths = max_paths or allowance.paths
    return Allowance(paths, min(paths, max_wildcards or allowance.wildcards))


def _as_json(bucket: str, keys: Sequence[str], plans: Sequence[DistributionPlan]) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "keys": len(keys),
        "distributions": [
            {
                "id": each.distribution,
                "paths": each.sent.paths,
                "exact": len(each.sent.exact),
                "wildcards": len(each.sent.wildcards),
                "cost_usd": each.cost_usd,
                "collateral": each.collateral,
                "unserved_keys": each.unserved,
            }
            for each in plans
        ],
    }


def _print(bucket: str, keys: Sequence[str], plans: Sequence[DistributionPlan]) -> None:
    click.echo(f"{len(keys)} changed key{'' if len(keys) == 1 else 's'} in {visible(bucket)}\n")
    print_table(
        ("Distribution", "Paths", "Wildcards", "Cost past free", "Also purged", "Not served"),
        [
            (
                each.distribution,
                f"{len(each.sent.paths)}",
                f"{len(each.sent.wildcards)}",
                f"${each.cost_usd:.3f}",
                "unknown" if each.collateral is None else f"{each.collateral}",
                f"{len(each.unserved)}",
            )
            for each in plans
        ],
    )
    for each in plans:
        _print_some(f"{visible(each.distribution)} would be sent:", each.sent.paths)
        _print_some(f"{visible(each.distribution)} does not serve:", each.unserved)


def _print_some(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    click.echo(f"\n{title}")
    for line in lines[:MOST_SHOWN]:
        click.echo(f"  {visible(line)}")
    if len(lines) > MOST_SHOWN:
        click.echo(f"  … and {len(lines) - MOST_SHOWN} more; --json shows all")
