"""The deployed worker as a command sees it: its settings, its table, and CloudFront asked as the worker asks it."""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bucket_watch.standing import StandingTable
from infra.cli.errors import CommandError, explain_aws_error, in_words
from infra.cli.session import Session, output
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.aws.table.accounts import AccountTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.memory import MemoryTable
from invalidator.aws.table.pins import PinTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.clock import SystemClock
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.pace import Pace
from invalidator.core.limits.room import LONGEST_SECONDS, QUOTA_IN_PROGRESS, in_progress, room, within_room
from invalidator.failures import Failure
from invalidator.ports import TargetView
from invalidator.settings import Settings, SettingsError, read_settings


@dataclass(frozen=True)
class Deployed:
    """A stack's worker, reached with the operator's own credentials."""

    session: Session

    @functools.cached_property
    def table(self) -> DynamoDbTable:
        """The stack's table; what stands in it is read and written through the parts below."""
        return DynamoDbTable(self.session.client("dynamodb"), output(self.session, "TableName"))

    @functools.cached_property
    def routes(self) -> RoutesTable:
        """Who serves which bucket, as the survey wrote it."""
        return RoutesTable(self.table)

    @functools.cached_property
    def targets(self) -> TargetTable:
        """What each distribution has settled, learned and been sent."""
        return TargetTable(self.table)

    @functools.cached_property
    def accounts(self) -> AccountTable:
        """What each account spends."""
        return AccountTable(self.table)

    @functools.cached_property
    def wakes(self) -> WakeTable:
        """Who is to be looked at, and since when something waits."""
        return WakeTable(self.table)

    @functools.cached_property
    def memory(self) -> MemoryTable | None:
        """What is remembered of buckets, None where the stack remembers none."""
        name = self.settings.remembered_table_name
        if not name:
            return None
        return MemoryTable(DynamoDbTable(self.session.client("dynamodb"), name), time.time)

    @functools.cached_property
    def standings(self) -> StandingTable:
        """How each bucket stood when the watch looked last."""
        return StandingTable(self.table)

    @functools.cached_property
    def pins(self) -> PinTable:
        """What people pinned."""
        return PinTable(self.table)

    @functools.cached_property
    def cloudfront_clients(self) -> CloudFrontClients:
        """CloudFront, as the operator and as the roles of pinned routes."""

        def make(service: str, **credentials: str) -> Any:
            sdk: Any = self.session.aws  # the SDK's type stubs want each service's name as a literal
            return sdk.client(service, **credentials)

        return CloudFrontClients(make, time.time)

    @functools.cached_property
    def distributions(self) -> CloudFrontDistributions:
        """The list of distributions, and the configuration of one."""
        return CloudFrontDistributions(self.cloudfront_clients, SystemClock())

    @functools.cached_property
    def settings(self) -> Settings:
        """The worker's settings, read from its function's environment."""
        name = output(self.session, "FunctionName")
        answer = self.session.client("lambda").get_function_configuration(FunctionName=name)
        try:
            return read_settings(answer.get("Environment", {}).get("Variables", {}), Settings)
        except SettingsError as error:
            raise CommandError(f"function {name}: {error}; deploy it again with: make deploy") from error

    @functools.cached_property
    def assumable_roles(self) -> tuple[str, ...]:
        """ARNs of the roles that the worker may assume: the stack's parameter AssumableRoleArns."""
        named = self.session.parameters.get("AssumableRoleArns", "")
        return tuple(arn for each in named.split(",") if (arn := each.strip()))


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what the worker's services raise into the one line of a command."""
    try:
        yield
    except Failure as failure:
        raise CommandError(in_words(failure)) from failure


def settings_or_why(deployed: Deployed) -> Settings | str:
    """Return the deployed function's settings, or why they cannot be read."""
    try:
        return deployed.settings
    except (BotoCoreError, ClientError) as error:
        return f"the function's settings cannot be read: {explain_aws_error(error)}"
    except CommandError as error:
        return str(error)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a distribution stands now, as far as the most of a next invalidation depends on it.

    Attributes:
        spending: what the account that pays has spent.
        pace: what the distribution's refusals taught, None where there were none.
        free: what can be in progress beside what is.
    """

    spending: Spending = Spending()  # noqa: RUF009  it is frozen: all may share it
    pace: Pace | None = None
    free: Allowance = QUOTA_IN_PROGRESS

    def allow(self, limits: Limits, now: float, changed: int) -> Allowance:
        """Return the most that the worker would send for so many changed viewer paths."""
        return within_room(limits.allow(self.spending, self.pace, now, changed), self.free)


def standing(deployed: Deployed, distribution: str, role: str | None, now: float) -> Standing:
    """Return how a distribution stands. Raises TableUnavailable, or CommandError where there is no stack."""
    return standing_of(deployed, deployed.targets.view(distribution, now), distribution, role, now)


def standing_of(
    deployed: Deployed, view: TargetView, distribution: str, role: str | None, now: float
) -> Standing:
    """Return how a distribution stands of which the rest has been read already; see `standing`."""
    account = view.account if role is None else deployed.accounts.known(role, now)
    sent = deployed.targets.sent_since(distribution, now - LONGEST_SECONDS)
    return Standing(account.spending, view.state.pace, room(in_progress(sent, now)))
