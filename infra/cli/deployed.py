"""The deployed worker as a command sees it: its settings, its memory, and CloudFront asked as the worker asks it."""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.session import Session
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.aws.memory_table import MemoryTable
from invalidator.failures import Failure
from invalidator.settings import Settings, SettingsError, read_settings


@dataclass(frozen=True)
class Deployed:
    """A stack's worker, reached with the operator's own credentials."""

    session: Session

    @functools.cached_property
    def memory(self) -> MemoryTable:
        """The worker's memory."""
        return MemoryTable(self.session.client("dynamodb"), self._output("TableName"))

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
        name = self._output("FunctionName")
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

    def _output(self, name: str) -> str:
        if name not in self.session.outputs:
            raise CommandError(
                f"stack {self.session.stack!r} has no output {name}; is it this project's stack?"
            )
        return self.session.outputs[name]


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
