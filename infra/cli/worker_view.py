"""What the desk needs of the deployed worker, for many buckets at once, and with notes where it may not ask."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import print_text
from invalidator.batch.worker import OWN_ACCOUNT
from invalidator.core.routing.distribution import Distribution
from invalidator.failures import Failure, MemoryUnavailable
from invalidator.settings import Settings


@dataclass(slots=True)
class Serving:
    """Who serves which bucket, as far as the table and CloudFront tell these credentials.

    Attributes:
        known: bucket → its distributions, none when no distribution serves it.
        unknown: bucket → why nobody can tell.
        notes: what a person should know about these answers.
    """

    known: dict[str, tuple[Distribution, ...]] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def settings_or_why(deployed: Deployed) -> Settings | str:
    """Return the deployed function's settings, or why they cannot be read."""
    try:
        return deployed.settings
    except (BotoCoreError, ClientError) as error:
        return f"the function's settings cannot be read: {explain_aws_error(error)}"
    except CommandError as error:
        return str(error)


def find_serving(deployed: Deployed, buckets: Iterable[str], now: float) -> Serving:
    """Find out who serves the buckets, as the worker does, but without writing the answer to the table."""
    serving = Serving()
    asked = sorted(set(buckets))
    try:
        stored, _ = deployed.memory.recall(asked, OWN_ACCOUNT, now)
        pins = deployed.memory.pins()
    except MemoryUnavailable as error:
        serving.notes.append(f"the table cannot be read: {error}")
        stored, pins = {}, []
    serving.known = {bucket: stored[bucket].distributions for bucket in asked if bucket in stored}
    if all(bucket in stored and stored[bucket].fresh_until > now for bucket in asked):
        return serving
    try:
        found = deployed.discovery.scan(pins)
    except Failure as failure:
        serving.notes.append(f"CloudFront cannot be asked who serves the buckets: {failure}")
        serving.unknown = {bucket: str(failure) for bucket in asked if bucket not in stored}
        return serving
    serving.known = {bucket: tuple(found.get(bucket, ())) for bucket in asked}
    return serving


def print_notes(notes: Iterable[str]) -> None:
    """Say on stderr what could not be asked."""
    for note in notes:
        print_text(f"Note: {note}", err=True)
