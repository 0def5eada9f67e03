"""The sweep's heartbeat: what one notes for the next, and by what it finds that the table is another one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a sweep noted.

    Attributes:
        at: when it ran, epoch seconds.
        letters: how many dead letters there were then.
        first: when the first of all ran, epoch seconds; 0 where nobody noted it.
        table: the id of the table that it knew; a restored one has another. "" for what an earlier version noted.
        doubted: buckets whose changes are in doubt since a restore, as far as they are known already.
    """

    at: float
    letters: int
    first: float = 0.0
    table: str = ""
    doubted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """Which table it is.

    Attributes:
        id: AWS's id; a table that was restored or made anew has another.
        made: when it was made, epoch seconds.
        restored: whether from a backup or a point in time.
    """

    id: str
    made: float
    restored: bool = False
