"""CloudFront's invalidation quotas as a state machine over values: no clock, no lock, no I/O.

AWS documents two regimes and nobody knows which one an account is under [aws-behaviour.md, CloudFront
invalidations], so both can be enforced, alone or together, each in its strictest reading: what passes here
passes under every milder one. The gate asks it in real time, the simulator in virtual time.
"""

import heapq
import random
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(slots=True)
class InProgress:
    """A heap of (completes, paths, wildcards), and its sums.

    Attributes:
        running: what has not completed; the first to complete is first.
        paths: in progress, wildcards included.
        wildcards: in progress.
    """

    running: list[tuple[float, int, int]] = field(default_factory=list)
    paths: int = 0
    wildcards: int = 0

    def complete(self, now: float) -> None:
        """Leave out what has completed by now."""
        while self.running and self.running[0][0] <= now:
            _, paths, wildcards = heapq.heappop(self.running)
            self.paths -= paths
            self.wildcards -= wildcards

    def add(self, completes: float, paths: int, wildcards: int) -> None:
        """Add an invalidation."""
        heapq.heappush(self.running, (completes, paths, wildcards))
        self.paths += paths
        self.wildcards += wildcards


class TokenBucket:
    """Holds at most `burst` tokens and regains `rate` a second; full at first."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = float("-inf")

    def holds(self, now: float, tokens: float) -> bool:
        """Tell whether so many tokens could be taken now; a tie that floats blur counts as yes."""
        if now > self._at:
            if self._at != float("-inf"):
                self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
        return tokens <= self._tokens + 1e-9

    def take(self, tokens: float) -> None:
        """Take what `holds` said is there."""
        self._tokens -= tokens


class Regime(StrEnum):
    """Which of the documented quotas are enforced, beside the rate of calls, which always is."""

    RATE = "rate"
    IN_FLIGHT = "in-flight"
    BOTH = "both"

    @property
    def limits_rate(self) -> bool:
        """Whether paths and wildcards a second are limited."""
        return self is not Regime.IN_FLIGHT

    @property
    def limits_in_flight(self) -> bool:
        """Whether paths and wildcards in progress are limited."""
        return self is not Regime.RATE


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """The limits to enforce.

    Attributes:
        regime: which limits hold.
        paths_in_progress: most paths, wildcards included, in progress for one distribution.
        wildcards_in_progress: most wildcards in progress for one distribution.
        paths_per_second: paths, wildcards included, that an account's bucket regains in a second.
        path_burst: what that bucket holds when full; a request with more is never accepted.
        wildcards_per_second: the same for wildcards.
        wildcard_burst: what the wildcards' bucket holds; a request with more is never accepted.
        calls_per_second: calls an account regains in a second; 0.5 is a maintainer's word (aws-sdk-js#3983).
        call_burst: quick calls an account may make after a rest.
        max_paths_per_request: more answers BatchTooLarge.
        seconds_in_progress: shortest and longest time an invalidation takes.
        seed: decides, with the invalidation's number, how long each takes within that range.
    """

    regime: Regime = Regime.BOTH
    paths_in_progress: int = 3000
    wildcards_in_progress: int = 15
    paths_per_second: float = 150.0
    path_burst: float = 150.0
    wildcards_per_second: float = 1.0
    wildcard_burst: float = 1.0
    calls_per_second: float = 0.5
    call_burst: float = 6.0
    max_paths_per_request: int = 3000
    seconds_in_progress: tuple[float, float] = (5.0, 25.0)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """How CloudFront says no: the error's code and message, and the HTTP status it comes with."""

    code: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """CloudFront says yes; the invalidation is in progress until `completes`, on the caller's clock."""

    completes: float


THROTTLED = Refusal("Throttling", "Rate exceeded", 400)
TOO_MANY = Refusal(
    "TooManyInvalidationsInProgress",
    "Processing your request will cause you to exceed the maximum number of in-progress invalidations.",
    400,
)
TOO_LARGE = Refusal("BatchTooLarge", "Your request contains too many invalidation paths.", 413)


