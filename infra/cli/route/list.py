"""`invalidator route list` and `show`: what the table holds of the buckets, and what a look at CloudFront adds."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from infra.cli.deployed import Deployed, one_line, settings_or_why
from infra.cli.errors import PARTLY_DONE, CommandError
from infra.cli.printing import iso, print_json
from infra.cli.route.mapping import (
    bucket_as_json,
    bucket_as_text,
    records_of,
    unresolved_as_text,
)
from infra.cli.route.pin import pin_as_text
from infra.cli.serving import as_of_text
from infra.cli.session import Session
from invalidator.core.routing.pins import Pin
from invalidator.survey.summary import Summary

# CloudFront's list of some thousand distributions takes less.
MOST_SECONDS = 60.0


def list_all(session: Session) -> int:
    """List the stack's buckets, and what a look at CloudFront cannot tell; return the exit code."""
    deployed = Deployed(session)
    with one_line():
        found, pins = list(deployed.routes.all_routes()), deployed.pins.pins()
        as_of = deployed.routes.survey_state().completed
    looked, code = Summary(), 0
    try:
        with one_line():
            looked = _look(deployed, pins)
    except CommandError as error:
        click.echo(
            f"note: CloudFront cannot be asked, so what is not resolved is not shown: {error}", err=True
        )
        code = PARTLY_DONE
    unread = {routes.target: seen.doubt for routes, seen in found if seen.doubt} | looked.unread
    buckets = sorted(
        {
            *(
                origin.bucket
                for routes, _ in found
                for each in routes.routes
                for origin in each.origins
                if origin.bucket
            ),
            *(pin.bucket for pin in pins),
        }
    )
    if session.as_json:
        reports = [bucket_as_json(each, records_of(each, found, pins), as_of) for each in buckets]
        print_json({
            "as_of": iso(as_of) if as_of else None,
            "buckets": reports, "unresolved": looked.unresolved, "unreadable": unread,
        })  # fmt: skip
        return code
    settings = settings_or_why(deployed)
    blocks = [as_of_text(as_of, None if isinstance(settings, str) else settings.survey_minutes)]
    blocks += [bucket_as_text(each, records_of(each, found, pins)) for each in buckets]
    if not buckets:
        blocks.append("no bucket is known to be served")
    if not_told := unresolved_as_text(looked.unresolved, unread):
        blocks.append(not_told)
    click.echo("\n\n".join(blocks))
    return code


def show_bucket(session: Session, bucket: str) -> None:
    """Show what the table holds of one bucket."""
    deployed = Deployed(session)
    with one_line():
        found, pins = deployed.routes.all_routes(), deployed.pins.pins()
        records = records_of(bucket, found, pins)
        as_of = deployed.routes.survey_state().completed
    mine = [pin for pin in pins if pin.bucket == bucket]
    if session.as_json:
        print_json({**bucket_as_json(bucket, records, as_of), "pins": [asdict(pin) for pin in mine]})
        return
    lines = [bucket_as_text(bucket, records, details=True)]
    lines += [f"  pin: {pin_as_text(pin)}" for pin in mine]
    click.echo("\n".join([*lines, f"  {as_of_text(as_of)}"]))


def _look(deployed: Deployed, pins: Sequence[Pin]) -> Summary:
    """Look through CloudFront's list for origins that nobody can tell, and for what cannot be read."""
    looked = Summary()
    named = {pin.distribution for pin in pins}
    for listed in deployed.distributions.listed(named, time.time() + MOST_SECONDS):
        if listed.routing is not None and listed.enabled:
            mine = [pin for pin in pins if pin.distribution == listed.id]
            looked.add_unresolved(listed.routing, mine)
        elif listed.routing is None:
            looked.unread[listed.id] = listed.why
    return looked
