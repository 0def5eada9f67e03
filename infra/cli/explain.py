"""`invalidator explain`: which distributions serve a key, under which viewer paths, and why or why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.freshness import Freshness, freshness
from infra.cli.routing import find_routing, routing_options
from infra.cli.session import Session, session_options
from infra.cli.tables import print_json, print_text
from infra.cli.utc_time import utc_time
from infra.cli.visible import visible
from invalidator.core.behavior_rules import Reach
from invalidator.core.explanation import Explanation, OriginVerdict, PathVerdict
from invalidator.core.sent import Sent

if TYPE_CHECKING:
    from datetime import datetime

    from infra.cli.deployed import Deployed

REMEMBERED_DAYS = 15
DAY_SECONDS = 86_400
_REACHES = {Reach.NOT_HERE: "no", Reach.PLAIN: "yes", Reach.WITH_QUERY_STRINGS: "by query string"}
_S3_URL = "s3://"


@click.command()
@click.argument("url", metavar="s3://BUCKET/KEY")
@routing_options
@session_options
def explain(
    session: Session,
    *,
    url: str,
    distribution_files: tuple[str, ...],
    policy_files: tuple[str, ...],
    index_documents: str | None,
) -> None:
    """Say where an object is served, and why; and whether it was invalidated.

    For each distribution of the bucket: the viewer paths of the key, the cache behavior that takes each,
    what would be sent, and the newest invalidation that covered it. The key is not encoded, as in
    'aws s3 ls'. With --distribution, AWS is not asked.

    \b
    Example:
      aws cloudfront get-distribution --id E1 > e1.json
      invalidator explain s3://my-site/docs/index.html --distribution e1.json
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    bucket, key = _bucket_and_key(url)
    routing = find_routing(session, bucket, distribution_files, policy_files, index_documents)
    changed = None if routing.deployed is None else _last_modified(session, bucket, key)
    found = []
    for name, routers in routing.routers.items():
        explanations = [router.explain(key) for router in routers]
        known = None
        if routing.deployed is not None and any(each.paths for each in explanations):
            known = _freshness(routing.deployed, name, explanations, changed)
        found.append(_Found(name, explanations, routers[0].distribution.aliases, known))
    if session.as_json:
        print_json(_as_json(bucket, key, changed, found))
    else:
        click.echo(visible(url))
        for each in found:
            click.echo()
            _print(each)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of a key in one distribution."""

    distribution: str
    explanations: Sequence[Explanation]
    aliases: tuple[str, ...]
    freshness: Freshness | None

    @property
    def paths(self) -> list[str]:
        return list(dict.fromkeys(path for each in self.explanations for path in each.paths))

    @property
    def origins(self) -> list[OriginVerdict]:
        return list(dict.fromkeys(origin for each in self.explanations for origin in each.origins))


def _bucket_and_key(url: str) -> tuple[str, str]:
    if not url.startswith(_S3_URL):
        raise CommandError(f"{visible(url)}: not an S3 URL; write s3://BUCKET/KEY")
    bucket, _, key = url.removeprefix(_S3_URL).partition("/")
    if not bucket:
        raise CommandError(f"{visible(url)}: no bucket; write s3://BUCKET/KEY")
    if not key:
        raise CommandError(f"{visible(url)}: no key; write s3://BUCKET/KEY")
    return bucket, key


def _last_modified(session: Session, bucket: str, key: str) -> float | None:
    """When S3 says the object changed; None where it does not say: deleted, or reading is not allowed."""
    from botocore.exceptions import ClientError, ParamValidationError  # noqa: PLC0415  start-up

    try:
        modified: datetime = session.client("s3").head_object(Bucket=bucket, Key=key)["LastModified"]
    except (ClientError, ParamValidationError, UnicodeEncodeError) as error:
        code = (
            error.response["Error"]["Code"]
            if isinstance(error, ClientError)
            else "that is no name for an object"
        )
        reason = "it does not exist (any more)" if code in {"404", "NoSuchKey"} else f"S3 says {code}"
        click.echo(f"note: when the object changed is not known: {reason}", err=True)
        return None
    return modified.timestamp()


def _freshness(
    deployed: "Deployed", distribution: str, explanations: Sequence[Explanation], changed: float | None
) -> Freshness:
    import time  # noqa: PLC0415  start-up

    from infra.cli.deployed import one_line  # noqa: PLC0415  start-up: with files, AWS is not asked

    with one_line():
        sent = deployed.memory.sent_since(distribution, time.time() - REMEMBERED_DAYS * DAY_SECONDS)
    return freshness([path for each in explanations for path in each.paths], sent, changed)


def _as_json(bucket: str, key: str, changed: float | None, found: Sequence[_Found]) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "key": key,
        "last_modified": None if changed is None else utc_time(changed),
        "distributions": [
            {
                "id": each.distribution,
                "aliases": each.aliases,
                "paths": each.paths,
                "state": None if each.freshness is None else each.freshness.state,
                "covered_by": {
                    path: None
                    if sent is None
                    else {"id": sent.id, "created": utc_time(sent.created), "completed": sent.completed}
                    for path, sent in (each.freshness.covering if each.freshness else {}).items()
                },
                "origins": [_origin_as_json(origin) for origin in each.origins],
            }
            for each in found
        ],
    }


def _origin_as_json(verdict: OriginVerdict) -> dict[str, Any]:
    return {
        "id": verdict.origin.id,
        "domain": verdict.origin.domain,
        "origin_path": verdict.origin.path,
        "refusal": verdict.refusal or None,
        "paths": [
            {
                "path": each.path,
                "meaning": each.meaning,
                "behavior": each.pattern,
                "cached": _REACHES[each.reach],
                "rewritten": each.rewritten,
                "sent": each.sent,
            }
            for each in verdict.paths
        ],
    }


def _print(found: _Found) -> None:
    print_text(f"{found.distribution} {'serves it' if found.paths else 'does not serve it'}")
    if found.aliases:
        print_text(f"also called {', '.join(found.aliases)}", "  ")
    for verdict in found.origins:
        print_text(f"origin {verdict.origin.id}: {verdict.origin.domain or 'any'}", "  ")
        if verdict.origin.path:
            print_text(f"OriginPath {verdict.origin.path}", "    ")
        if verdict.refusal:
            print_text(f"no: {verdict.refusal}", "    ")
        for path in verdict.paths:
            click.echo(f"    {visible(path.path)}")
            for line in _about(path):
                print_text(line, "      ")
    if found.freshness is not None:
        for line in _freshness_as_text(found.freshness):
            print_text(line, "  ")


def _about(verdict: PathVerdict) -> list[str]:
    behavior = f"behavior {verdict.pattern}" if verdict.pattern is not None else "no behavior"
    if verdict.reach is Reach.NOT_HERE:
        return [verdict.meaning, f"not sent: {behavior} leads to another origin"]
    if verdict.rewritten:
        behavior += " leads elsewhere, but a function may rewrite other paths to this one"
    if verdict.reach is Reach.WITH_QUERY_STRINGS:
        behavior += "; cached by query string"
    return [verdict.meaning, behavior, f"sent as {' '.join(verdict.sent)}"]


def _freshness_as_text(known: Freshness) -> list[str]:
    if known.state == "covered" and known.oldest is not None and known.changed is not None:
        return [f"fresh: changed {utc_time(known.changed)}, then {_invalidation(known.oldest)}"]
    lines = []
    if known.changed is not None:
        lines.append(
            f"waiting: changed {utc_time(known.changed)}, and not invalidated since; see: invalidator status, "
            "invalidator dlq explain"
        )
    for path, sent in known.covering.items():
        last = "never, as far as is remembered" if sent is None else _invalidation(sent)
        lines.append(f"last time for {path}: {last}")
    return lines


def _invalidation(sent: Sent) -> str:
    return f"invalidated {utc_time(sent.created)} by {sent.id}" + (", completed" if sent.completed else "")
