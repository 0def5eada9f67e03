"""`invalidator bucket remember`: how far a bucket's memory is; starts it, and stops it."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import CommandError
from infra.cli.printing import instant, iso, many, print_json, print_text, visible
from infra.cli.session import Session
from invalidator.aws.queue import WakeQueue
from invalidator.aws.table.memory import MemoryTable
from invalidator.clock import SystemClock
from invalidator.core.pending.entry import memory_owner
from invalidator.core.remembering.memory_state import MemoryState, begun_anew
from invalidator.waking import Waking

# S3's list price of a thousand HEAD requests, and DynamoDB's of a thousand row writes, us-east-1.
HEADS_USD, ROWS_USD = 0.0004, 0.000625
BY_HAND = "stopped by hand"
# While a round goes on the worker saves the memory every few seconds: who saves first wins, the other looks again.
MOST_TRIES = 10
CHANGED = f"the bucket's memory was changed {MOST_TRIES} times while this was saved; type it again"


def remember_bucket(session: Session, name: str, *, forget: bool) -> None:
    """Show a bucket's memory, start it where it is stopped, or let it forget all and stop."""
    deployed = Deployed(session)
    memory = _memory(deployed, name)
    now = time.time()
    with one_line():
        state = _saved(memory, name, _stopped if forget else _started)
        if not forget and state.wants_round(now, deployed.settings.hints.basis):
            settings = deployed.settings
            queue = WakeQueue(session.client("sqs"), settings.wake_queue_url, settings.remember_queue_url)
            Waking(deployed.wakes, queue, SystemClock()).ask([memory_owner(name)], now, now)
    if session.as_json:
        print_json(as_json(name, state, now, deployed.settings.hints.basis))
    else:
        for line in lines(name, state, now, deployed.settings.hints.basis):
            print_text(line)


def _stopped(state: MemoryState) -> MemoryState:
    return replace(begun_anew(state, state.through, BY_HAND), stopped=True)


def _started(state: MemoryState) -> MemoryState:
    return replace(state, stopped=False)


def _saved(memory: MemoryTable, name: str, change: Callable[[MemoryState], MemoryState]) -> MemoryState:
    for _ in range(MOST_TRIES):
        state = memory.state(name)
        wanted = change(state)
        if wanted == state or memory.save(name, wanted):
            return wanted
    raise CommandError(CHANGED)


def as_json(name: str, state: MemoryState, now: float, basis: str) -> dict[str, Any]:
    """How far a memory is, as JSON."""
    return {
        "bucket": name,
        "state": stage(state, now, basis),
        "objects": state.round.objects if state.round.began else state.objects,
        "asked": state.round.asked,
        "complete_since": iso(state.complete) if state.complete else None,
        "unchanged": state.counts.unchanged,
        "new": state.counts.new,
        "changed": state.counts.changed,
        "refused": state.refused,
        "forgotten": state.forgotten,
    }


def stage(state: MemoryState, now: float, basis: str) -> str:
    """How far it is, in one word: `stopped`, `refused`, `round` or `complete`."""
    if state.stopped:
        return "stopped"
    if state.refused:
        return "refused"
    return "complete" if state.is_complete(now, basis) and not state.round.began else "round"


def lines(name: str, state: MemoryState, now: float, basis: str) -> list[str]:
    """How far it is, for people."""
    at = stage(state, now, basis)
    shown = visible(name)
    told = []
    if at == "stopped":
        told.append(f"{shown}: nothing is remembered, {state.forgotten or BY_HAND}; each change counts")
        told.append(f"start it: invalidator bucket remember {shown}")
    elif at == "refused":
        told.append(f"{shown}: S3 refuses, so each change counts: {state.refused}")
        told.append(
            "allow s3:GetObject and s3:ListBucket to the stack's RememberRole (and kms:Decrypt with its key)"
        )
    elif at == "complete":
        told.append(
            f"{shown}: {many(state.objects, 'object')} remembered, complete since {instant(state.complete)}"
        )
    else:
        passed = state.round
        cost = (HEADS_USD + ROWS_USD) * 1000
        told.append(
            f"{shown}: a round goes through it, {many(passed.objects, 'object')} so far; "
            f"it costs ${cost:.2f} for a million, and until its end unknown keys count as changed"
        )
        if state.forgotten:
            told.append(f"it began anew: {state.forgotten}")
    counts = state.counts
    if counts.month:
        told.append(
            f"changed keys of {counts.month}: {counts.unchanged:,} unchanged, {counts.new:,} new, "
            f"{counts.changed:,} changed"
        )
    return told


def _memory(deployed: Deployed, name: str) -> MemoryTable:
    if name not in deployed.settings.remembered or deployed.memory is None:
        raise CommandError(
            f"{visible(name)} is not in RememberedBuckets; deploy with it: "
            f'make deploy DEPLOY_ARGS="--parameter-overrides RememberedBuckets={visible(name)}"'
        )
    return deployed.memory
