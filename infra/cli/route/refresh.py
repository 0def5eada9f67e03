"""Refreshes the stack's routing now: starts the survey, and waits until it has come to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import interrupted_says
from infra.cli.route.mapping import Mapped, difference
from infra.cli.surveying import survey_to_its_end


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        served: how many buckets are served by a distribution now.
        changes: one line for each bucket's distribution that came, went or is routed in another way.
        unresolved: origins that hide what is behind them, and that no pin explains.
        unread: distribution → why it could not be read; its routing is the one of before.
        woken: how many distributions have changes to send for it.
    """

    served: int
    changes: list[str]
    unresolved: Sequence[Mapping[str, str]]
    unread: Mapping[str, str]
    woken: int


def refresh_routes(deployed: Deployed) -> Refreshed:
    """Start the survey and wait for its end.

    Raises:
        CommandError: the table cannot be read, the survey cannot be started, fails, or does not end in ten minutes.
    """
    with one_line():
        before = Mapped.of(routes for routes, _ in deployed.routes.all_routes())
    with interrupted_says(lambda: "interrupted; the survey goes on, and writes what it finds by itself"):
        answer = survey_to_its_end(deployed)
    with one_line():
        after = Mapped.of(routes for routes, _ in deployed.routes.all_routes())
    return Refreshed(
        len(after.serving), difference(before, after), answer["unresolved"], answer["unread"], answer["woken"]
    )
