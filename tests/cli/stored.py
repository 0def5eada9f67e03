"""What the stack's table holds, for tests of the command line: written through the worker's own adapters."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import boto3

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.aws.table.accounts import AccountTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.memory import MemoryTable
from invalidator.aws.table.pins import PinTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.clock import SystemClock
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.pending.entry import Entry, bucket_owner, target_owner
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.renewal import Surveying
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.logs import append
from invalidator.survey.survey import Survey
from invalidator.waking import Waking
from tests.memory_tables import make_table

REMEMBERED = "remembered"


def site(identifier: str, bucket: str = "site", **more: Any) -> Distribution:
    """A distribution of a bucket, and nothing else to it."""
    return Distribution(
        identifier,
        origins=(Origin("o", f"{bucket}.s3.amazonaws.com", bucket),),
        behaviors=(Behavior("*", ("o",)),),
        **more,
    )


def remember(client: Any, function: Any, *buckets: str, queue: str = "https://remember") -> MemoryTable:
    """Let the deployed function name remembered buckets; return what their table holds."""
    make_table(client, REMEMBERED)
    function.configuration["Environment"]["Variables"] |= {
        "REMEMBERED_BUCKETS": ",".join(buckets),
        "REMEMBERED_TABLE_NAME": REMEMBERED,
        "REMEMBER_QUEUE_URL": queue,
    }
    return MemoryTable(DynamoDbTable(client, REMEMBERED), time.time)


@dataclass
class Stored:
    """The table, by its parts."""

    table: DynamoDbTable
    called: list[str]

    def __init__(self, client: Any, name: str) -> None:
        self.table = DynamoDbTable(client, name)
        self.routes, self.targets = RoutesTable(self.table), TargetTable(self.table)
        self.accounts, self.wakes, self.pins = (
            AccountTable(self.table),
            WakeTable(self.table),
            PinTable(self.table),
        )
        self.log = LogTable(self.table, time.time)
        self.called = []
        self.functions: Any = None
        self.surveys = 0

    def record(self, distribution: str, invalidation: str, created: float, *paths: str, **more: Any) -> None:
        """An invalidation, as the sender remembers and counts it."""
        self.targets.record(Sent(distribution, invalidation, created, paths, **more))
        self.accounts.count(OWN_ACCOUNT, len(paths), time.time(), 0)

    def serve(self, *distributions: Distribution, version: str = "1") -> None:
        """A complete survey, begun now, that found these; those of one id are one target's routes."""
        now = time.time()
        targets: dict[str, list[Distribution]] = {}
        for each in distributions:
            targets.setdefault(each.id, []).append(each)
        buckets: dict[str, list[str]] = {}
        for target, routes in targets.items():
            record = TargetRoutes(target, tuple(routes), version, now)
            self.routes.store_routes(record)
            for bucket in record.buckets:
                buckets.setdefault(bucket, []).append(target)
        for bucket, ids in buckets.items():
            self.routes.know_bucket(bucket, ids)
        self.surveyed(now)

    def surveyed(self, at: float) -> None:
        """A complete survey that began then and changed nothing."""
        self.routes.begin_survey(at, at + 1, "t")
        state = self.routes.survey_state()
        assert self.routes.save_survey("t", replace(state, completed=at))

    def changes(self, bucket: str, keys: Iterable[str], at: float) -> None:
        """Changed keys of a bucket, as intake writes them."""
        entry = Entry(dict.fromkeys(keys, (at, at)), bucket, at)
        dealt = append(self.log, bucket_owner(bucket), entry)
        names = ["unknown"]
        if dealt is None:
            append(self.log, "unknown", entry)
        else:
            names = [bucket_owner(bucket)]
            if dealt.targets is not None:
                names = [target_owner(each) for each in dealt.targets]
        for name in names:
            self.wakes.wake(name, at + 1, at, 0.0)

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        """The queue of wakes."""
        self.called += [name for name, _ in names]

    def survey(self) -> dict[str, Any]:
        """The survey's function, invoked: the real survey, of moto's CloudFront."""
        self.surveys += 1
        clock = SystemClock()
        clients = CloudFrontClients(lambda service, **_: boto3.client(service), time.time)
        made = Survey(
            CloudFrontDistributions(clients, clock),
            self.routes,
            self.log,
            self.targets,
            Waking(self.wakes, self, clock),
            clock,
            Surveying(300.0, 6 * 86_400.0, "settings"),
        )
        return made.run(f"run{self.surveys}", time.time() + 300, asked=True).as_json()

    def serving(self, bucket: str) -> list[str]:
        """The distributions that serve a bucket, as the worker sees it."""
        return self.targets.of_bucket(bucket)
