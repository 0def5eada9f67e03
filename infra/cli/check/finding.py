"""What a part of the check found, and how it can be mended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from bucket_subscription.errors import SubscriptionError
from infra.cli.check.ground import Ground
from infra.cli.errors import CommandError, explain_aws_error
from invalidator.failures import Failure


class State(StrEnum):
    """How a part stands."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Repair:
    """How something is mended.

    Attributes:
        difference: what would change, a line each.
        do: does it. Raises CommandError or an error of the SDK where it cannot.
    """

    difference: Sequence[str]
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check.

    Attributes:
        part: what was looked at, such as "table".
        state: how it stands.
        text: what was found, one sentence.
        fix: what to type or do, "" where nothing is wrong.
        repair: what `check --repair` does about it, None where it cannot.
    """

    part: str
    state: State
    text: str
    fix: str = ""
    repair: Repair | None = None


def ok(part: str, text: str) -> Finding:
    """Return a part that is as it must be."""
    return Finding(part, State.OK, text)


def wrong(part: str, text: str, fix: str, repair: Repair | None = None) -> Finding:
    """Return what is not as it must be."""
    return Finding(part, State.WRONG, text, fix, repair)


Part = Callable[[Ground], Iterator[Finding]]


def found_by(part: Part, name: str, ground: Ground) -> list[Finding]:
    """Return what a part finds; where AWS cannot be asked, that is what is found."""
    findings: list[Finding] = []
    try:
        findings.extend(part(ground))
    except (BotoCoreError, ClientError) as error:
        findings.append(Finding(name, State.UNKNOWN, f"cannot be looked at: {explain_aws_error(error)}"))
    except (CommandError, Failure, SubscriptionError) as error:
        findings.append(Finding(name, State.UNKNOWN, f"cannot be looked at: {error}"))
    return findings
