"""After a refusal the rest of a plan is made of fewer wildcards, so that it is sent in a few requests."""

from dataclasses import dataclass

from infra.simulator.memory import InMemoryTable
from invalidator.batch.pacing import Pacing
from invalidator.batch.sending import Sending
from invalidator.core.limits.account import Account, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.pace import REQUESTS_IN_A_PLAN
from invalidator.core.request import Request
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent
from invalidator.core.work import Work
from invalidator.failures import BackPressure
from tests.batch.fakes import Clock, RecordingCloudFront

NOW = 1_795_000_000.0
SITE = Distribution("E1", (Origin("s3", "site.s3.amazonaws.com", "site"),), (Behavior("*", ("s3",)),))


@dataclass
class OneWildcardAtATime(RecordingCloudFront):
    """Accepts one wildcard in a request, as the strict rate does."""

    def create(self, request: Request, role: str | None) -> Sent:
        if request.wildcards > 1:
            raise BackPressure("TooManyInvalidationsInProgress", too_large=True)
        return super().create(request, role)


def test_a_plan_of_many_wildcards_is_sent_in_a_few_requests_and_covers_all() -> None:
    changed = [f"/{letter}/{number:03d}-{letter}.html" for letter in "abcdefghijkl" for number in range(40)]
    cloudfront = OneWildcardAtATime(NOW)
    work = Work(SITE, dict.fromkeys(changed, NOW), {"site"})
    limits = Limits(Allowance(20, 15), 0)
    memory, clock = InMemoryTable(), Clock(NOW)
    pacing = Pacing("self", Account(), limits.ceiling, memory, clock)
    outcome = Sending(work, pacing, NOW + 60, cloudfront, memory, clock, limits).run()
    sent = [path for request in cloudfront.requests for path in request.paths]
    prefixes = tuple(path[:-1] for path in sent if path.endswith("*"))
    assert outcome.refused > 0
    assert not outcome.waiting
    assert len(prefixes) <= REQUESTS_IN_A_PLAN
    assert all(path in sent or path.startswith(prefixes) for path in changed)
