"""The stack itself, and its version beside the command line's."""

from collections.abc import Iterator
from importlib.metadata import version

from infra.cli.check.finding import Finding, ok, wrong
from infra.cli.check.ground import Ground

PART = "stack"
_UNFINISHED = ("_IN_PROGRESS",)


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the stack."""
    status = ground.stack.get("StackStatus", "CREATE_COMPLETE")
    mine = version("cloudfront-invalidator")
    theirs = ground.session.outputs.get("Version", "")
    if status.endswith(_UNFINISHED):
        yield wrong(PART, f"an update is under way: {status}", "wait for it, then: invalidator check")
    elif "FAILED" in status or "ROLLBACK" in status:
        yield wrong(
            PART,
            f"its last update did not come to its end: {status}",
            f"aws cloudformation describe-stack-events --stack-name {ground.session.stack}; then: make deploy",
        )
    if not theirs:
        yield wrong(
            PART, f"it was deployed by a version that does not name itself; this is {mine}", "make deploy"
        )
    elif theirs != mine:
        yield wrong(
            PART,
            f"the stack is of version {theirs}, this command line of {mine}",
            "make deploy, or install the command line of that version",
        )
    else:
        yield ok(PART, f"{status.lower().replace('_', ' ')}, version {theirs}")
