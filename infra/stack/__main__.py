"""What `make deploy` and `make delete` do before `sam` is called; `python -m infra.stack --help` lists it."""

import subprocess
import sys
from pathlib import Path

import click

from infra.cli.errors import CommandError
from infra.cli.main import run
from infra.cli.session import Session
from infra.stack import farewell
from infra.stack.parameters import given
from infra.stack.tryout import stack_parameters, try_buckets


@click.group()
def main() -> None:
    """Look after a stack before it is deployed or deleted."""


@main.command("try")
@click.option("--stack", required=True)
@click.option("--config-env", default="default")
@click.argument("deploy_arguments", nargs=-1, type=click.UNPROCESSED)
def try_(stack: str, config_env: str, deploy_arguments: tuple[str, ...]) -> None:
    """Try every bucket that `sam deploy DEPLOY_ARGUMENTS` would connect; exit 1 where one cannot be."""
    session = Session(stack, None, None, as_json=False)
    before = stack_parameters(session)
    tried = try_buckets(session, given(deploy_arguments, Path("samconfig.toml"), config_env, before), before)
    for bucket, why in tried.untold.items():
        click.echo(f"note: {bucket} could not be tried with your credentials: {why}", err=True)
    for bucket, why in tried.refused.items():
        click.echo(f"{bucket}: {why}", err=True)
    if tried.refused:
        click.echo("nothing was deployed; mend these, or leave them out", err=True)
        sys.exit(1)


@main.command()
@click.option("--stack", required=True)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def delete(stack: str, command: tuple[str, ...], *, yes: bool) -> None:
    """Say what deleting the stack takes and leaves, ask, disconnect what people connected, then run COMMAND."""
    session = Session(stack, None, None, as_json=False)
    found = farewell.look(session)
    for line in farewell.as_lines(found, stack):
        click.echo(line, err=True)
    try:
        if not yes and not click.confirm(f"Delete stack {stack}?", err=True):
            sys.exit(1)
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise
        raise CommandError(
            "nobody answered, so nothing was deleted; to do it without being asked: make delete YES=1"
        ) from error
    failed = farewell.disconnect(session, found.by_hand)
    for line in failed:
        click.echo(line, err=True)
    if failed:
        click.echo("nothing was deleted", err=True)
        sys.exit(1)
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    for line in farewell.kept(found):
        click.echo(line, err=True)


if __name__ == "__main__":
    run(main, "infra.stack")
