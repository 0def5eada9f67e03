"""What a bucket sends, where, and whether it reaches the queue: the rules of `bucket list`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bucket_subscription.document import Document, Entry, entries, sends_to_eventbridge
from bucket_subscription.owner import EVENTS, Owner
from infra.cli.printing import harmless, print_command, typed

# The state of a bucket that could not be read.
UNKNOWN = "unknown"
# One that should send and does not reach the queue.
BROKEN = "broken"
NOT_CONNECTED = "not connected"
CONNECT_AGAIN = "connect it again"


@dataclass(frozen=True, slots=True)
class BucketState:
    """One bucket, as found.

    Attributes:
        bucket: its name.
        state: "works", "broken", "not connected" or "unknown".
        reason: why, in one line with the fix.
        entries: each entry, and whether it is this stack's.
        eventbridge: whether it sends to EventBridge.
    """

    bucket: str
    state: str
    reason: str
    entries: tuple[tuple[Entry, bool], ...]
    eventbridge: bool

    def as_json(self) -> dict[str, Any]:
        """Return the state for `--json`."""
        return {
            "bucket": self.bucket,
            "state": self.state,
            "reason": self.reason,
            "eventbridge": self.eventbridge,
            "entries": [
                {
                    "id": entry.id,
                    "kind": entry.kind,
                    "to": entry.arn,
                    "events": list(entry.events),
                    "prefix": entry.keys.prefix,
                    "suffix": entry.keys.suffix,
                    "own": own,
                }
                for entry, own in self.entries
            ],
        }


@dataclass(frozen=True, slots=True)
class Through:
    """What EventBridge does with a bucket's events.

    Attributes:
        rules: names of the rules that take them to the queue, and whom it lets in; "works" needs one.
        wrong: what keeps them from the queue though a rule is meant to take them, plain sentences.
    """

    rules: Sequence[str] = ()
    wrong: Sequence[str] = ()


def read_state(
    bucket: str,
    document: Document,
    owner: Owner,
    *,
    problem: str | None,
    through: Callable[[], Through],
) -> BucketState:
    """Return the bucket's state.

    Args:
        bucket: its name.
        document: its notification configuration.
        owner: whose entries are ours.
        problem: why S3 cannot send the bucket's events to the queue, None where nothing says so.
        through: looks what EventBridge does with its events; asked only where it sends them there.
    """
    listed = tuple((entry, owner.owns(entry.id, entry.arn)) for entry in entries(document))
    eventbridge = sends_to_eventbridge(document)
    own = [entry for entry, is_own in listed if is_own]
    state, reason = _judge(own, problem, through() if eventbridge else Through())
    alike = next((entry for entry, is_own in listed if owner.names(entry.id) and not is_own), None)
    if state == NOT_CONNECTED and alike is not None:
        state, reason = (
            BROKEN,
            f"entry {alike.id} is called as ours, but sends to {alike.arn}; remove it, then connect",
        )
    elif state == NOT_CONNECTED and eventbridge:
        reason = "sends to EventBridge, but no rule takes it to the queue; name it in EventBridgeBuckets"
    return BucketState(bucket, state, reason, listed, eventbridge)


def _judge(own: Sequence[Entry], problem: str | None, through: Through) -> tuple[str, str]:
    if not own:
        if through.wrong:
            return BROKEN, "; ".join(through.wrong)
        return (
            ("works", f"through EventBridge rule {through.rules[0]}")
            if through.rules
            else (NOT_CONNECTED, "")
        )
    for entry in own:
        missing = [event for event in EVENTS if event not in entry.events]
        if missing:
            return BROKEN, f"entry {entry.id} lacks {', '.join(missing)}; {CONNECT_AGAIN}"
    if problem:
        return BROKEN, problem
    if through.rules:
        return "works", f"twice: directly, and through EventBridge rule {through.rules[0]}; disconnect one"
    return "works", "; ".join(str(entry.keys) for entry in own)


def print_states(states: Sequence[BucketState], *, asked: bool) -> None:
    """Print a table, one row an entry; then what to type for those that do not send.

    Args:
        states: of each bucket.
        asked: whether somebody asked for just these: then one that was never connected is meant to be.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("bucket", "state", "sends", box=None, pad_edge=False)
    for state in states:
        label = state.state + (f": {state.reason}" if state.reason else "")
        sends = [
            f"{entry.kind} {entry.arn.rsplit(':', 1)[-1]}{' (ours)' if own else ''}: "
            f"{', '.join(event.removeprefix('s3:') for event in entry.events)} for {entry.keys}"
            for entry, own in state.entries
        ]
        if state.eventbridge:
            sends.append("EventBridge: every event")
        table.add_row(state.bucket, harmless(label), harmless("\n".join(sends) or "nothing"))
    Console(highlight=False, markup=False).print(table)
    for state in states:
        again = state.state == BROKEN and state.reason.endswith(CONNECT_AGAIN)
        if again or (asked and state.state == NOT_CONNECTED and not state.eventbridge):
            print_command(typed("bucket", "connect", state.bucket))
        elif state.state == BROKEN:
            print_command(typed("check", "--repair"))
