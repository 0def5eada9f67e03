"""Handing changes over to whom they concern: into their bucket's log; who is to be woken for it is returned."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from invalidator.core.pending.entry import UNKNOWN, Entry, bucket_owner, target_owner
from invalidator.logs import append
from invalidator.ports import Log


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Where entries went.

    Attributes:
        owners: owner names of those to be woken.
        known: whether a survey knows the bucket; else they wait among those of unknown buckets.
        numbers: the numbers that they have in the bucket's log.
    """

    owners: list[str]
    known: bool = True
    numbers: list[int] = field(default_factory=list)


def hand_over(log: Log, bucket: str, entries: Iterable[Entry]) -> HandedOver:
    """Write entries to a bucket's log, or, while nobody knows the bucket, to that of unknown ones.

    Raises TableUnavailable.
    """
    owners: list[str] = []
    numbers: list[int] = []
    known = True
    for entry in entries:
        dealt = append(log, bucket_owner(bucket), entry)
        if dealt is None:
            append(log, UNKNOWN, entry)
            owners, known = [UNKNOWN], False
            continue
        numbers.append(dealt.number)
        owners = (
            [bucket_owner(bucket)]
            if dealt.targets is None
            else [target_owner(target) for target in dealt.targets]
        )
    return HandedOver(owners, known, numbers)
