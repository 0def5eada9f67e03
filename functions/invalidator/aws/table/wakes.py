"""Wakes, in DynamoDB.

| pk | sk | holds |
| --- | --- | --- |
| `wakes#0` to `wakes#7` | owner name | `due` and `called` of what is asked for, `asked` (the first change behind that), `since` (the first change not sent yet), `lease` and `token` of the run that holds it, `rest`, `rest_until`, `waiting`, `reason` |
"""  # noqa: E501  a row of a table

import logging
from collections.abc import Iterator
from dataclasses import fields

from invalidator.aws.table.dynamodb import DynamoDbTable, Item, key, number, text
from invalidator.core.pending.wakes import (
    ABSURD_SECONDS,
    LONGEST_LEASE_SECONDS,
    SHARDS,
    Rest,
    Wake,
    believed,
    shard_of,
)
from invalidator.failures import TableUnavailable

# What is no number, somebody wrote by hand: compared with one it is neither less nor more, and would stand for ever.
FREE = "(NOT attribute_type(#lease, :number) OR #lease <= :now OR #lease > :absurd)"
NOT_ASKED = "NOT attribute_type(#due, :number)"
NUMBER = {":number": text("N")}
KINDS = dict.fromkeys(("due", "called", "asked", "since", "lease", "rest", "rest_until", "waiting"), "N")
KINDS |= dict.fromkeys(("reason", "token"), "S")

_logger = logging.getLogger(__name__)


class WakeTable:
    """The port `Wakes` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def wake(self, name: str, due: float, since: float, called: float) -> Wake | None:
        """Ask for a look where none is asked for; return the wake then."""
        item = self._table.update(
            wake_key(name),
            "SET #due = :due, #called = :called, #asked = :since, #since = if_not_exists(#since, :since)",
            {
                ":due": number(due),
                ":called": number(called),
                ":since": number(since),
                ":absurd": number(due + ABSURD_SECONDS),
                **NUMBER,
            },
            f"{NOT_ASKED} OR #due > :absurd",
        )
        return None if item is None else read_wake(name, item)

    def begin(self, name: str, now: float, until: float, token: str) -> Wake | None:
        """Take the lease until a time, and clear what was asked for; return how it stood before.

        A second try of the same call finds the lease taken, as if the run had died there: the sweep finds it.
        """
        item = self._table.update(
            wake_key(name),
            "SET #lease = :until, #token = :token REMOVE #due, #called, #asked",
            lease_values(now, until, token, LONGEST_LEASE_SECONDS),
            FREE,
            returns="ALL_OLD",
        )
        if item is None:
            return None
        found = read_wake(name, item)
        taken = believed(found, now)
        wrong = [each.name for each in fields(Wake) if getattr(found, each.name) != getattr(taken, each.name)]
        _say_wrong(name, [f"{each} lies too far ahead" for each in wrong])
        return taken

    def end(self, name: str, token: str, left: Wake) -> bool:
        """Give the lease back, and keep what the run leaves; tell whether it is this run that asked for a look."""
        values = {
            **NUMBER,
            ":token": text(token),
            ":rest": number(left.rest.seconds),
            ":rest_until": number(left.rest.until),
            ":waiting": number(left.waiting),
            ":reason": text(left.reason),
        }
        kept = "SET #rest = :rest, #rest_until = :rest_until, #waiting = :waiting, #reason = :reason"
        mine, removed = kept, "#lease, #token, #asked"
        mine_values = dict(values)
        if left.since is None:
            removed += ", #since"
        else:
            mine += ", #since = :since"
            mine_values[":since"] = number(left.since)
        if left.due is not None:
            mine += ", #due = :due, #called = :called"
            mine_values |= {":due": number(left.due), ":called": number(left.called)}
        if (
            self._table.update(
                wake_key(name),
                f"{mine} REMOVE {removed}",
                mine_values,
                f"#token = :token AND {NOT_ASKED}",
            )
            is not None
        ):
            return left.due is not None
        # Somebody asked meanwhile: that stays, and where nothing is left of this run, what they saw came first.
        if left.since is None:
            theirs = f"{kept}, #since = if_not_exists(#asked, #due)"
        else:
            theirs = f"{kept}, #since = :since"
            values[":since"] = number(left.since)
        self._table.update(
            wake_key(name),
            f"{theirs} REMOVE #lease, #token",
            values,
            "#token = :token AND attribute_type(#due, :number)",
        )
        return False

    def called(self, name: str, due: float, at: float) -> bool:
        """Note that a message is sent at `at` for what is asked for at `due`; False where that has changed."""
        values = {":called": number(at), ":due": number(due)}
        return self._table.update(wake_key(name), "SET #called = :called", values, "#due = :due") is not None

    def waiting(self) -> Iterator[Wake]:
        """Yield all that is asked for, held, waiting or resting; a moment old perhaps.

        Raises TableUnavailable at the end, where a part of the list could not be read.
        """
        failed: TableUnavailable | None = None
        for shard in range(SHARDS):
            try:
                for item in self._table.items(f"wakes#{shard}", consistent=False):
                    yield read_wake(item["sk"]["S"], item)
            except TableUnavailable as failure:
                if failed is not None:
                    raise  # no single part that is asked too much: the table is away, and each try takes seconds
                failed = failure
        if failed is not None:
            raise failed

    def forget(self, name: str, before: float) -> None:
        """Remove one for which nothing is asked and nothing waits, and whose rest ended before a time."""
        self._table.delete_if(
            wake_key(name),
            f"{NOT_ASKED} AND attribute_not_exists(#since)"
            " AND (attribute_not_exists(#rest_until) OR #rest_until < :before)"
            " AND (attribute_not_exists(#lease) OR #lease < :before)",
            {":before": number(before), **NUMBER},
        )


def wake_key(name: str) -> Item:
    """Return the key of a wake."""
    return key(f"wakes#{shard_of(name)}", name)


def lease_values(now: float, until: float, token: str, longest: float) -> Item:
    """Return the values of `FREE`, and of a lease until a time; one longer than `longest` seconds does not count."""
    return {
        ":until": number(until),
        ":token": text(token),
        ":now": number(now),
        ":absurd": number(now + longest),
        **NUMBER,
    }


def read_wake(name: str, item: Item) -> Wake:
    """Read a wake. A time that cannot be read is one long ago, so that somebody looks; nobody asked for such a look."""
    wrong = [each for each, kind in KINDS.items() if each in item and kind not in item[each]]
    _say_wrong(name, [f"{each} is not of its type" for each in wrong])
    due = _time(item, "due") if "N" in item.get("due", {}) else None
    damaged = due is None and "due" in item
    return Wake(
        name=name,
        due=due,
        called=_time(item, "called"),
        since=_time(item, "since") if "since" in item or damaged else None,
        leased_until=_time(item, "lease"),
        rest=Rest(_time(item, "rest"), _time(item, "rest_until")),
        waiting=int(_time(item, "waiting")),
        reason=str(item.get("reason", {}).get("S", "")),
    )


def _say_wrong(name: str, what: list[str]) -> None:
    if what:
        _logger.warning("wakes#%s %s: %s; nothing of it is believed", shard_of(name), name, ", ".join(what))


def _time(item: Item, name: str) -> float:
    return float(item[name].get("N", 0.0)) if name in item else 0.0
