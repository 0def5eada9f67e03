"""Small stand-ins for ports, where virtual time and quotas would only be in the way."""

from dataclasses import dataclass, field

from invalidator.core.request import Request
from invalidator.core.sent import Sent
from tests.notifications import CHANGED


@dataclass
class Clock:
    """Time that passes only while somebody waits."""

    time: float = CHANGED + 30.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class RecordingCloudFront:
    """Accepts everything, and remembers it."""

    now: float
    requests: list[Request] = field(default_factory=list)

    def create(self, request: Request, role: str | None) -> Sent:
        self.requests.append(request)
        return Sent(request.distribution, f"I{len(self.requests)}", self.now, tuple(request.paths))

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:
        return True
