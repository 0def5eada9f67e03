"""What became of the work in a dead letter since: the worker's own reading, routing and coverage, run over it.

Values in, values out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from infra.cli.dlq.letter_work import LetterWork
from infra.cli.dlq.letters import DeadLetter, Group
from infra.cli.printing import instant, many
from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.reasons import Reason
from invalidator.core.sent import Coverage, Sent


class State(StrEnum):
    """How it stands with a dead letter now."""

    STALE = "stale"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    FRESH = "already fresh"
    NEEDLESS = "needs nothing"


# Distribution id, number of changed viewer paths → the most that one plan may send.
Allow = Callable[[str, int], Allowance]
# Distribution id → above which paths no wildcard reaches.
Floors = Callable[[str], Collection[str]]

SAFE_TO_PURGE = frozenset({State.FRESH, State.NEEDLESS})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it stands with one letter.

    Attributes:
        letter: the dead letter.
        state: how it stands.
        why: one line for people.
        stale: distribution id → viewer paths that no invalidation has covered since they changed.
    """

    letter: DeadLetter
    state: State
    why: str
    stale: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a redrive would send to one distribution, if it were sent alone and at once."""

    distribution: str
    paths: int
    wildcards: int


def judge(letter: DeadLetter, work: LetterWork, coverage: Mapping[str, Coverage]) -> Verdict:
    """Say how it stands with a letter.

    Args:
        letter: the dead letter.
        work: what reading and routing it gave.
        coverage: distribution id → what was invalidated there since.
    """
    if work.inbox.unreadable:
        problem = work.inbox.unreadable[0][1]
        return Verdict(letter, State.UNREADABLE, f"{problem.reason}: {problem.detail}")
    stale: dict[str, frozenset[str]] = {}
    covering: list[Sent] = []
    for distribution, paths in work.paths.items():
        covered = coverage.get(distribution, Coverage(()))
        found = {path: covered.covering(path, at) for path, at in paths.items()}
        left = frozenset(path for path, sent in found.items() if sent is None)
        if left:
            stale[distribution] = left
        covering += [sent for sent in found.values() if sent is not None]
    if stale:
        return Verdict(letter, State.STALE, _stale(stale, work.paths), stale)
    if work.unknown:
        # Also where all that is known is fresh: the letter would be purged with the changes of this bucket.
        return Verdict(letter, State.UNKNOWN, work.unknown)
    if not covering:
        return Verdict(letter, State.NEEDLESS, _needless(work))
    last = max(covering, key=lambda sent: sent.created)
    return Verdict(
        letter,
        State.FRESH,
        f"covered on {last.distribution} by {last.id or 'an invalidation'} at {instant(last.created)}",
    )


def plans(verdicts: Sequence[Verdict], allow: Allow, floors: Floors) -> list[Plan]:
    """Coalesce what is stale, as the worker would do it at once, and count what it would send.

    Args:
        verdicts: how it stands with each letter.
        allow: says the most that may be sent.
        floors: says above which paths no wildcard reaches.
    """
    by_distribution: dict[str, set[str]] = {}
    for verdict in verdicts:
        for distribution, changed in verdict.stale.items():
            by_distribution.setdefault(distribution, set()).update(changed)
    found = []
    for distribution, paths in sorted(by_distribution.items()):
        coalesced = coalesce(sorted(paths), allow(distribution, len(paths)), floors=floors(distribution))
        found.append(
            Plan(
                distribution,
                len(coalesced.exact) + len(coalesced.wildcards),
                len(coalesced.wildcards),
            )
        )
    return found


def what_is_wrong(group: Group) -> str:
    """Return the meaning of a group's reason, with the names that its letters give."""
    where = ", ".join(group.distributions) or "its distribution"
    named = {
        Reason.ACCESS_DENIED: f"The worker's role lacks cloudfront:CreateInvalidation on {where}.",
        Reason.DISTRIBUTION_GONE: f"It is {where}.",
        Reason.PATH_REFUSED: f"It happened on {where}.",
        Reason.ROLE_REFUSED: f"The distribution is {where}.",
    }
    more = next((text for reason, text in named.items() if reason == group.reason), "")
    return f"{group.meaning} {more}".rstrip()


def _needless(work: LetterWork) -> str:
    if work.inbox.tests:
        return "it is S3's greeting on a new notification"
    if work.gone:
        return f"{work.gone} serves nothing any more"
    if work.unserved:
        return f"no distribution serves its keys in {', '.join(sorted(work.unserved))}"
    return "it changes no object's bytes"


def _stale(stale: Mapping[str, frozenset[str]], works: Mapping[str, Mapping[str, float]]) -> str:
    parts = []
    for distribution, paths in sorted(stale.items()):
        oldest = min(works[distribution][path] for path in paths)
        parts.append(
            f"{many(len(paths), 'path')} on {distribution} since {instant(oldest)}, e.g. {min(paths)}"
        )
    return "; ".join(parts)
