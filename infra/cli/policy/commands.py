"""`invalidator policy`: the least that each of the people around a stack needs to be allowed."""

import click

from infra.cli.printing import print_json
from infra.cli.session import Session, session_options

# As in `documents.WHO`, which a command loads when it is run.
WHO = ("deployer", "operator", "ci")


@click.command()
@click.argument("who", type=click.Choice(WHO))
@click.option("--account", default="*", metavar="ID", help="The AWS account of the stack.  [default: any]")
@click.option(
    "--bucket",
    "buckets",
    multiple=True,
    metavar="NAME",
    help="A bucket that changes; repeatable.  [default: every bucket]",
)
@session_options
def policy(session: Session, *, who: str, account: str, buckets: tuple[str, ...]) -> None:
    """Print the IAM policy of one who deploys, operates or runs a CI job.

    deployer: make deploy, outputs, delete. operator: every command of this
    program. ci: plan, explain, wait, status, pending list. AWS is not asked.

    \b
    Examples:
      invalidator policy operator --account 123456789012 --region eu-west-1
      invalidator policy ci --bucket my-site > ci-policy.json
    """
    from infra.cli.policy.documents import Place, document

    print_json(document(who, Place(session.stack, account, session.region or "*", buckets)))
