"""`invalidator plan`: what would be invalidated for these keys. It sends nothing and changes nothing."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.input_files import STDIN, read_keys
from infra.cli.keys.commands import DEFAULT_MAX_PATHS, DEFAULT_MAX_WILDCARDS
from infra.cli.keys.planning import DistributionPlan, plan_for
from infra.cli.keys.routers import find_routers
from infra.cli.keys.source import Source
from infra.cli.printing import print_json, print_table, visible
from infra.cli.session import Session
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.distribution import Distribution

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed

MOST_SHOWN = 20


def plan_keys(
    session: Session,
    *,
    bucket: str,
    keys: str,
    inventory: str | None,
    source: Source,
    max_paths: int | None,
    max_wildcards: int | None,
) -> None:
    """Show what these keys would send.

    Args:
        session: how it answers, and the stack that is asked where `source` names no files.
        bucket: the bucket's name.
        keys: the file of changed keys.
        inventory: the file of every key, None where that is not known.
        source: where the distributions come from.
        max_paths: the most paths; None for the default, or the stack's.
        max_wildcards: the most wildcards among them, likewise.
    """
    if [keys, inventory, *source.distributions, *source.policies].count(STDIN) > 1:
        raise CommandError("stdin can be read once only: give '-' for one file")
    if not bucket or "/" in bucket or ":" in bucket:
        raise CommandError(f"--bucket {visible(bucket)!r}: give the bucket's name alone, such as my-site")
    changed = read_keys(keys)
    stored = None if inventory is None else read_keys(inventory)
    theirs = find_routers(session, bucket, source)
    allow = partial(_allowance, theirs.deployed, max_paths, max_wildcards)
    plans = [
        plan_for(routers, changed, partial(allow, routers[0].distribution), stored)
        for routers in theirs.routers.values()
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
        import time

        from infra.cli.deployed import one_line, standing

        now = time.time()
        with one_line():
            stands = standing(deployed, distribution.id, distribution.role, now)
        allowance = stands.allow(deployed.settings.limits, now, changed)
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
