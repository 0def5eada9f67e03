"""A bucket's distributions, ready to be asked: from files, or from the deployed stack."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import click

from infra.cli.errors import CommandError
from infra.cli.files.input_files import ReadDistribution, read_distributions, read_policies
from infra.cli.keys.source import DEFAULT_INDEX_DOCUMENTS, Source
from infra.cli.printing import instant, many, some, visible
from infra.cli.session import Session
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import CleanUrls, RoutingSettings, names_in

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed


@dataclass(frozen=True, slots=True)
class BucketRouters:
    """A bucket's distributions, ready to be asked.

    Attributes:
        routers: distribution id → its routing. There are several where edges may still hold an earlier one, or where
            a pin stands beside its configuration; the paths of a key are those of all.
        deployed: the worker whose distributions these are; None for files.
        as_of: when the survey that tells so began, epoch seconds; 0 for files, and where none has completed.
    """

    routers: dict[str, tuple[Router, ...]]
    deployed: "Deployed | None"
    as_of: float = 0.0


def find_routers(session: Session, bucket: str, source: Source) -> BucketRouters:
    """Return the routing of a bucket, and say on stderr what is uncertain about it.

    Raises:
        CommandError: a file is not what it should be, or the stack does not answer.
    """
    if source.distributions:
        read = _read_files(source, bucket)
        routes = tuple(each.distribution for each in read)
        return BucketRouters(_routers(routes, bucket, routing_settings(source)), None)
    if source.policies:
        raise CommandError("--cache-policy needs --distribution: the stack's distributions bring their own")
    if source.ids:
        raise CommandError("--id names the distribution in a file: give the file with --distribution")
    deployed, distributions, as_of = _ask_stack(session, bucket)
    settings = routing_settings(source, deployed.settings.routing)
    return BucketRouters(_routers(distributions, bucket, settings), deployed, as_of)


def offline_routes(source: Source) -> tuple[Distribution, ...]:
    """Return the distributions of the files, and say on stderr what is uncertain about them. Raises CommandError."""
    return tuple(each.distribution for each in _read_files(source))


def _read_files(source: Source, bucket: str | None = None) -> list[ReadDistribution]:
    """Read the files; with a bucket, of lists only what leads to it."""
    read = read_distributions(source.distributions, read_policies(source.policies), source.ids)
    if bucket is not None:
        read = _concerned(bucket, read)
    for each in read:
        _say_unknown_policies(each.file, each.distribution, "; give it with --cache-policy")
    return read


def _concerned(bucket: str, read: list[ReadDistribution]) -> list[ReadDistribution]:
    """Of a list, those that lead to the bucket; a distribution that was given alone is answered for in any case."""
    kept = [
        each
        for each in read
        if not each.listed or any(origin.bucket == bucket for origin in each.distribution.origins)
    ]
    if len(kept) < len(read):
        click.echo(
            f"note: {many(len(read) - len(kept), 'distribution')} of the list left out: no origin of theirs is "
            f"{visible(bucket)}",
            err=True,
        )
    if summaries := [each.distribution.id for each in kept if each.listed]:
        click.echo(
            f"note: {visible(some(summaries))}: a list does not tell the DefaultRootObject, so / is only counted where "
            "--index-documents names it; get-distribution tells it",
            err=True,
        )
    return kept


def routing_settings(
    source: Source,
    known: RoutingSettings = RoutingSettings((DEFAULT_INDEX_DOCUMENTS,)),  # noqa: B008  it is frozen: all may share it
) -> RoutingSettings:
    """Return what is known of the sites (the template's defaults, or a stack's), with what was typed in its place."""
    return RoutingSettings(
        known.index_documents if source.index_documents is None else names_in(source.index_documents),
        known.error_page_seconds if source.error_page_seconds is None else source.error_page_seconds,
        known.clean_urls if source.clean_urls is None else cast("CleanUrls", source.clean_urls),
        known.error_document,
    )


def _ask_stack(session: Session, bucket: str) -> tuple["Deployed", tuple[Distribution, ...], float]:
    from infra.cli.deployed import Deployed
    from infra.cli.serving import NO_SURVEY, find_serving

    deployed = Deployed(session)
    serving = find_serving(deployed)
    distributions = serving.of_bucket(bucket)
    if serving.unreadable:
        raise CommandError(f"who serves {visible(bucket)} is not known: {serving.unreadable}")
    if not distributions:
        if not serving.as_of:
            raise CommandError(f"who serves {visible(bucket)} is not known: {NO_SURVEY}")
        click.echo(
            f"note: no distribution was known to serve {visible(bucket)} at {instant(serving.as_of)}; "
            "see: invalidator route list",
            err=True,
        )
    for distribution in distributions:
        _say_unknown_policies(distribution.id, distribution, "")
    return deployed, distributions, serving.as_of


def _say_unknown_policies(source: str, distribution: Distribution, fix: str) -> None:
    for policy in distribution.unknown_policies:
        click.echo(
            f"note: {source}: cache policy {visible(policy)} is not known, so its paths count as cached "
            f"by query string{fix}",
            err=True,
        )


def _routers(
    distributions: tuple[Distribution, ...], bucket: str, settings: RoutingSettings
) -> dict[str, tuple[Router, ...]]:
    routers: dict[str, tuple[Router, ...]] = {}
    for each in distributions:
        routers[each.id] = (*routers.get(each.id, ()), Router(each, bucket, settings))
    return routers
