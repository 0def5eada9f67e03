"""The worker between doubles that keep their contracts (`faulty_ports`), and a clock that moves as they wait."""

from collections.abc import Callable, Sequence

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.simulator.cloudfront import SimulatedCloudFront
from invalidator.batch.report import Report
from invalidator.batch.worker import Worker
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.ports import Message
from tests.batch.fakes import Clock
from tests.batch.faulty_ports import CloudFront, Discovery, Memory, Queue
from tests.notifications import direct

# No quota is met unless a test sets one.
GENEROUS = QuotaSettings(
    regime=Regime.IN_FLIGHT,
    paths_in_progress=10**6,
    wildcards_in_progress=10**6,
    calls_per_second=1e6,
    call_burst=1e6,
)


def distribution(identifier: str, *buckets: str, path: str = "", role: str | None = None) -> Distribution:
    """One that serves every key of the buckets, or those under a path."""
    origins = tuple(Origin(name, f"{name}.s3.amazonaws.com", name, path) for name in buckets)
    return Distribution(identifier, origins, (Behavior("*", tuple(buckets)),), role=role)


class World:
    """One worker and all that surrounds it."""

    def __init__(
        self,
        *distributions: Distribution,
        quotas: QuotaSettings = GENEROUS,
        ceiling: Allowance | None = None,
        budget: int = 0,
    ) -> None:
        self.clock = Clock()
        self.cloudfront = CloudFront(SimulatedCloudFront(self.clock, quotas))
        self.discovery = Discovery()
        self.serve(*distributions)
        self.memory = Memory()
        self.queue = Queue(self.clock)
        self.limits = Limits(ceiling or Allowance(1000, 15), budget)
        self.worker = self.new_worker()
        self._count = 0

    def serve(self, *distributions: Distribution) -> None:
        """From now on these, and no others, serve their buckets."""
        serving: dict[str, tuple[Distribution, ...]] = {}
        for each in distributions:
            for origin in each.origins:
                serving[origin.bucket or ""] = (*serving.get(origin.bucket or "", ()), each)
        self.discovery.serving = serving

    def new_worker(self) -> Worker:
        """A worker that has just started, and remembers nothing itself."""
        return Worker(
            cloudfront=self.cloudfront,
            discovery=self.discovery,
            memory=self.memory,
            queue=self.queue,
            clock=self.clock,
            limits=self.limits,
            routing=RoutingSettings(),
            mapping_seconds=600.0,
        )

    def message(self, body: str) -> Message:
        self._count += 1
        return Message(f"m{self._count}", body, self.clock.now())

    def upload(self, *keys: str, bucket: str = "site", at: float | None = None) -> list[Message]:
        """A message for each key, of objects that changed just now."""
        when = self.clock.now() if at is None else at
        return [self.message(direct(key, bucket=bucket, at=when)) for key in keys]

    def handle(self, messages: Sequence[Message], seconds: float = 48.0) -> Report:
        return self.worker.handle(messages, self.clock.now() + seconds)

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def waiting(self) -> list[Message]:
        """Take what has been put back, once it can be seen."""
        while (wake := self.queue.next_wake()) is not None:
            self.clock.time = max(self.clock.time, wake)
            self.queue.wake()
        taken: list[Message] = []
        while (each := self.queue.receive()) is not None:
            taken.append(each.message)
        return taken

    def run_until_quiet(self, most: int, each: Callable[[Report], None] = lambda _: None) -> int:
        """Work off what is put back until nothing is; return how many batches that took."""
        for batches in range(most):
            messages = self.waiting()
            if not messages:
                return batches
            each(self.handle(messages))
        raise AssertionError(f"still not quiet after {most} batches")
