"""`invalidator route`: the mapping of buckets to distributions, and what people override in it.

The commands as they are typed; each loads what it does when it is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import IN_PARTS, PARTLY_DONE, CommandError, interrupted_says
from infra.cli.printing import many, print_json, visible
from infra.cli.session import Session, session_options

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed
    from infra.cli.route.refresh import Refreshed


@click.group()
def route() -> None:
    """Show who serves which bucket, and pin what a survey cannot see."""


@route.command("list")
@session_options
def list_routes(session: Session) -> int:
    """List the stack's buckets, and the origins that nobody can tell.

    Discovered routes come from surveys of the account's distributions, pinned ones from people. Origins whose
    host does not reveal a bucket are listed as not resolved: pin them.

    \b
    Example:
      invalidator route list
    """
    from infra.cli.route.list import list_all

    return list_all(session)


@route.command()
@click.argument("bucket")
@session_options
def show(session: Session, *, bucket: str) -> None:
    """Show what is known of one bucket: its distributions and their cache behaviors.

    \b
    Example:
      invalidator route show my-site
    """
    from infra.cli.route.list import show_bucket

    show_bucket(session, bucket)


@route.command()
@click.argument("bucket")
@click.option("--distribution", required=True, metavar="ID", help="The distribution that serves the bucket.")
@click.option(
    "--origin-path", default="", metavar="PATH", help="The OriginPath under which it does: /prefix."
)
@click.option("--prefix", default="", help="Only keys that begin with this are served.")
@click.option("--role-arn", metavar="ARN", help="The role to assume for this distribution.")
@click.option(
    "--as",
    "templates",
    multiple=True,
    metavar="PATH",
    help="How a key appears to viewers, with {key}, {stem} (no extension), {dir}, {name}; a star only at the end; "
    "repeatable.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="The cache tag of what is made of a key, with the same fields or {hash} (SHA-256 of the key); repeatable.",
)
@session_options
def pin(
    session: Session,
    *,
    bucket: str,
    distribution: str,
    origin_path: str,
    prefix: str,
    role_arn: str | None,
    templates: tuple[str, ...],
    tags: tuple[str, ...],
) -> int:
    """Say that a distribution serves a bucket, where a survey cannot see it.

    For origins behind an access point, a CNAME or an edge function, and for distributions of another account:
    name the role with --role-arn, and in the stack's parameter AssumableRoleArns. The same pin again replaces
    what it says besides. What people pinned of one distribution counts together. Which viewer paths follow is said;
    a pin that would serve nothing is refused. A survey is started, and waited for.

    Where answers are made of the objects (an image handler behind API Gateway, pages rendered from data), --as says
    how a key appears to viewers: '/{key}*', '/fit-in/*', or '/*' for "any change purges all".

    \b
    Example:
      invalidator route pin my-site --distribution E1 --origin-path /site
      invalidator route pin my-site --distribution E1 --as '/{key}*' --as '/x/*'
    """
    from dataclasses import asdict

    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.pin import check_pin, checked_pin, pin_as_text, same_pin, stored_pin, widened
    from infra.cli.route.pin_paths import paths_as_json, paths_as_text

    wanted = checked_pin(bucket, distribution, origin_path, prefix, role_arn, templates=templates, tags=tags)
    deployed = Deployed(session)
    with one_line():
        others = [
            each
            for each in deployed.pins.pins()
            if each.distribution == distribution and not same_pin(each, wanted)
        ]
    checked = check_pin(deployed, wanted, others)
    for note in (*widened(templates), *checked.notes):
        click.echo(f"note: {note}", err=True)
    held = stored_pin(deployed, wanted)
    follows = [f"  {line}" for line in paths_as_text(checked.follows)]
    report = {"pinned": asdict(held), **paths_as_json(checked.follows)}
    return _refreshed(session, deployed, report, "\n".join([f"pinned: {pin_as_text(held)}", *follows]))


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
    """
    from dataclasses import asdict

    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.pin import pin_as_text

    deployed = Deployed(session)
    with one_line():
        pins = [
            each
            for each in deployed.pins.pins()
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
            deployed.pins.unpin(each)
    done = "\n".join(f"unpinned: {pin_as_text(each)}" for each in pins)
    return _refreshed(session, deployed, {"unpinned": [asdict(each) for each in pins]}, done)


@route.command()
@session_options
def refresh(session: Session) -> int:
    """Survey the distributions now, wait for the end of it, and say what changed.

    \b
    Example:
      invalidator route refresh
    """
    from infra.cli.deployed import Deployed
    from infra.cli.route.mapping import unresolved_as_text
    from infra.cli.route.refresh import refresh_routes

    refreshed = refresh_routes(Deployed(session))
    done = f"{many(refreshed.served, 'bucket')} served by a distribution"
    if not_told := unresolved_as_text(refreshed.unresolved, refreshed.unread):
        done = f"{not_told}\n\n{done}"
    report = {
        "served_buckets": refreshed.served,
        "unresolved": list(refreshed.unresolved),
        "unreadable": dict(refreshed.unread),
    }
    return _say(session, report, done, refreshed)


@route.command()
@click.option("--table", help="Of a table that a deleted stack left.")
@session_options
def export(session: Session, *, table: str | None) -> None:
    """Print what people pinned, as a JSON document that import reads.

    \b
    Examples:
      invalidator route export > pins.json
      invalidator route export --table old-MappingTable-1ABC > pins.json
    """
    from infra.cli.route.pin_file import export_pins

    export_pins(session, table)


@route.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@session_options
def import_(session: Session, *, file: Path) -> int:
    """Pin what export printed; pins that FILE does not name stay. - is stdin.

    Either all of it is right and pinned, or nothing is. The distributions are not asked for, as with pin.

    \b
    Example:
      invalidator route import pins.json
    """
    from dataclasses import asdict

    from infra.cli.deployed import Deployed, one_line
    from infra.cli.route.pin_file import read_pins

    pins = read_pins(str(file))
    deployed = Deployed(session)
    with one_line(), interrupted_says(lambda: IN_PARTS):
        for each in pins:
            deployed.pins.pin(each)
    report = {"pinned": [asdict(each) for each in pins]}
    return _refreshed(session, deployed, report, f"pinned: {many(len(pins), 'route')}")


def _refreshed(session: Session, deployed: "Deployed", report: Mapping[str, Any], done: str) -> int:
    """Refresh the routes after a change of the pins, and say both."""
    from infra.cli.route.refresh import refresh_routes
    from infra.cli.surveying import or_why

    refreshed = or_why(lambda: refresh_routes(deployed))
    if isinstance(refreshed, str):
        click.echo(f"note: no survey could be made now: {refreshed}", err=True)
        click.echo(
            "note: it counts from the next survey on; they come by themselves (SurveyMinutes)", err=True
        )
        if session.as_json:
            print_json({**report, "changes": None})
        else:
            click.echo(done)
        return PARTLY_DONE
    return _say(session, report, done, refreshed)


def _say(session: Session, report: Mapping[str, Any], done: str, refreshed: "Refreshed") -> int:
    if session.as_json:
        print_json({**report, "changes": refreshed.changes})
    else:
        changes = refreshed.changes or ["the routes are as they were"]
        click.echo("\n".join([done, *(f"  {visible(each)}" for each in changes)]))
    return 0