@dataclass(slots=True)
class _Account:
    calls: TokenBucket
    paths: TokenBucket
    wildcards: TokenBucket


class Quotas:
    """Says which CreateInvalidation calls CloudFront accepts.

    Rates are counted for each account, what is in progress for each distribution. A call that finds a call
    token uses it, whatever becomes of the call after; paths and wildcards are used up by accepted requests
    alone. Times are seconds on the caller's clock and should not go back.
    """

    def __init__(self, settings: QuotaSettings | None = None) -> None:
        self.settings = settings or QuotaSettings()
        self._accounts: dict[str, _Account] = {}
        self._distributions: dict[str, InProgress] = {}
        self._accepted = 0

    def call(self, now: float, account: str) -> Refusal | None:
        """Count a call for nothing new, such as a repeated CallerReference: only the rate counts."""
        calls = self._account(account).calls
        if not calls.holds(now, 1):
            return THROTTLED
        calls.take(1)
        return None

    def admit(
        self, now: float, account: str, distribution: str, paths: int, wildcards: int
    ) -> Accepted | Refusal:
        """Count a call, and accept its request or say why CloudFront would refuse it.

        Args:
            now: seconds.
            account: whose rates count.
            distribution: whose invalidations in progress count.
            paths: paths in the request, wildcards included; at least 1.
            wildcards: how many of them end in `*`.
        """
        refusal = self.call(now, account) or self.refusal(now, account, distribution, paths, wildcards)
        return refusal or self.accept(now, account, distribution, paths, wildcards)

    def refusal(
        self, now: float, account: str, distribution: str, paths: int, wildcards: int
    ) -> Refusal | None:
        """Return why a request would be refused, its call apart; uses up nothing."""
        if paths > self.settings.max_paths_per_request:
            return TOO_LARGE
        if self.settings.regime.limits_in_flight:
            in_progress = self._in_progress(now, distribution)
            if (
                in_progress.paths + paths > self.settings.paths_in_progress
                or in_progress.wildcards + wildcards > self.settings.wildcards_in_progress
            ):
                return TOO_MANY
        if self.settings.regime.limits_rate:
            buckets = self._account(account)
            if not (buckets.paths.holds(now, paths) and buckets.wildcards.holds(now, wildcards)):
                return TOO_MANY
        return None

    def accept(self, now: float, account: str, distribution: str, paths: int, wildcards: int) -> Accepted:
        """Count a request that `refusal` had nothing against."""
        if self.settings.regime.limits_rate:
            self._account(account).paths.take(paths)
            self._account(account).wildcards.take(wildcards)
        self._accepted += 1
        # The same seed and number give the same time on every run, whatever else happened between.
        chance = random.Random(f"{self.settings.seed}:{self._accepted}")
        completes = now + chance.uniform(*self.settings.seconds_in_progress)
        self._in_progress(now, distribution).add(completes, paths, wildcards)
        return Accepted(completes)

    def in_progress(self, now: float, distribution: str) -> tuple[int, int]:
        """Return how many paths, and how many wildcards of them, are in progress."""
        state = self._in_progress(now, distribution)
        return state.paths, state.wildcards

    def _account(self, account: str) -> _Account:
        if account not in self._accounts:
            limits = self.settings
            self._accounts[account] = _Account(
                calls=TokenBucket(limits.calls_per_second, limits.call_burst),
                paths=TokenBucket(limits.paths_per_second, limits.path_burst),
                wildcards=TokenBucket(limits.wildcards_per_second, limits.wildcard_burst),
            )
        return self._accounts[account]

    def _in_progress(self, now: float, distribution: str) -> InProgress:
        state = self._distributions.setdefault(distribution, InProgress())
        state.complete(now)
        return state
