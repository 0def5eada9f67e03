"""`invalidator explain URL`: who answers a viewer's URL, from which key, and what was sent for it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.keys.explanation import freshness_as_text, invalidation_as_text
from infra.cli.keys.freshness import Freshness, freshness
from infra.cli.keys.routers import offline_routes, routing_settings
from infra.cli.keys.source import Source
from infra.cli.printing import instant, iso, print_json, print_text, visible
from infra.cli.session import Session
from infra.cli.viewer.candidates import Candidate, Way, way_of
from infra.cli.viewer.hosts import Answering, answering, known_names, of_files
from infra.cli.viewer.objects import Stored, stored
from infra.cli.viewer.url import ViewerUrl, read_url
from invalidator.core.routing.paths.encoding import invalidation_paths
from invalidator.core.sent import Coverage, Sent

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed
    from invalidator.core.routing.settings import RoutingSettings

REMEMBERED_SECONDS = 15 * 86_400.0
MOST_INVALIDATIONS = 5


@dataclass(frozen=True, slots=True)
class Behind:
    """A key that may answer the URL, as it stands.

    Attributes:
        candidate: the key.
        object: what S3 has; None where AWS is not asked.
        fresh: whether the path was invalidated since it changed; None likewise.
    """

    candidate: Candidate
    object: Stored | None = None
    fresh: Freshness | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of a viewer's URL.

    Attributes:
        url: the URL.
        answering: the distribution that answers for its host.
        way: the path's way through the distribution; None where it is no concern of the worker's.
        keys: the keys that may answer, the likeliest first.
        sent: the newest invalidations of the path, newest first.
    """

    url: ViewerUrl
    answering: Answering
    way: Way | None
    keys: Sequence[Behind] = ()
    sent: Sequence[Sent] = ()


def explain_url(session: Session, text: str, source: Source) -> None:
    """Say who answers a URL, and whether what it shows was invalidated."""
    explained = look_up(session, read_url(text), source)
    if session.as_json:
        print_json(_document(explained))
    else:
        _print(explained)


def look_up(session: Session, url: ViewerUrl, source: Source) -> Explained:
    """Find out about a URL. Raises CommandError where no distribution, or none for sure, answers for its host."""
    if source.distributions:
        routes = offline_routes(source)
        known = of_files(routes)
        if not any(each.names for each in known) and len(known) == 1:
            # Nothing in the file names its host: what was typed is taken for it.
            found = Answering(known[0], "the one file, which names no host")
        else:
            found = answering(url, known)
        way = _way(url, found, routing_settings(source))
        return Explained(url, found, way, [Behind(each) for each in way.candidates] if way else [])
    from infra.cli.deployed import Deployed
    from infra.cli.serving import find_serving

    deployed = Deployed(session)
    serving = find_serving(deployed)
    known, unlisted = known_names(deployed, serving)
    if unlisted:
        click.echo(f"note: CloudFront's list cannot be read: {unlisted}", err=True)
    if serving.unreadable:
        raise CommandError(f"who answers for {visible(url.host)} is not known: {serving.unreadable}")
    found = answering(url, known, unlisted, serving.unsure(0.0))
    way = _way(url, found, routing_settings(source, deployed.settings.routing))
    return Explained(url, found, way, *_stands(session, deployed, url, found, way))


def _way(url: ViewerUrl, found: Answering, settings: "RoutingSettings") -> Way | None:
    """The path's way; where edges may hold an earlier configuration too, the keys are those of all."""
    ways = [way_of(url, route, settings) for route in found.named.routes]
    if not ways:
        return None
    candidates = tuple(dict.fromkeys(each for way in ways for each in way.candidates))
    hidden = () if candidates else tuple(dict.fromkeys(line for way in ways for line in way.hidden))
    return Way(ways[0].behavior, ways[0].origins, hidden, candidates)


def _stands(
    session: Session, deployed: "Deployed", url: ViewerUrl, found: Answering, way: Way | None
) -> tuple[list[Behind], list[Sent]]:
    from infra.cli.deployed import one_line

    with one_line():
        sent = deployed.targets.sent_since(found.named.id, time.time() - REMEMBERED_SECONDS)
    keys = []
    for candidate in () if way is None else way.candidates:
        there = stored(session, candidate.bucket, candidate.key)
        keys.append(Behind(candidate, there, freshness(candidate.sent, sent, there.modified)))
    named = {path for each in keys for path in each.candidate.sent} or set(
        invalidation_paths(
            url.path,
            query_strings=way is not None and way.behavior.query_strings,
            directory=url.path.endswith("/"),
        )
    )
    of_path = [each for each in sent if _names(each, named)]
    return keys, sorted(of_path, key=lambda each: -each.created)[:MOST_INVALIDATIONS]


