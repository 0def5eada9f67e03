"""Errors that the gate gives on purpose."""

from collections.abc import Collection
from dataclasses import dataclass

from infra.local.cloudfront.quotas import Refusal

ACCESS_DENIED = Refusal(
    "AccessDenied", "User is not authorized to perform: cloudfront:CreateInvalidation", 403
)
INVALID_PATHS = Refusal(
    "InvalidArgument", "Your request contains one or more invalid invalidation paths.", 400
)
SERVICE_UNAVAILABLE = Refusal("ServiceUnavailable", "CloudFront is temporarily unavailable.", 503)


@dataclass(slots=True)
class Fault:
    """Answer the next matching calls with an error.

    Attributes:
        answer: the error.
        times: how many calls it still meets; None for all, until the gate forgets it.
        distribution: whose calls, None for any.
        operation: which operation's calls.
        path: only calls whose batch holds this path, None for any.
        answer_lost: whether CloudFront does what was asked and only its answer is replaced.
    """

    answer: Refusal
    times: int | None = 1
    distribution: str | None = None
    operation: str = "CreateInvalidation"
    path: str | None = None
    answer_lost: bool = False

    def meets(self, operation: str, distribution: str | None, paths: Collection[str] = ()) -> bool:
        """Tell whether the fault strikes this call; `paths` are those of its batch."""
        return (
            self.times != 0
            and operation == self.operation
            and self.distribution in {None, distribution}
            and (self.path is None or self.path in paths)
        )

    def struck(self) -> None:
        """Count one call it met."""
        if self.times is not None:
            self.times -= 1
