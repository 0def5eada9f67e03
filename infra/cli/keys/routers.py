"""A bucket's distributions, ready to be asked: from files, or from the deployed stack."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from infra.cli.errors import CommandError
from infra.cli.input_files import read_distributions, read_policies
from infra.cli.keys.source import DEFAULT_INDEX_DOCUMENTS, Source
from infra.cli.printing import visible
from infra.cli.session import Session
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.viewer_paths import Router

if TYPE_CHECKING:
    from infra.cli.deployed import Deployed


@dataclass(frozen=True, slots=True)
class BucketRouters:
    """A bucket's distributions, ready to be asked.

    Attributes:
        routers: distribution id → its routing. There is one for each pin where several pins name it; the paths
            of a key are those of all.
        deployed: the worker whose distributions these are; None for files.
    """

    routers: dict[str, tuple[Router, ...]]
    deployed: "Deployed | None"


def find_routers(session: Session, bucket: str, source: Source) -> BucketRouters:
    """Return the routing of a bucket, and say on stderr what is uncertain about it.

    Raises:
        CommandError: a file is not what it should be, or the stack does not answer.
    """
    if source.distributions:
        names = DEFAULT_INDEX_DOCUMENTS if source.index_documents is None else source.index_documents
        read = read_distributions(source.distributions, read_policies(source.policies))
        for file, distribution in read:
            _say_unknown_policies(file, distribution, "; give it with --cache-policy")
        return BucketRouters(_routers(tuple(each for _, each in read), bucket, _names(names)), None)
    if source.policies:
        raise CommandError("--cache-policy needs --distribution: the stack's distributions bring their own")
    deployed, distributions = _ask_stack(session, bucket)
    names = deployed.settings.index_documents if source.index_documents is None else source.index_documents
    return BucketRouters(_routers(distributions, bucket, _names(names)), deployed)


def _ask_stack(session: Session, bucket: str) -> tuple["Deployed", tuple[Distribution, ...]]:
    import time

    from infra.cli.deployed import Deployed, find_serving

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
    distributions: tuple[Distribution, ...], bucket: str, index_documents: tuple[str, ...]
) -> dict[str, tuple[Router, ...]]:
    routers: dict[str, tuple[Router, ...]] = {}
    for each in distributions:
        routers[each.id] = (*routers.get(each.id, ()), Router(each, bucket, index_documents))
    return routers


def _names(index_documents: str) -> tuple[str, ...]:
    return tuple(name for each in index_documents.split(",") if (name := each.strip()))
