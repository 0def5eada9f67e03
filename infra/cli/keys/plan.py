"""`invalidator plan`: what would be invalidated for these keys. It sends nothing and changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from infra.cli.defaults import default_settings
from infra.cli.errors import CommandError
from infra.cli.files.input_files import STDIN, read_keys
from infra.cli.files.object_lines import Content, read_objects
from infra.cli.keys.planning import DistributionPlan, Purges, plan_for
from infra.cli.keys.routers import find_routers
from infra.cli.keys.source import Source
from infra.cli.printing import many, print_json, print_table, visible
from infra.cli.session import Session
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending
from invalidator.core.routing.distribution import Distribution

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed

MOST_SHOWN = 20
# Columns that paths stand in; a longer one pushes what stands beside it.
MOST_WIDE = 50
# Any month's first moment: the month has earned its head start, and nothing is spent.
FIRST_DAY = 0.0


def plan_keys(
    session: Session,
    *,
    bucket: str,
    keys: str | None,
    inventory: str | None,
    source: Source,
    max_paths: int | None,
    max_wildcards: int | None,
    remembered: str | None = None,
    changes: str | None = None,
    literal: bool = False,
) -> None:
    """Show what these keys would send.

    Args:
        session: how it answers, and the stack that is asked where `source` names no files.
        bucket: the bucket's name.
        keys: the file of changed keys; None where `changes` names them.
        inventory: the file of every key, None where that is not known.
        source: where the distributions come from.
        max_paths: the most paths; None for the default, or the stack's.
        max_wildcards: the most wildcards among them, likewise.
        remembered: the file of what was there before, None for a bucket that is not remembered.
        changes: the file of what is written, with it.
        literal: a line of keys is a key, whatever it looks like.
    """
    if (keys is None) == (changes is None) or (remembered is None) != (changes is None):
        raise CommandError("give --keys FILE, or --remembered FILE with --changes FILE")
    if [keys, inventory, remembered, changes, *source.distributions, *source.policies].count(STDIN) > 1:
        raise CommandError("stdin can be read once only: give '-' for one file")
    if not bucket or "/" in bucket or ":" in bucket:
        raise CommandError(f"--bucket {visible(bucket)!r}: give the bucket's name alone, such as my-site")
    if keys is not None:
        judged = Written(read_keys(keys, literal=literal))
    else:
        judged = as_remembered(
            read_objects(str(remembered), "--remembered"), read_objects(str(changes), "--changes")
        )
    changed = judged.keys
    stored = judged.stored if inventory is None else read_keys(inventory, literal=literal)
    theirs = find_routers(session, bucket, source)
    allow = partial(_allowance, theirs.deployed, max_paths, max_wildcards)
    plans = [
        plan_for(routers, changed, partial(allow, routers[0].distribution), stored, judged.new)
        for routers in theirs.routers.values()
    ]
    for each in plans:
        for note in each.notes:
            click.echo(f"note: {visible(each.distribution)}: {visible(note)}", err=True)
    if session.as_json:
        print_json({**_as_json(bucket, changed, plans), **judged.told})
    else:
        for name, count in judged.told.items():
            click.echo(f"{count} {name}")
        _print(bucket, changed, plans)


@dataclass(frozen=True, slots=True)
class Written:
    """What a plan is for.

    Attributes:
        keys: the keys that changed for viewers, or may have.
        new: those of them that the bucket did not hold before.
        stored: all keys of the bucket afterwards, None where that is not known.
        told: how many of the written keys are unchanged and new, where that was judged.
    """

    keys: tuple[str, ...]
    new: frozenset[str] = frozenset()
    stored: tuple[str, ...] | None = None
    told: Mapping[str, int] = field(default_factory=dict)


def as_remembered(before: Mapping[str, Content], written: Mapping[str, Content]) -> Written:
    """Judge what is written as the memory of a bucket would that knows what was there before.

    Headers are not told here: they count as they were.
    """
    unchanged = {key for key, one in written.items() if one.etag and before.get(key) == one}
    new = frozenset(key for key, one in written.items() if key not in before and one.etag)
    gone = {key for key, one in written.items() if not one.etag}
    told = {
        "unchanged": len(unchanged),
        "new": len(new),
        "changed": len(written) - len(unchanged) - len(new),
    }
    stored = tuple(key for key in {**before, **written} if key not in gone)
    return Written(tuple(key for key in written if key not in unchanged), new, stored, told)


def _allowance(
    deployed: "Deployed | None",
    max_paths: int | None,
    max_wildcards: int | None,
    distribution: Distribution,
    changed: int,
) -> Allowance:
    if max_paths is not None and max_wildcards is not None:
        return Allowance(max_paths, min(max_paths, max_wildcards))
    if deployed is not None:
        allowed, when = _as_it_stands(deployed, distribution, changed), "now"
    elif max_paths is None:
        allowed, when = _on_a_fresh_month(changed), "by the template's defaults on a month's first day"
    else:
        allowed, when = default_settings().limits.ceiling, ""
    paths = max_paths or allowed.paths
    allowance = Allowance(paths, min(paths, max_wildcards or allowed.wildcards))
    if when:
        click.echo(
            f"note: {visible(distribution.id)} would get at most {many(allowance.paths, 'path')} {when}, "
            f"{allowance.wildcards} of them wildcards, for {many(changed, 'changed path')}"
            + ("" if deployed else "; --max-paths says otherwise"),
            err=True,
        )
    return allowance


def _as_it_stands(deployed: "Deployed", distribution: Distribution, changed: int) -> Allowance:
    import time

    from infra.cli.deployed import one_line, standing

    now = time.time()
    with one_line():
        stands = standing(deployed, distribution.id, distribution.role, now)
    return stands.allow(deployed.settings.limits, now, changed)


def _on_a_fresh_month(changed: int) -> Allowance:
    """The most that a stack would send that has spent nothing, with the budget's rule for bulk uploads."""
    return default_settings().limits.allow(Spending(), None, FIRST_DAY, changed)


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
        _print_sent(each)
        _print_some(f"{visible(each.distribution)} does not serve:", each.unserved)


def _print_sent(plan: DistributionPlan) -> None:
    """The paths, wildcards first: what they purge besides is what a person looks for."""
    purges = plan.purges
    width = max((len(visible(path)) for path in plan.sent.wildcards), default=0)
    wildcards = [
        f"{visible(path):<{min(width, MOST_WIDE)}}  {_purged(purges[path])}" for path in plan.sent.wildcards
    ]
    _print_some(
        f"{visible(plan.distribution)} would be sent:", [*wildcards, *map(visible, plan.sent.exact)], raw=True
    )
    if wildcards and plan.collateral is None:
        click.echo("  What wildcards purge besides is not known without --inventory.")


def _purged(purges: Purges) -> str:
    changed = f"{purges.changed:,} changed"
    return changed if purges.besides is None else f"{changed}, {purges.besides:,} besides"


def _print_some(title: str, lines: Sequence[str], *, raw: bool = False) -> None:
    if not lines:
        return
    click.echo(f"\n{title}")
    for line in lines[:MOST_SHOWN]:
        click.echo(f"  {line if raw else visible(line)}")
    if len(lines) > MOST_SHOWN:
        click.echo(f"  … and {len(lines) - MOST_SHOWN} more; --json shows all")
