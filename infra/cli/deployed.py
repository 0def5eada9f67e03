"""The deployed worker as a command sees it: its settings, its memory, and CloudFront asked as the worker asks it.

Where these credentials may not ask, notes say so.
"""

import functools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.session import Session, output
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.aws.memory_table import MemoryTable
from invalidator.core.limits.account import OWN_ACCOUNT, Account, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.room import LONGEST_SECONDS, QUOTA_IN_PROGRESS, in_progress, room, within_room
from invalidator.core.routing.distribution import Distribution
from invalidator.failures import Failure, MemoryUnavailable
from invalidator.settings import Settings, SettingsError, read_settings


@dataclass(frozen=True)
class Deployed:
    """A stack's worker, reached with the operator's own credentials."""

    session: Session

    @functools.cached_property
    def memory(self) -> MemoryTable:
        """The worker's memory."""
        return MemoryTable(self.session.client("dynamodb"), output(self.session, "TableName"))

    @functools.cached_property
    def cloudfront_clients(self) -> CloudFrontClients:
        """CloudFront, as the operator and as the roles of pinned routes."""

        def make(service: str, **credentials: str) -> Any:
            sdk: Any = self.session.aws  # the SDK's type stubs want each service's name as a literal
            return sdk.client(service, **credentials)

        return CloudFrontClients(make, time.time)

    @functools.cached_property
    def discovery(self) -> CloudFrontDiscovery:
        """The scan for distributions, and the configuration of one."""
        return CloudFrontDiscovery(self.cloudfront_clients)

    @functools.cached_property
    def settings(self) -> Settings:
        """The worker's settings, read from its function's environment."""
        name = output(self.session, "FunctionName")
        answer = self.session.client("lambda").get_function_configuration(FunctionName=name)
        try:
            return read_settings(answer.get("Environment", {}).get("Variables", {}))
        except SettingsError as error:
            raise CommandError(f"function {name}: {error}; deploy it again with: make deploy") from error

    @functools.cached_property
    def assumable_roles(self) -> tuple[str, ...]:
        """ARNs of the roles that the worker may assume: the stack's parameter AssumableRoleArns."""
        stack = self.session.client("cloudformation").describe_stacks(StackName=self.session.stack)["Stacks"][
            0
        ]
        values = {
            each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])
        }
        return tuple(arn for each in values.get("AssumableRoleArns", "").split(",") if (arn := each.strip()))


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what the worker's services raise into the one line of a command."""
    try:
        yield
    except Failure as failure:
        cause = failure.__cause__
        if isinstance(cause, BotoCoreError | ClientError):
            raise CommandError(explain_aws_error(cause)) from failure
        raise CommandError(str(failure)) from failure


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
    if all(bucket in stored and stored[bucket].fresh(now) for bucket in asked):
        return serving
    try:
        found = deployed.discovery.scan(pins)
    except Failure as failure:
        serving.notes.append(f"CloudFront cannot be asked who serves the buckets: {failure}")
        serving.unknown = {bucket: str(failure) for bucket in asked if bucket not in stored}
        return serving
    serving.known = {bucket: tuple(found.get(bucket, ())) for bucket in asked}
    return serving


@dataclass(frozen=True, slots=True)
class Standing:
    """How a distribution stands now, as far as the most of a next invalidation depends on it.

    Attributes:
        account: what is remembered of the account that pays.
        free: what can be in progress beside what is.
    """

    account: Account = field(default_factory=Account)
    free: Allowance = QUOTA_IN_PROGRESS

    def allow(self, limits: Limits, now: float, changed: int) -> Allowance:
        """Return the most that the worker would send for so many changed viewer paths."""
        return within_room(limits.allow(self.account, now, changed), self.free)


def standing(deployed: Deployed, distribution: Distribution, now: float) -> Standing:
    """Recall how a distribution stands. Raises `MemoryUnavailable` or CommandError where the table cannot be read."""
    account = deployed.memory.recall((), distribution.role or OWN_ACCOUNT, now)[1]
    sent = deployed.memory.sent_since(distribution.id, now - LONGEST_SECONDS)
    return Standing(account, room(in_progress(sent, now)))
