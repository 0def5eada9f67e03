"""`invalidator send`: what it would send and cost; then the messages that make the worker do it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployed import Deployed, one_line, standing
from infra.cli.errors import CommandError, explain_aws_error, interrupted_says
from infra.cli.pause import event_source_mappings, is_off
from infra.cli.printing import many, print_command, print_json, print_table, print_text, some, typed, visible
from infra.cli.s3_url import S3Url, read_s3_url
from infra.cli.send.planned import Planned, ToTarget, by_bucket, plan_sending
from infra.cli.serving import find_serving
from infra.cli.session import Session, output
from infra.cli.viewer.objects import stored
from invalidator.core.limits.account import OWN_ACCOUNT, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import FREE_PATHS_A_MONTH, Spending, cost_usd
from invalidator.core.routing.target import TargetRoutes

MOST_SHOWN = 20
# So many keys are looked for: a typed prefix without its slash is a common slip.
MOST_LOOKED_FOR = 20


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs.

    Attributes:
        paths: how many paths it has.
        usd: their price, in US dollars, after what each account spent this month.
        spent: paths that each account spent this month; the own account's is `OWN_ACCOUNT`.
    """

    paths: int
    usd: float
    spent: Mapping[str, int]


def send_by_hand(session: Session, texts: Sequence[str], *, yes: bool) -> int:
    """Show what these URLs would send, and with `yes` put it on the worker's queue; return the exit code."""
    urls = [read_s3_url(text) for text in texts]
    deployed = Deployed(session)
    serving = find_serving(deployed)
    if serving.unreadable:
        raise CommandError(f"who serves what is not known: {serving.unreadable}")
    asked = by_bucket(urls)
    now = time.time()
    spending: dict[str, Spending] = {}
    limits = deployed.settings.limits

    def allow(target: TargetRoutes, changed: int) -> Allowance:
        stands = standing(deployed, target.target, target.role, now)
        spending[target.role or OWN_ACCOUNT] = stands.spending
        return stands.allow(limits, now, changed)

    with one_line():
        planned = plan_sending(asked, list(serving.targets.values()), deployed.settings.routing, allow)
    _note_slips(session, urls)
    notes = [f"{visible(bucket)}: {why}" for bucket in asked if (why := serving.unknown(bucket, 0.0))]
    if not planned.targets:
        why = notes[0] if notes else "see: invalidator route list"
        raise CommandError(
            f"no distribution serves {some([visible(str(each)) for each in planned.unserved])}, so nothing is to be "
            f"invalidated; {why}"
        )
    notes += [
        f"nobody serves {visible(str(url))}, or nobody caches it: nothing of it is sent"
        for url in planned.unserved
    ]
    notes += [
        _spent(account, each, limits) for account, each in spending.items() if limits.over_budget(each, now)
    ]
    notes += _paused(session)
    price = _price(planned.targets, spending)
    sent = _send(session, planned) if yes else 0
    if session.as_json:
        print_json(_document(planned, price, yes=yes))
    else:
        _print(planned, price)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if not yes:
        click.echo("Dry run: nothing was sent. To send it, add --yes.", err=True)
    elif not session.as_json:
        print_text(f"Handed to the worker ({many(sent, 'message')}). When it is done, this returns:")
        print_command(typed("wait", *([str(urls[0])] if len(urls) == 1 else [])))
    return 0


def _spent(account: str, spending: Spending, limits: Limits) -> str:
    whose = "" if account == OWN_ACCOUNT else f" by {account}"
    return (
        f"the budget{whose} is spent for now ({spending.month} of {limits.monthly_budget} paths this month): each "
        f"distribution is sent one path every {limits.over_budget_seconds:.0f} s"
    )


def _send(session: Session, planned: Planned) -> int:
    queue = session.client("sqs")
    url = output(session, "QueueUrl")
    sent = 0

    def stopped() -> str:
        return (
            f"interrupted; {sent} or {sent + 1} of {many(len(planned.messages), 'message')} are handed to the worker, "
            "which sends them; run it again for the rest: what is sent by then costs nothing again"
        )

    with interrupted_says(stopped):
        for body in planned.messages:
            queue.send_message(QueueUrl=url, MessageBody=body)
            sent += 1
    return sent


def _price(targets: Sequence[ToTarget], spending: Mapping[str, Spending]) -> Price:
    spent = {account: each.month for account, each in spending.items()}
    usd = 0.0
    for account, month in spent.items():
        mine = sum(len(each.sent.paths) for each in targets if (each.role or OWN_ACCOUNT) == account)
        usd += cost_usd(mine, month)
    return Price(sum(len(each.sent.paths) for each in targets), round(usd, 6), spent)


def _note_slips(session: Session, urls: Sequence[S3Url]) -> None:
    """Say of a key that is not there what a prefix looks like: both are right, and one is often meant."""
    keys = [url for url in urls if not url.is_prefix]
    for url in keys[:MOST_LOOKED_FOR]:
        if stored(session, url.bucket, url.rest).exists is False:
            click.echo(
                f"note: there is no object {visible(str(url))} now; if you mean all that begins so, write "
                f"{visible(str(url))}/ or '{visible(str(url))}*'",
                err=True,
            )


def _paused(session: Session) -> list[str]:
    try:
        off = [step for step, mapping in event_source_mappings(session).items() if is_off(mapping)]
    except (BotoCoreError, ClientError) as error:
        return [f"whether the worker is paused is not known: {explain_aws_error(error)}"]
    return [f"{' and '.join(off)} paused; it is sent after: invalidator resume"] if off else []


def _document(planned: Planned, price: Price, *, yes: bool) -> dict[str, Any]:
    return {
        "dry_run": not yes,
        "distributions": [
            {
                "id": each.target,
                "role": each.role,
                "paths": each.sent.paths,
                "exact": len(each.sent.exact),
                "wildcards": len(each.sent.wildcards),
            }
            for each in planned.targets
        ],
        "paths": price.paths,
        "cost_usd": price.usd,
        "paths_this_month": price.spent.get(OWN_ACCOUNT),
        "messages": len(planned.messages) if yes else 0,
        "unserved": [str(each) for each in planned.unserved],
    }


def _print(planned: Planned, price: Price) -> None:
    print_table(
        ("DISTRIBUTION", "PATHS", "WILDCARDS", "SUCH AS"),
        [
            (each.target, f"{len(each.sent.paths)}", f"{len(each.sent.wildcards)}", some(each.sent.paths, 2))
            for each in planned.targets[:MOST_SHOWN]
        ],
    )
    if (more := len(planned.targets) - MOST_SHOWN) > 0:
        click.echo(f"and {more} more distributions; --json shows all")
    used = price.spent.get(OWN_ACCOUNT)
    of_free = "" if used is None else f" ({used:,} of this month's {FREE_PATHS_A_MONTH:,} free ones are used)"
    print_text(f"{many(price.paths, 'path')}: ${price.usd:.3f}{of_free}")
