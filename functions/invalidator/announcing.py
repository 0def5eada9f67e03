"""What a run of intake or of the sender tells others: each invalidation, and each dead letter."""

from collections.abc import Iterator

from invalidator.core.announcement import Announcement, created, given_up
from invalidator.intake.intake import Intaken
from invalidator.sender.buckets import BucketRun
from invalidator.sender.sender import Run


def of_intake(done: Intaken) -> Iterator[Announcement]:
    """Yield what a batch of the changes queue came to: a message that is given up is a dead letter."""
    for _, problem in done.given_up:
        yield given_up("", (), (), problem.reason, problem.detail)


def of_run(run: Run) -> Iterator[Announcement]:
    """Yield what a look at a target came to."""
    buckets = () if run.routes is None else run.routes.buckets
    for sent in run.outcome.sent:
        yield created(sent, buckets)
    for dead in run.outcome.dead:
        yield given_up(run.target, buckets, tuple(dead.paths), dead.reason, dead.detail)


def of_buckets(run: BucketRun) -> Iterator[Announcement]:
    """Yield what a step of a bucket, or of the unknown ones, came to: one of a bucket, however many its letters are."""
    for bucket, dead in run.dead.items():
        yield given_up("", (bucket,), (), dead.reason, f"{dead.count} keys: {dead.detail}")
