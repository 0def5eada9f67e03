"""Refreshes the stack's mapping of buckets to distributions, now."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import click

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import PARTLY_DONE
from infra.cli.route.mapping import difference
from invalidator.batch.routes import answers
from invalidator.core.routing.survey import Survey
from invalidator.failures import Failure
from invalidator.ports import StoredRoutes


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did; without a survey it made what is stored expire, and the worker scans next."""

    served: int
    changes: list[str]
    survey: Survey | None

    @property
    def code(self) -> int:
        """The command's exit code: done, or partly done."""
        return 0 if self.survey is not None else PARTLY_DONE


def refresh_mapping(deployed: Deployed, buckets: tuple[str, ...] = ()) -> Refreshed:
    """Scan and store, for `buckets` and every bucket that was ever stored.

    An operator may be allowed less than the worker. What he sees less of must not stand for fresh: then what is
    stored expires, and the worker scans with its next batch.

    Raises:
        CommandError: the table or the settings cannot be read or written.
    """
    now = time.time()
    with one_line():
        before, pins = deployed.memory.all_routes(), deployed.memory.pins()
    try:
        for role in {pin.role for pin in pins}:
            deployed.cloudfront_clients.for_role(role)
        survey = deployed.discovery.survey(pins)
    except Failure as failure:
        click.echo(f"note: you cannot scan as the worker does: {failure}", err=True)
        click.echo("note: the mapping is marked stale; the worker scans with its next batch", err=True)
        expired = answers({bucket: before[bucket].distributions for bucket in before}, now, buckets)
        with one_line():
            deployed.memory.store_routes(expired)
        return Refreshed(_served(expired), [], None)
    routes = answers(survey.serving, now + deployed.settings.mapping_seconds, (*before, *buckets))
    with one_line():
        deployed.memory.store_routes(routes)
    return Refreshed(_served(routes), difference(before, routes), survey)


def _served(routes: Mapping[str, StoredRoutes]) -> int:
    return sum(bool(each.distributions) for each in routes.values())
