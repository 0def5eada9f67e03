"""`invalidator pending drop`: settle what waits without sending it.

Only while no run of the worker has the target: this takes its lease, as a run does. What was shown is what is settled,
and no more. A number below it that nothing stands under is closed first: its writer then takes another, and wakes the
target for it.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import click

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import CommandError
from infra.cli.pending.reading import LogAsItStands, LogUpTo, must_wait, read_target, read_unknown
from infra.cli.printing import instant, many, print_json, print_text, visible
from infra.cli.session import Session
from invalidator.core.pending.entry import UNKNOWN, Times
from invalidator.core.pending.wakes import Wake
from invalidator.sender.forgetting import Forgetting
from invalidator.sender.sender import LEASE_SECONDS

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person agreed to drop.

    Attributes:
        owner: whose it is, as an owner name.
        through: log owner → the number up to which it was read.
        changed: path, or `s3://` URL of a key → first and newest change, epoch seconds.
        version: the version of the routing that it was read by; "" for unknown buckets.
    """

    owner: str
    through: Mapping[str, int]
    changed: Mapping[str, Times]
    version: str = ""


def drop_waiting(session: Session, name: str, *, yes: bool) -> None:
    """Drop what waits for a distribution, or in unknown buckets."""
    deployed = Deployed(session)
    now = time.time()
    log = LogAsItStands(deployed.table)
    with one_line():
        shown = _unknown(log, deployed, now) if name == UNKNOWN else _target(log, deployed, name, now)
    dropped: Mapping[str, Times] = {}
    if shown.changed:
        _say(name, shown.changed)
        _agreed(yes=yes)
        with one_line():
            dropped = _drop(deployed, name, shown)
    else:
        click.echo(f"Nothing waits for {visible(name)}.", err=True)
    if session.as_json:
        print_json({"waits_for": shown.owner, "dropped": sorted(dropped)})
    elif dropped:
        what = "key" if name == UNKNOWN else "path"
        print_text(f"dropped: {many(len(dropped), what)}; nothing of it is sent, and it stays stale")


def _target(log: LogAsItStands | LogUpTo, deployed: Deployed, name: str, now: float) -> Shown:
    owner = must_wait(deployed, name)
    waiting = read_target(log, deployed, name, deployed.settings.routing, now)
    # Its own log is not read while it has nothing new: it counts as read up to there all the same.
    own = {owner: waiting.view.state.settled.get(owner, 0)}
    return Shown(owner, own | waiting.pending.through, waiting.pending.paths, waiting.routes.version)


def _unknown(log: LogAsItStands | LogUpTo, deployed: Deployed, now: float) -> Shown:
    found = read_unknown(log, deployed, now)
    urls = {
        f"s3://{bucket}/{key}": times for bucket, keys in found.keys.items() for key, times in keys.items()
    }
    return Shown(UNKNOWN, {UNKNOWN: found.through}, urls)


def _say(name: str, changed: Mapping[str, Times]) -> None:
    """Say what will stay stale, on stderr."""
    oldest = min(first for first, _ in changed.values())
    what = "key" if name == UNKNOWN else "path"
    print_text(
        f"{many(len(changed), what)} of {name}, changed since {instant(oldest)}, will not be invalidated. "
        "What viewers have of it stays stale until the cache forgets it by itself:",
        err=True,
    )
    for each in sorted(changed)[:MOST_SHOWN]:
        click.echo(f"  {visible(each)}", err=True)
    if len(changed) > MOST_SHOWN:
        click.echo(
            f"  … and {len(changed) - MOST_SHOWN} more: invalidator pending show {visible(name)}", err=True
        )


def _agreed(*, yes: bool) -> None:
    """Ask, unless --yes was typed. Raises CommandError where the answer is no, or nobody answers."""
    try:
        if not yes and not click.confirm("Drop it?", err=True):
            raise CommandError("nothing was dropped")
    except click.Abort as error:
        raise CommandError("nothing was dropped; to do it without being asked, add --yes") from error


def _drop(deployed: Deployed, name: str, shown: Shown) -> Mapping[str, Times]:
    """Settle what was shown, under the lease; return what that was. Raises TableUnavailable."""
    now = time.time()
    with _leased(deployed, shown, now):
        log = LogUpTo(deployed.table, now, shown.through)
        state = deployed.targets.view(name, now).state
        again = _unknown(log, deployed, now) if name == UNKNOWN else _target(log, deployed, name, now)
        if again.version != shown.version:
            raise CommandError(f"nothing was dropped: the routing of {name} has changed meanwhile; try again")
        _forget(deployed, name, list(again.changed))
        settled = {owner: max(state.settled.get(owner, 0), at) for owner, at in shown.through.items()}
        state = replace(
            state, settled={**state.settled, **settled}, not_before=0.0, failing_since=0.0, reason=""
        )
        deployed.targets.save(
            name, state if name == UNKNOWN else replace(state, routing=shown.version, ticket=0)
        )
        return again.changed


def _forget(deployed: Deployed, name: str, paths: list[str]) -> None:
    """Let the memories of remembered buckets forget what is dropped: its next upload counts, also as it was."""
    settings = deployed.settings
    if deployed.memory is None or name == UNKNOWN:
        return
    view = deployed.targets.view(name, time.time())
    if view.routes is not None:
        log = LogAsItStands(deployed.table)
        forgetting = Forgetting(log, deployed.memory, settings.remembered, settings.routing)
        forgetting.forget(view.routes, view.state, paths)


@contextmanager
def _leased(deployed: Deployed, shown: Shown, now: float) -> Iterator[None]:
    """Hold the lease as a run does, and leave a look where something came after what was shown."""
    token = f"desk/{uuid.uuid4()}"
    wake = deployed.wakes.begin(shown.owner, now, now + LEASE_SECONDS, token)
    if wake is None:
        raise CommandError(
            "nothing was dropped: a run of the worker is at it just now; try again in a minute"
        )
    left = Wake(shown.owner, due=now, since=wake.since or now, rest=wake.rest, waiting=wake.waiting)
    try:
        yield
        log = LogAsItStands(deployed.table)
        if all(log.newest(owner) <= at for owner, at in shown.through.items()):
            left = Wake(shown.owner, rest=wake.rest)
        else:
            left = replace(left, since=now, waiting=0)
    finally:
        # Without a message: the sweep calls for what is due.
        deployed.wakes.end(shown.owner, token, left)
