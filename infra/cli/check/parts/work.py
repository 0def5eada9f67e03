"""The work: the oldest unsent change, the budget, dead letters, and alarms that ring."""

from collections.abc import Iterator
from typing import Any

from infra.cli.check.finding import Finding, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.printing import many, span
from infra.cli.session import output
from infra.cli.waits import waits_for
from invalidator.core.limits.account import OWN_ACCOUNT

PART, BUDGET, LETTERS, ALARMS = "changes", "budget", "dead letters", "alarms"
DEFAULT_ALARM_SECONDS = 1800.0


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the oldest change that is not sent."""
    waiting = [wake for wake in ground.deployed.wakes.waiting() if wake.since is not None]
    if not waiting:
        yield ok(PART, "all that changed is sent")
        return
    oldest = min(waiting, key=lambda wake: wake.since or 0.0)
    age = ground.now - (oldest.since or ground.now)
    most = float(ground.parameters.get("BacklogAlarmSeconds") or DEFAULT_ALARM_SECONDS)
    text = f"the oldest unsent change, of {waits_for(oldest.name)}, is {span(age)} old"
    if age > most:
        yield wrong(PART, f"{text}: {oldest.reason or 'it gathers'}", "invalidator pending list")
    else:
        yield ok(PART, text)


def budget(ground: Ground) -> Iterator[Finding]:
    """Look whether the month's paths are spent."""
    spent = ground.deployed.accounts.known(OWN_ACCOUNT, ground.now).spending
    limits = ground.settings.limits
    if limits.hard_path_limit and spent.month >= limits.hard_path_limit:
        yield wrong(
            BUDGET,
            f"HardPathLimit ({limits.hard_path_limit:,}) is reached: nothing is sent until the month ends",
            "raise HardPathLimit, and make deploy",
        )
    elif limits.over_budget(spent, ground.now):
        yield wrong(
            BUDGET,
            f"it is spent for now ({spent.month:,} of {limits.monthly_budget:,} paths): each distribution is sent one "
            f"path every {limits.over_budget_seconds:.0f} s",
            "invalidator status; raise MonthlyPathBudget, and make deploy",
        )
    else:
        of_all = f" of {limits.monthly_budget:,}" if limits.monthly_budget else ", no budget"
        yield ok(BUDGET, f"{many(spent.month, 'path')} this month{of_all}")


def letters(ground: Ground) -> Iterator[Finding]:
    """Look for dead letters."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    got = ground.session.client("sqs").get_queue_attributes(
        QueueUrl=output(ground.session, "DeadLetterQueueUrl"), AttributeNames=names
    )["Attributes"]
    count = sum(int(value) for value in got.values())
    if count:
        yield wrong(
            LETTERS, f"{many(count, 'dead letter')}: what they name may be stale", "invalidator dlq explain"
        )
    else:
        yield ok(LETTERS, "none")


def alarms(ground: Ground) -> Iterator[Finding]:
    """Look for alarms of the stack that ring."""
    pages = ground.session.client("cloudwatch").get_paginator("describe_alarms")
    found: list[Any] = [
        each
        for page in pages.paginate(AlarmNamePrefix=f"{ground.session.stack}-", AlarmTypes=["MetricAlarm"])
        for each in page["MetricAlarms"]
    ]
    ringing = [each for each in found if each["StateValue"] == "ALARM"]
    for each in ringing:
        description, _, command = each.get("AlarmDescription", "").partition("Type: ")
        name = each["AlarmName"].removeprefix(f"{ground.session.stack}-")
        yield wrong(ALARMS, f"{name} rings: {description.strip()}", command.strip() or "invalidator status")
    if found and not ringing:
        yield ok(ALARMS, f"{len(found)}, none rings")
    elif not found:
        yield wrong(ALARMS, "the stack has none: nobody would be told", "make deploy")
