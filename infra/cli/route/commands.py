"""`invalidator route`: the mapping of buckets to distributions, and what people override in it."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import PARTLY_DONE, CommandError
from infra.cli.printing import print_json, visible
from infra.cli.session import Session, session_options

if TYPE_CHECKING:
    from infra.cli.route.refresh import Refreshed
    from invalidator.core.routing.survey import Survey


@click.group()
def route() -> None:
    """Show who serves which bucket, and pin what a scan cannot see."""


@route.command("list")
@session_options
def list_routes(session: Session) -> int:
    """List the stack's buckets, and the origins that nobody can tell.

    Discovered routes come from a scan of the account's distributions, pinned ones from people. Origins whose
    host does not reveal a bucket are listed as not resolved: pin them.

    \b
    Example:
      invalidator route list
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.mapping import bucket_as_json, bucket_as_text, unresolved_as_text
    from invalidator.core.routing.survey import Survey

    deployed = Deployed(session)
    with one_line():
        stored, pins = deployed.memory.all_routes(), deployed.memory.pins()
    survey, code = Survey(), 0
    try:
        with one_line():
            survey = deployed.discovery.survey(pins)
    except CommandError as error:
        click.echo(
            f"note: CloudFront cannot be asked, so what is not resolved is not shown: {error}", err=True
        )
        code = PARTLY_DONE
    buckets = sorted({*stored, *survey.serving, *(pin.bucket for pin in pins)})
    if session.as_json:
        reports = [bucket_as_json(bucket, stored.get(bucket), pins) for bucket in buckets]
        print_json({"buckets": reports} | _not_told(survey))
        return code
    now = time.time()
    blocks = [bucket_as_text(bucket, stored.get(bucket), pins, now) for bucket in buckets]
    blocks = blocks or ["no bucket is known to be served"]
    if not_told := unresolved_as_text(survey.unresolved, survey.unreadable):
        blocks.append(not_told)
    click.echo("\n\n".join(blocks))
    return code


@route.command()
@click.argument("bucket")
@session_options
def show(session: Session, *, bucket: str) -> None:
    """Show what is stored of one bucket: its distributions and their cache behaviors.

    \b
    Example:
      invalidator route show my-site
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.mapping import bucket_as_json, bucket_as_text
    from infra.cli.route.pin import pin_as_text

    deployed = Deployed(session)
    with one_line():
        stored, pins = deployed.memory.all_routes().get(bucket), deployed.memory.pins()
    if session.as_json:
        print_json(
            {
                **bucket_as_json(bucket, stored, pins),
                "pins": [asdict(pin) for pin in pins if pin.bucket == bucket],
            }
        )
        return
    lines = [bucket_as_text(bucket, stored, pins, time.time(), behaviors=True)]
    lines += [f"  pin: {pin_as_text(pin)}" for pin in pins if pin.bucket == bucket]
    click.echo("\n".join(lines))


@route.command()
@click.argument("bucket")
@click.option("--distribution", required=True, metavar="ID", help="The distribution that serves the bucket.")
@click.option(
    "--origin-path", default="", metavar="PATH", help="The OriginPath under which it does: /prefix."
)
@click.option("--prefix", default="", help="Only keys that begin with this are served.")
@click.option("--role-arn", metavar="ARN", help="The role to assume for this distribution.")
@session_options
def pin(
    session: Session, *, bucket: str, distribution: str, origin_path: str, prefix: str, role_arn: str | None
) -> int:
    """Say that a distribution serves a bucket, where a scan cannot see it.

    For origins behind an access point, a CNAME or an edge function, and for distributions of another account:
    name the role with --role-arn, and in the stack's parameter AssumableRoleArns. The same pin again replaces
    the role. It counts from the next batch on.

    \b
    Example:
      invalidator route pin my-site --distribution E1 --origin-path /site
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.pin import check_pin, checked_pin, pin_as_text
    from infra.cli.route.refresh import refresh_mapping

    wanted = checked_pin(bucket, distribution, origin_path, prefix, role_arn)
    deployed = Deployed(session)
    for note in check_pin(deployed, wanted):
        click.echo(f"note: {note}", err=True)
    with one_line():
        deployed.memory.pin(wanted)
    return _say(
        session,
        {"pinned": asdict(wanted)},
        f"pinned: {pin_as_text(wanted)}",
        refresh_mapping(deployed, (bucket,)),
    )


@route.command()
@click.argument("bucket")
@click.option("--distribution", required=True, metavar="ID", help="The pinned distribution.")
@click.option("--origin-path", metavar="PATH", help="Only the pin with this OriginPath.")
@click.option("--prefix", help="Only the pin with this prefix.")
@session_options
def unpin(
    session: Session, *, bucket: str, distribution: str, origin_path: str | None, prefix: str | None
) -> int:
    """Take back what was pinned: all pins of the distribution, or those that the options name.

    \b
    Example:
      invalidator route unpin my-site --distribution E1
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.pin import pin_as_text
    from infra.cli.route.refresh import refresh_mapping

    deployed = Deployed(session)
    with one_line():
        pins = [
            each
            for each in deployed.memory.pins()
            if (each.bucket, each.distribution) == (bucket, distribution)
            and origin_path in {None, each.origin_path}
            and prefix in {None, each.prefix}
        ]
        if not pins:
            raise CommandError(
                f"no such pin of {visible(bucket)} on {visible(distribution)}; see: "
                f"invalidator route show {visible(bucket)}"
            )
        for each in pins:
            deployed.memory.unpin(each)
    done = "\n".join(f"unpinned: {pin_as_text(each)}" for each in pins)
    return _say(
        session, {"unpinned": [asdict(each) for each in pins]}, done, refresh_mapping(deployed, (bucket,))
    )


@route.command()
@session_options
def refresh(session: Session) -> int:
    """Scan the distributions now, and say what changed. It counts from the next batch on.

    \b
    Example:
      invalidator route refresh
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    from infra.cli.deployed import Deployed
    from infra.cli.route.mapping import unresolved_as_text
    from infra.cli.route.refresh import refresh_mapping
    from invalidator.core.routing.survey import Survey

    refreshed = refresh_mapping(Deployed(session))
    served = refreshed.served
    survey = refreshed.survey or Survey()
    done = f"{served} bucket{'' if served == 1 else 's'} served by a distribution"
    if not_told := unresolved_as_text(survey.unresolved, survey.unreadable):
        done = f"{not_told}\n\n{done}"
    return _say(session, {"served_buckets": served} | _not_told(survey), done, refreshed)


def _say(session: Session, report: Mapping[str, Any], done: str, refreshed: "Refreshed") -> int:
    if session.as_json:
        print_json({**report, "changes": refreshed.changes})
    elif refreshed.survey is None:
        click.echo(done)
    else:
        changes = refreshed.changes or ["the mapping is as it was"]
        click.echo("\n".join([done, *(f"  {visible(each)}" for each in changes)]))
    return refreshed.code


def _not_told(survey: "Survey") -> dict[str, Any]:
    return {
        "unresolved": [asdict(each) for each in survey.unresolved],
        "unreadable": [asdict(each) for each in survey.unreadable],
    }