def _names(sent: Sent, paths: set[str]) -> bool:
    coverage = Coverage((sent,))
    return any(coverage.covering(path, float("-inf")) for path in paths)


def _document(explained: Explained) -> dict[str, Any]:
    named, way = explained.answering.named, explained.way
    return {
        "url": explained.url.text,
        "path": explained.url.path,
        "query": explained.url.query,
        "distribution": {
            "id": named.id,
            "found_by": explained.answering.by,
            "aliases": named.names,
            "domain": named.domain or None,
            "role": named.role,
            "enabled": named.enabled,
            "invalidated_by_this_stack": bool(named.routes),
        },
        "behavior": None if way is None else way.behavior.pattern,
        "cached": None if way is None else way.behavior.cached,
        "by_query_string": None if way is None else way.behavior.query_strings,
        "origins": [] if way is None else [{"id": each.id, "domain": each.domain} for each in way.origins],
        "not_told": [] if way is None else list(way.hidden),
        "keys": [_key_document(each) for each in explained.keys],
        "invalidations": [
            {
                "id": each.id,
                "created": iso(each.created),
                "completed": each.completed,
                "paths": len(each.paths),
            }
            for each in explained.sent
        ],
    }


def _key_document(behind: Behind) -> dict[str, Any]:
    candidate, there = behind.candidate, behind.object
    return {
        "bucket": candidate.bucket,
        "key": candidate.key,
        "meaning": candidate.meaning,
        "sent": candidate.sent,
        "exists": None if there is None else there.exists,
        "last_modified": None if there is None or there.modified is None else iso(there.modified),
        "etag": None if there is None else there.etag or None,
        "state": None if behind.fresh is None else behind.fresh.state,
    }


def _print(explained: Explained) -> None:
    url, named, way = explained.url, explained.answering.named, explained.way
    click.echo(visible(url.text))
    print_text(f"{named.id}, by {explained.answering.by}")
    if not named.enabled:
        print_text("it is disabled and answers nothing", "  ")
    if way is None:
        origins = ", ".join(named.origins) or "unknown"
        print_text(
            f"this stack does not invalidate it: none of its origins is known to be a bucket ({origins}). If one is, "
            "pin it: invalidator route pin --help",
            "  ",
        )
        return
    kept = "caching disabled" if not way.behavior.cached else "cached"
    by = " by query string" if way.behavior.query_strings and way.behavior.cached else ""
    print_text(f"behavior {way.behavior.pattern}: {kept}{by}", "  ")
    for origin in way.origins:
        print_text(f"origin {origin.id}: {origin.domain or 'any'}{origin.path}", "  ")
    for line in way.hidden:
        print_text(f"no key can be told: {line}", "  ")
    if not explained.keys and not way.hidden:
        print_text("no key of the origin's bucket has this path", "  ")
    there = [each for each in explained.keys if each.object is None or each.object.exists is not False]
    for behind in there or explained.keys:
        _print_key(behind)
    if explained.sent:
        print_text("invalidated last:", "  ")
    for sent in explained.sent:
        print_text(invalidation_as_text(sent), "    ")


def _print_key(behind: Behind) -> None:
    candidate, there = behind.candidate, behind.object
    print_text(f"s3://{candidate.bucket}/{candidate.key}", "    ")
    print_text(f"this path is {candidate.meaning}", "      ")
    if there is None:
        print_text(f"sent as {' '.join(candidate.sent) or 'nothing: caching is disabled'}", "      ")
        return
    if there.exists is None:
        print_text(f"whether it is there is not known: {there.why}", "      ")
    elif not there.exists:
        print_text("no such object", "      ")
    if behind.fresh is not None and there.exists and there.modified is not None:
        if not candidate.sent:
            print_text(f"changed {instant(there.modified)}; nothing is sent: caching is disabled", "      ")
            return
        for line in freshness_as_text(behind.fresh):
            print_text(line, "      ")
