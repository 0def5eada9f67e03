"""CloudFront in virtual time: it enforces the quotas and the path rules of `infra.local`, and keeps what it took."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NoReturn

from infra.local.cloudfront.path_rules import refusal_of_paths
from infra.local.cloudfront.quotas import THROTTLED, TOO_MANY, Quotas, QuotaSettings, Refusal
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.sent import Sent
from invalidator.failures import BackPressure, InvalidPaths, Permanent, Transient
from invalidator.ports import Clock

# What a call takes, and how often the SDK tries one that fails with 5xx (botocore's standard mode).
CALL_SECONDS = 0.15
SDK_ATTEMPTS = 3
SDK_BACKOFF_SECONDS = 0.5


class Answer(StrEnum):
    """What CloudFront says while something is wrong."""

    THROTTLING = "Throttling"
    CROWDED = "TooManyInvalidationsInProgress"
    UNAVAILABLE = "ServiceUnavailable"


@dataclass(frozen=True, slots=True)
class Trouble:
    """CloudFront refuses some calls for a time.

    Attributes:
        answer: what it says.
        begins: seconds.
        ends: seconds.
        distributions: to calls for these; all where there are none.
    """

    answer: Answer
    begins: float
    ends: float
    distributions: frozenset[str] = frozenset()

    def since(self, start: float) -> "Trouble":
        """Return it with times that are counted from a start."""
        return replace(self, begins=start + self.begins, ends=start + self.ends)

    def meets(self, distribution: str, now: float) -> bool:
        """Tell whether a call meets it."""
        chosen = not self.distributions or distribution in self.distributions
        return chosen and self.begins <= now < self.ends


@dataclass(slots=True)
class SimulatedCloudFront:
    """CreateInvalidation and GetInvalidation as the quotas allow, in virtual time.

    Attributes:
        clock: virtual time.
        settings: the quotas to enforce.
        error_rate: the part of calls that answer 5xx.
        seed: makes the errors the same in every run.
        on_created: called with each invalidation that is paid.
        troubles: what is wrong, and when.
        requests: calls that asked for an invalidation.
        refusals: (time, code) of those that met a quota.
        times: when each of the requests was made.
        paths: paths that were paid.
        wildcards: how many of them were wildcards.
        invalidations: how many each distribution was sent.
        created: by reference, as CloudFront remembers them.
    """

    clock: Clock
    settings: QuotaSettings
    error_rate: float = 0.0
    seed: int = 0
    on_created: Callable[[Sent], None] = lambda _: None
    troubles: tuple[Trouble, ...] = ()
    requests: int = 0
    refusals: list[tuple[float, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    paths: int = 0
    wildcards: int = 0
    invalidations: Counter[str] = field(default_factory=Counter)
    created: dict[tuple[str, str], Sent] = field(default_factory=dict)
    _completes: dict[str, float] = field(default_factory=dict)
    _quotas: Quotas = field(init=False)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._quotas = Quotas(self.settings)
        self._chance = random.Random(self.seed)

    def create(self, request: Request, role: str | None) -> Sent:
        """Send one invalidation request, with the SDK's own retries."""
        for attempt in range(SDK_ATTEMPTS):
            self.clock.sleep(CALL_SECONDS)
            self.requests += 1
            self.times.append(self.clock.now())
            if not self._fails(request.distribution):
                return self._create(request, role or "self")
            self.clock.sleep(SDK_BACKOFF_SECONDS * 2**attempt)
        raise Transient("ServiceUnavailable (simulated)")

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:  # noqa: ARG002  the port's signature
        """Tell whether an invalidation has finished."""
        self.clock.sleep(CALL_SECONDS)
        if invalidation not in self._completes:
            raise Permanent("NoSuchInvalidation (simulated)", Reason.DISTRIBUTION_GONE)
        return self.clock.now() >= self._completes[invalidation]

    def refused_share_after(self, time: float) -> float:
        """Return the part of the requests made after `time` that met a quota."""
        requests = sum(at > time for at in self.times)
        refusals = sum(at > time for at, _ in self.refusals)
        return refusals / requests if requests else 0.0

    def _fails(self, distribution: str) -> bool:
        if self._trouble(distribution) is Answer.UNAVAILABLE:
            return True
        return self._chance.random() < self.error_rate

    def _trouble(self, distribution: str) -> Answer | None:
        now = self.clock.now()
        return next((each.answer for each in self.troubles if each.meets(distribution, now)), None)

    def _create(self, request: Request, account: str) -> Sent:
        now = self.clock.now()
        paths = tuple(request.paths)
        bad = refusal_of_paths(paths, len(paths))
        if bad is not None:
            raise InvalidPaths(f"{bad.code}: {bad.message}")
        trouble = self._trouble(request.distribution)
        if trouble is Answer.THROTTLING:
            self._refuse(THROTTLED)
        known = self.created.get((request.distribution, request.reference))
        if known is not None or trouble is Answer.CROWDED:
            throttled = self._quotas.call(now, account)
            if throttled is not None:
                self._refuse(throttled)
            if known is not None:
                return known
            self._refuse(TOO_MANY)
        answer = self._quotas.admit(now, account, request.distribution, len(paths), request.wildcards)
        if isinstance(answer, Refusal):
            self._refuse(answer)
        sent = Sent(
            request.distribution, f"I{len(self.created):06d}", now, paths, tuple(request.paths.values())
        )
        self.created[request.distribution, request.reference] = sent
        self._completes[sent.id] = answer.completes
        self.paths += len(paths)
        self.wildcards += sent.wildcards
        self.invalidations[request.distribution] += 1
        self.on_created(sent)
        return sent

    def _refuse(self, refusal: Refusal) -> NoReturn:
        self.refusals.append((self.clock.now(), refusal.code))
        raise BackPressure(f"{refusal.code}: {refusal.message}", too_large=refusal.code != "Throttling")
