"""Which dead letters a command is about, and the options that say so."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.printing import visible
from invalidator.core.reasons import Reason

if TYPE_CHECKING:
    from infra.cli.dlq.letters import DeadLetter

# SQS lets 120,000 messages be in flight.
MOST_LETTERS = 100_000


@dataclass(frozen=True, slots=True)
class Selector:
    """Which dead letters a command is about; an empty field selects by nothing, an empty selector all.

    Attributes:
        ids: SQS's message ids.
        reasons: values of `Reason`.
        buckets: bucket names; a letter that speaks of any of them is meant.
    """

    ids: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    buckets: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether all dead letters are meant."""
        return not (self.ids or self.reasons or self.buckets)

    def takes(self, letter: "DeadLetter") -> bool:
        """Tell whether a letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.buckets or not self.buckets.isdisjoint(letter.buckets))
        )


def known(reason: str) -> Reason | None:
    """Return the reason of that name, None where this version knows none."""
    try:
        return Reason(reason)
    except ValueError:
        return None


def refuse_unknown(selector: Selector, seen: Iterable[str]) -> None:
    """Raise CommandError for a selected reason that this version does not know, and no letter that was seen has.

    A reason that only a letter knows is no typing error: a newer worker wrote it.
    """
    unknown = sorted(each for each in selector.reasons if known(each) is None)
    for reason in set(unknown).difference(seen):
        near = get_close_matches(reason, list(Reason), n=1)
        raise CommandError(
            f"--reason {visible(reason)}: no dead letter has that reason"
            + (f"; is {near[0]} meant?" if near else f"; it is one of {', '.join(Reason)}")
        )


def selector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command --id, --reason and --bucket, and pass it a `Selector` named `selector`."""

    @click.option("--id", "ids", multiple=True, metavar="ID", help="Only this letter; repeatable.")
    @click.option("--reason", "reasons", multiple=True, help="Only letters of this reason; repeatable.")
    @click.option("--bucket", "buckets", multiple=True, help="Only letters about this bucket; repeatable.")
    @functools.wraps(command)
    def with_selector(
        *args: Any, ids: tuple[str, ...], reasons: tuple[str, ...], buckets: tuple[str, ...], **options: Any
    ) -> Any:
        selector = Selector(frozenset(ids), frozenset(reasons), frozenset(buckets))
        return command(*args, selector=selector, **options)

    return with_selector
