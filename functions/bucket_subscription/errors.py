"""What can go wrong with a bucket's subscription. Each text is one line that names the cause and the fix.

SubscriptionError
├── RefusedError          what was asked for cannot be done; nothing was changed
│   ├── UnreachableError  no such bucket, or no access to it
│   └── RejectedError     S3 could not deliver its test event to a destination
└── UnsettledError        AWS failed, or someone kept changing the bucket; run it again
"""

from collections.abc import Sequence


class SubscriptionError(Exception):
    """An expected failure; its text is the line a person reads."""


class RefusedError(SubscriptionError):
    """What was asked for cannot be done as things are; nothing was changed."""


class UnreachableError(RefusedError):
    """The bucket does not exist, belongs to someone else, or may not be read or changed.

    Attributes:
        denied: whether S3 refused access, which rights given a moment ago may still change.
    """

    def __init__(self, line: str, *, denied: bool = False) -> None:
        super().__init__(line)
        self.denied = denied


class RejectedError(RefusedError):
    """S3 could not validate a destination.

    Attributes:
        arns: the destinations S3 named; empty where it named none.
    """

    def __init__(self, line: str, arns: Sequence[str]) -> None:
        super().__init__(line)
        self.arns = tuple(arns)


class UnsettledError(SubscriptionError):
    """AWS failed, time ran out, or someone kept changing the bucket; running it again is safe."""
