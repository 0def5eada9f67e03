"""Where `plan` and `explain` take a bucket's distributions from: files, or the deployed stack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import click

from infra.cli.errors import CommandError
from infra.cli.input_files import read_distributions, read_policies
from infra.cli.session import Session
from infra.cli.visible import visible
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.settings import CleanUrls, RoutingSettings, names_in
from invalidator.core.routing.viewer_paths import Router

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed

DEFAULT_INDEX_DOCUMENTS = "index.html"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the routing comes from, as a person typed it; None is the stack's, or the default.

    Attributes:
        distribution_files: what CloudFront says of the distributions; () asks the stack.
        policy_files: what it says of their cache policies.
        index_documents: names with commas between.
        error_page_seconds: error pages kept for longer are purged where they were shown.
        clean_urls: whether pages are reached without their `.html`.
    """

    distribution_files: tuple[str, ...]
    policy_files: tuple[str, ...]
    index_documents: str | None
    error_page_seconds: int | None
    clean_urls: CleanUrls | None

    def settings(self, known: RoutingSettings) -> RoutingSettings:
        """Return what is known, with what was typed in its place."""
        return RoutingSettings(
            known.index_documents if self.index_documents is None else names_in(self.index_documents),
            known.error_page_seconds if self.error_page_seconds is None else self.error_page_seconds,
            known.clean_urls if self.clean_urls is None else self.clean_urls,
            known.error_document,
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """A bucket's distributions, ready to be asked.

    Attributes:
        routers: distribution id → its routing. There is one for each pin where several pins name it; the paths
            of a key are those of all.
        deployed: the worker whose distributions these are; None for files.
    """

    routers: dict[str, tuple[Router, ...]]
    deployed: "Deployed | None"


def routing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options that make a `Source`, each under the name of its attribute."""
    options = (
        click.option(
            "--distribution",
            "distribution_files",
            multiple=True,
            metavar="FILE",
            help="What 'aws cloudfront get-distribution' prints; repeatable. AWS is not asked then.",
        ),
        click.option(
            "--cache-policy",
            "policy_files",
            multiple=True,
            metavar="FILE",
            help="What 'aws cloudfront get-cache-policy' prints; repeatable.",
        ),
        click.option(
            "--index-documents",
            metavar="NAMES",
            help="Names that stand for their directory, comma separated; '' for none."
            f"  [default: {DEFAULT_INDEX_DOCUMENTS}, or the stack's]",
        ),
        click.option(
            "--error-page-seconds",
            type=click.IntRange(min=0),
            help="Error pages kept for longer are purged wherever they were shown; 0 for all."
            f"  [default: {RoutingSettings().error_page_seconds}, or the stack's]",
        ),
        click.option(
            "--clean-urls",
            type=click.Choice(get_args(CleanUrls)),
            help="Whether pages are reached without their .html."
            f"  [default: {RoutingSettings().clean_urls}, or the stack's]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find_routing(
    session: Session,
    bucket: str,
    source: Source,
) -> Routing:
    """Return the routing of a bucket, and say on stderr what is uncertain about it.

    Raises:
        CommandError: a file is not what it should be, or the stack does not answer.
    """
    if source.distribution_files:
        settings = source.settings(RoutingSettings((DEFAULT_INDEX_DOCUMENTS,)))
        read = read_distributions(source.distribution_files, read_policies(source.policy_files))
        for file, distribution in read:
            _say_unknown_policies(file, distribution, "; give it with --cache-policy")
        return Routing(_routers(tuple(each for _, each in read), bucket, settings), None)
    if source.policy_files:
        raise CommandError("--cache-policy needs --distribution: the stack's distributions bring their own")
    deployed, distributions = _ask_stack(session, bucket)
    settings = source.settings(deployed.settings.routing)
    return Routing(_routers(distributions, bucket, settings), deployed)


def _ask_stack(session: Session, bucket: str) -> tuple["Deployed", tuple[Distribution, ...]]:
    import time  # noqa: PLC0415  start-up

    from infra.cli.deployed import Deployed  # noqa: PLC0415  start-up: with files, AWS is not asked
    from infra.cli.worker_view import find_serving  # noqa: PLC0415  start-up

    deployed = Deployed(session)
    serving = find_serving(deployed, [bucket], time.time())
    for note in serving.notes:
        click.echo(f"note: {visible(note)}", err=True)
    if bucket in serving.unknown:
        raise CommandError(f"who serves {visible(bucket)} is not known: {serving.unknown[bucket]}")
    distributions = serving.known[bucket]
    if not distributions:
        click.echo(
            f"note: no distribution is known to serve {visible(bucket)}; see: invalidator route list",
            err=True,
        )
    for distribution in distributions:
        _say_unknown_policies(distribution.id, distribution, "")
    return deployed, distributions


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
