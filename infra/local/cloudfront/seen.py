"""What the gate saw and keeps, for the demo and the tests."""

from dataclasses import dataclass

from infra.local.cloudfront.quotas import Refusal


@dataclass(frozen=True, slots=True)
class Seen:
    """One CreateInvalidation call that reached the gate.

    Attributes:
        at: when, epoch seconds.
        distribution: the distribution's id.
        paths: the items as they stood in the request.
        reference: CallerReference.
        invalidation: the invalidation's id where there is one: created now, or earlier with this reference.
        repeat: whether it was created earlier, so that this call cost nothing.
        refusal: the error the caller got, None where it was accepted.
    """

    at: float
    distribution: str
    paths: tuple[str, ...]
    reference: str
    invalidation: str | None = None
    repeat: bool = False
    refusal: Refusal | None = None
