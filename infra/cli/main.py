"""`invalidator`: the operator's command line. Data goes to stdout, talk and progress to stderr."""

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.errors import INTERRUPTED, CommandError, StoppedError, explain_aws_error, in_words
from infra.cli.printing import harmless
from invalidator.failures import Failure

# A command is imported when it is typed, and what it does when it is run: `--help` loads neither boto3 nor the worker.
# name → (module and command, its help's first sentence).
COMMANDS = {
    "plan": (
        "infra.cli.keys.commands:plan",
        "Show what would be invalidated when these keys change; send nothing",
    ),
    "simulate": (
        "infra.cli.simulate.command:simulate",
        "Change objects in virtual time: the real worker, and a strict CloudFront",
    ),
    "explain": (
        "infra.cli.keys.commands:explain",
        "Say where an object is served, and why; and whether it was invalidated",
    ),
    "send": (
        "infra.cli.send.command:send",
        "Invalidate what the worker would send if these objects had changed",
    ),
    "wait": (
        "infra.cli.wait.command:wait",
        "Return when nothing waits to be sent, and what was sent has completed",
    ),
    "verify": (
        "infra.cli.verify.command:verify",
        "Fetch URLs from the edge, and compare what comes with what lies in S3 now",
    ),
    "bucket": (
        "infra.cli.bucket.commands:bucket",
        "Connect existing buckets to the queue, and disconnect them",
    ),
    "route": (
        "infra.cli.route.commands:route",
        "Show who serves which bucket, and pin what a survey cannot see",
    ),
    "status": (
        "infra.cli.status.commands:status",
        "Show what waits, what failed, what was sent, and what it costs",
    ),
    "check": (
        "infra.cli.check.command:check",
        "Say whether everything is as it must be; exit code 3 where it is not",
    ),
    "pending": (
        "infra.cli.pending.commands:pending",
        "What changed and is not sent yet, why, and what would be sent",
    ),
    "dlq": ("infra.cli.dlq.commands:dlq", "What failed for good, why, and what to do"),
    "logs": (
        "infra.cli.logs:logs",
        "Print what the worker, the sweep and the survey log, an entry a line; with --json, a JSON document a line",
    ),
    "pause": ("infra.cli.pause:pause", "Stop the worker, or one of its steps"),
    "resume": ("infra.cli.pause:resume", "Let the worker go on, with all that arrived meanwhile"),
    "policy": (
        "infra.cli.policy.commands:policy",
        "Print the IAM policy of one who deploys, operates or runs a CI job",
    ),
    "completion": (
        "infra.cli.completion:completion",
        "Print the script that completes commands and options in a shell",
    ),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write the list that click would make by loading every command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, f"{first}.") for name, (_, first) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="cloudfront-invalidator", message="%(version)s")
def invalidator() -> None:
    """Keep CloudFront fresh: what was invalidated, what failed, and what to do.

    Exit codes: 0 done, 1 error, 2 partly done, 3 "not empty" for --check, 130 Ctrl-C.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit."""
    run(invalidator, "invalidator", arguments)


def run(commands: click.Command, name: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one of several commands and exit; every expected failure is one line on stderr and exit code 1."""
    try:
        code = commands.main(args=arguments, prog_name=name, standalone_mode=False)
    except click.exceptions.Abort:
        fail("interrupted", INTERRUPTED)
    except click.ClickException as error:
        fail(" ".join(error.format_message().split()))  # click sets choices below each other
    except StoppedError as error:
        fail(str(error), INTERRUPTED)
    except CommandError as error:
        fail(str(error))
    except Failure as failure:
        fail(in_words(failure))
    except (BotoCoreError, ClientError) as error:
        fail(explain_aws_error(error))
    except OSError as error:
        fail(str(error))  # such as a full disk: the text names what it was about, where the system does
    sys.exit(code if isinstance(code, int) else 0)


def fail(line: str, code: int = 1) -> NoReturn:
    """Say what is wrong, on stderr, and exit."""
    click.echo(f"invalidator: {harmless(line)}", err=True)
    sys.exit(code)
