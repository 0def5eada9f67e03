"""What to type for the dead letters of a reason, in this order; values in, values out."""

from collections.abc import Collection, Sequence

from infra.cli.dlq.diagnosis import SAFE_TO_PURGE, Verdict
from infra.cli.dlq.letters import Group
from infra.cli.dlq.selection import known
from infra.cli.printing import typed
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin

# Of a group in which some are safe to purge and some are not, so many ids are shown; --json holds all.
IDS_SHOWN = 3
# Nothing that can be mended brings these on their way.
_TO_PURGE = {
    Reason.NOT_JSON,
    Reason.NOT_A_NOTIFICATION,
    Reason.SUBSCRIPTION_UNCONFIRMED,
    Reason.BAD_RECORD,
    Reason.DISTRIBUTION_GONE,
    Reason.PATH_REFUSED,
}


def next_commands(group: Group, verdicts: Sequence[Verdict], pins: Collection[Pin] | None) -> list[str]:
    """Return the commands that mend it and then clear the letters away, each as a line to type.

    Args:
        group: the dead letters of one reason.
        verdicts: how it stands with each of them.
        pins: what people pinned; None where that cannot be read.
    """
    reason = known(group.reason)
    safe = [verdict for verdict in verdicts if verdict.state in SAFE_TO_PURGE]
    first: list[str] = []
    if reason is Reason.DISTRIBUTION_GONE:
        first = unpins(group, pins)
        if not first and len(safe) < len(verdicts):
            look = typed("route", "list" if pins is None else "refresh")
            return [look, typed("dlq", "explain", "--reason", group.reason)]
    elif reason is Reason.PATH_REFUSED:
        first = [typed("dlq", "show", group.letters[0].id)]
    elif reason is Reason.UNFINISHED and len(safe) < len(verdicts):
        first = [typed("logs", "--minutes", "60")]
    if len(safe) == len(verdicts) or reason in _TO_PURGE:
        return [*first, _purge(group.reason, "--reason", group.reason)]
    redrive = typed("dlq", "redrive", "--reason", group.reason, "--yes")
    ids = [part for verdict in safe[:IDS_SHOWN] for part in ("--id", verdict.letter.id)]
    return [*first, redrive, *([_purge(group.reason, *ids)] if ids else [])]


def unpins(group: Group, pins: Collection[Pin] | None) -> list[str]:
    """Return the commands that take back what is pinned of the group's distributions, none where nobody can tell."""
    named = {(pin.bucket, pin.distribution) for pin in pins or () if pin.distribution in group.distributions}
    return [
        typed("route", "unpin", bucket, "--distribution", distribution)
        for bucket, distribution in sorted(named)
    ]


def _purge(reason: str, *selected: str) -> str:
    name = reason if known(reason) else "dead-letters"
    return typed("dlq", "purge", *selected, "--export", f"{name}.jsonl", "--yes")
