"""`invalidator dlq`: the failure desk."""

import click

from infra.cli.dlq.explain import explain
from infra.cli.dlq.export import export
from infra.cli.dlq.list import list_letters, show
from infra.cli.dlq.purge import purge
from infra.cli.dlq.redrive import redrive


@click.group(
    epilog="\b\nExample, to see it, understand it, mend it, and send it again:\n"
    "  invalidator dlq list\n  invalidator dlq explain\n  invalidator dlq redrive --yes"
)
def dlq() -> None:
    """What failed for good, why, and what to do."""


for _command in (list_letters, show, explain, export, redrive, purge):
    dlq.add_command(_command)
