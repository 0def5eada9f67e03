"""Stands in front of the local CloudFront and enforces what the emulator does not.

Quotas, path rules, time in progress, and errors on purpose; everything else passes through unread. It keeps
what it saw, for the demo and the tests.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

from infra.local.cloudfront.faults import Fault
from infra.local.cloudfront.path_rules import refusal_of_paths
from infra.local.cloudfront.proxy import Answer, Forward, Proxy, Request
from infra.local.cloudfront.quotas import Quotas, QuotaSettings, Refusal
from infra.local.cloudfront.wire import (
    error_body,
    operation_of,
    read_batch,
    refusal_in,
    shown_invalidations,
    with_state,
)


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


class Listener(Protocol):
    """Is told what happens at CloudFront; on the gate's threads, so it must be quick."""

    def invalidate(
        self, distribution: str, invalidation: str, items: tuple[str, ...], completes: float
    ) -> None:
        """An invalidation was created; it completes then, epoch seconds."""

    def look_again(self) -> None:
        """Something else may have changed, such as a distribution's configuration."""


# The local AWS has one account; its rates are counted under this name.
ACCOUNT = "000000000000"
_CREATED = 201
_CREATE = frozenset({"CreateInvalidation", "CreateInvalidationForDistributionTenant"})


@dataclass(frozen=True, slots=True)
class _Taken:
    """When an invalidation was created by CloudFront's clock, and when it completes by ours.

    The emulator knows whole seconds only.
    """

    created: float
    completes: float


class Gate:
    """The gate; it listens on a free port of 127.0.0.1 while it is open.

    Attributes:
        calls: how often each operation was asked for.
    """

    def __init__(
        self,
        settings: QuotaSettings | None = None,
        *,
        upstream: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a gate.

        Args:
            settings: the quotas to enforce.
            upstream: URL of the CloudFront behind; may be set later, see `stand_before`.
            clock: epoch seconds.
        """
        self._proxy = Proxy(self._answer, upstream)
        self._clock = clock
        self._quotas = Quotas(settings)
        self.calls: Counter[str] = Counter()
        self._seen: list[Seen] = []
        self._faults: list[Fault] = []
        self._taken: dict[str, _Taken] = {}
        self._skew = 0.0
        self._references: set[tuple[str, str]] = set()
        self._listener: Listener | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.__exit__(kind, error, trace)

    @property
    def endpoint(self) -> str:
        """The gate's URL, for AWS_ENDPOINT_URL_CLOUDFRONT."""
        return self._proxy.endpoint

    @property
    def seen(self) -> list[Seen]:
        """Every CreateInvalidation call until now, in order."""
        with self._lock:
            return list(self._seen)

    @property
    def invalidations(self) -> list[Seen]:
        """The calls that created an invalidation: what CloudFront would bill, though its answer was lost."""
        return [each for each in self.seen if each.invalidation and not each.repeat]

    def stand_before(self, upstream: str) -> None:
        """Pass requests on to the CloudFront at this URL."""
        self._proxy.upstream = upstream

    def tell(self, listener: Listener) -> None:
        """Tell this one from now on what happens."""
        self._listener = listener

    def enforce(self, settings: QuotaSettings) -> None:
        """Enforce other quotas from now on, with nothing used up yet."""
        with self._lock:
            self._quotas = Quotas(settings)

    def inject(self, fault: Fault) -> None:
        """Give an error on purpose; of several that meet a call, the first strikes."""
        with self._lock:
            self._faults.append(fault)

    def forget_faults(self) -> None:
        """Give no more errors on purpose."""
        with self._lock:
            self._faults.clear()

    def skew(self, seconds: float) -> None:
        """Date invalidations that are created from now on by a clock that is so far ahead of everyone else's."""
        with self._lock:
            self._skew = seconds

    def completes(self, invalidation: str) -> float | None:
        """Return when an invalidation completes, epoch seconds; None where the gate saw no such."""
        taken = self._taken.get(invalidation)
        return taken.completes if taken else None

    def _answer(self, request: Request, forward: Forward) -> Answer:
        operation = operation_of(request.method, request.path)
        with self._lock:
            self.calls[operation.name] += 1
            if operation.name in _CREATE and operation.distribution:
                return self._create(operation.distribution, request.body, forward)
            fault = self._fault(operation.name, operation.distribution)
        if fault is not None and not fault.answer_lost:
            return _error(fault.answer)
        answer = forward()
        if request.method != "GET" and self._listener is not None:
            self._listener.look_again()
        return self._told(answer) if fault is None else _error(fault.answer)

    def _create(self, distribution: str, body: bytes, forward: Forward) -> Answer:
        # Under the lock from the question to the count, so that two calls cannot both take the last room.
        # What the CloudFront behind refuses (no such distribution, no permission) uses up no paths.
        now = self._clock()
        batch = read_batch(body)
        if isinstance(batch, Refusal):
            return _error(batch)
        seen = Seen(now, distribution, batch.paths, batch.reference)
        fault = self._fault("CreateInvalidation", distribution, batch.paths)
        if fault is not None and not fault.answer_lost:
            return self._refuse(seen, fault.answer)
        repeat = (distribution, batch.reference) in self._references
        size = len(batch.paths), sum(path.endswith("*") for path in batch.paths)
        refusal = self._quotas.call(now, ACCOUNT) or refusal_of_paths(batch.paths, batch.quantity)
        if refusal is None and not repeat:
            refusal = self._quotas.refusal(now, ACCOUNT, distribution, *size)
        if refusal is not None:
            return self._refuse(seen, refusal)
        answer = forward()
        if answer.status != _CREATED:
            self._seen.append(replace(seen, refusal=refusal_in(answer.status, answer.body)))
            return answer
        (invalidation,) = shown_invalidations(answer.body)
        seen = replace(seen, invalidation=invalidation, repeat=repeat)
        if not repeat:
            self._references.add((distribution, batch.reference))
            accepted = self._quotas.accept(now, ACCOUNT, distribution, *size)
            self._taken[invalidation] = _Taken(now + self._skew, accepted.completes)
            if self._listener is not None:
                self._listener.invalidate(distribution, invalidation, batch.paths, accepted.completes)
        if fault is not None:
            return self._refuse(seen, fault.answer)
        self._seen.append(seen)
        return self._told(answer)

    def _refuse(self, seen: Seen, refusal: Refusal) -> Answer:
        self._seen.append(replace(seen, refusal=refusal))
        return _error(refusal)

    def _fault(self, operation: str, distribution: str | None, paths: Collection[str] = ()) -> Fault | None:
        for fault in self._faults:
            if fault.meets(operation, distribution, paths):
                fault.struck()
                return fault
        return None

    def _told(self, answer: Answer) -> Answer:
        return replace(answer, body=with_state(answer.body, self._state))

    def _state(self, invalidation: str) -> tuple[str, float] | None:
        taken = self._taken.get(invalidation)
        if taken is None:
            return None
        return ("InProgress" if taken.completes > self._clock() else "Completed"), taken.created


def _error(refusal: Refusal) -> Answer:
    return Answer(refusal.status, {"Content-Type": "text/xml"}, error_body(refusal))
