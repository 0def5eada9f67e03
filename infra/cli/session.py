"""The options every command shares, and the AWS they lead to."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.printing import TYPED_OPTIONS

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

DEFAULT_STACK = "cloudfront-invalidator"


@dataclass(frozen=True)
class Session:
    """Where a command works: which stack, in which region, with whose credentials, and how it answers.

    Attributes:
        stack: name of the CloudFormation stack.
        region: AWS region, None for the SDK's own default.
        profile: AWS profile, None for the SDK's own default.
        as_json: whether data is printed as JSON.
    """

    stack: str
    region: str | None
    profile: str | None
    as_json: bool

    @functools.cached_property
    def aws(self) -> "boto3.Session":
        """The SDK session; imported here, so commands that ask AWS nothing start at once."""
        import boto3

        # The SDK reads AWS_DEFAULT_REGION alone; the AWS CLI and Lambda know AWS_REGION too, and prefer it.
        region = self.region or os.environ.get("AWS_REGION")
        return boto3.Session(profile_name=self.profile, region_name=region)

    def client(self, service: str, config: "Config | None" = None) -> Any:
        """Return an SDK client, one for each service; `AWS_ENDPOINT_URL…` point it elsewhere, as everywhere."""
        sdk: Any = self.aws  # the SDK's type stubs want each service's name as a literal
        if config is not None:
            return sdk.client(service, config=config)
        if service not in self._clients:
            self._clients[service] = sdk.client(service)
        return self._clients[service]

    @functools.cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    @functools.cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name. Raises CommandError where there is no such stack."""
        return {each["OutputKey"]: each["OutputValue"] for each in self._described.get("Outputs", [])}

    @functools.cached_property
    def parameters(self) -> Mapping[str, str]:
        """The stack's parameters by name, as it was deployed. Raises CommandError where there is no such stack."""
        return {
            each["ParameterKey"]: each.get("ParameterValue", "")
            for each in self._described.get("Parameters", [])
        }

    @functools.cached_property
    def _described(self) -> Mapping[str, Any]:
        from botocore.exceptions import ClientError

        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = self.aws.region_name
            raise CommandError(
                f"no stack {self.stack!r} in region {region}; name it with --stack and --region, "
                "or deploy it with: make deploy",
            ) from error
        described: Mapping[str, Any] = stacks[0]
        return described


def default_stack() -> str:
    """Return the name of the stack that is meant where none is typed.

    INVALIDATOR_STACK says so; or, in a clone of this project, `stack_name` in samconfig.toml, which is the stack that
    `make deploy` deploys; CONFIG_ENV names another section than `default`, as for make.
    """
    return os.environ.get("INVALIDATOR_STACK") or configured_stack(Path.cwd()) or DEFAULT_STACK


def configured_stack(folder: Path) -> str:
    """Return the stack's name in a clone's samconfig.toml; "" where there is none, or the folder is another project's.

    Raises CommandError where the file cannot be read.
    """
    file = folder / "samconfig.toml"
    if not file.is_file() or not (folder / "functions/invalidator").is_dir():
        return ""
    import tomllib

    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"samconfig.toml cannot be read: {error}") from error
    section = sections.get(os.environ.get("CONFIG_ENV", "default"), {})
    for command in ("deploy", "global"):  # as sam has it: the narrower one wins
        name = section.get(command, {}).get("parameters", {}).get("stack_name")
        if isinstance(name, str) and name:
            return name
    return ""


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the shared options and pass it a `Session` as its first argument."""

    @click.option(
        "--stack",
        default=default_stack,
        help=f"The stack's name.  [default: INVALIDATOR_STACK, samconfig.toml's, or {DEFAULT_STACK}]",
    )
    @click.option("--region", help="The AWS region of the stack.")
    @click.option("--profile", help="The AWS profile to use.")
    @click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
    @functools.wraps(command)
    def with_session(
        *args: Any, stack: str, region: str | None, profile: str | None, as_json: bool, **options: Any
    ) -> Any:
        named = {
            "--stack": stack if stack != default_stack() else None,
            "--region": region,
            "--profile": profile,
        }
        click.get_current_context().meta[TYPED_OPTIONS] = tuple(
            word for option, value in named.items() if value for word in (option, value)
        )
        return command(Session(stack, region, profile, as_json), *args, **options)

    return with_session


def output(session: Session, name: str) -> str:
    """Return one of the stack's outputs. Raises CommandError where the stack is another's."""
    try:
        return session.outputs[name]
    except KeyError as error:
        raise CommandError(
            f"stack {session.stack!r} has no output {name}; is it the invalidator's? name it with --stack"
        ) from error
