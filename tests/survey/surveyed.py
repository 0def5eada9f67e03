"""A survey wired to an account's CloudFront and to the table in memory, in virtual time."""

from dataclasses import dataclass, field

from infra.simulator.aws.table import InMemoryTable
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import AT_A_TIME, CloudFrontDistributions
from invalidator.core.pending.entry import UNKNOWN, Entry, bucket_owner
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.renewal import Surveying
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import Seen, TargetRoutes
from invalidator.core.target_state import TargetState
from invalidator.survey.summary import Summary
from invalidator.survey.survey import Survey
from invalidator.waking import Waking
from tests.survey.account import Account, VirtualTime

INDEX = RoutingSettings(("index.html",))
MINUTE = 60.0
INTERVAL = 5 * MINUTE
HISTORY = 7 * 86_400.0


@dataclass
class Surveyed:
    """An account, a table, and a survey between them."""

    time: VirtualTime = field(default_factory=VirtualTime)
    called: list[str] = field(default_factory=list)
    settings: RoutingSettings = INDEX

    def __post_init__(self) -> None:
        self.table = InMemoryTable(self.time.now)
        self.account = Account(self.time)
        self.runs = 0

    def call(self, names) -> None:
        """The queue of wakes."""
        self.called += [name for name, _ in names]

    def survey(self, seconds: float = 300.0, *, asked: bool = True, store=None) -> Summary:
        """One round of a function with so many seconds."""
        self.runs += 1
        clients = CloudFrontClients(lambda _service, **_: self.account, self.time.now)
        found = CloudFrontDistributions(clients, self.time, self.time.together(AT_A_TIME))
        table = self.table if store is None else store
        made = Survey(
            found,
            table,
            table,
            table,
            Waking(table, self, self.time),
            self.time,
            Surveying(INTERVAL, HISTORY, self.settings),
        )
        return made.run(f"run{self.runs}", self.time.now() + seconds, asked=asked)

    def after(self, seconds: float) -> "Surveyed":
        self.time.sleep(seconds)
        return self

    def record(self, target: str) -> tuple[TargetRoutes, Seen]:
        found = self.table.routes_of(target)
        assert found is not None
        return found

    def routes(self, target: str) -> TargetRoutes:
        return self.record(target)[0]

    def serving(self, bucket: str) -> list[str]:
        return self.table.of_bucket(bucket)

    def changes(self, bucket: str, key: str = "a.html") -> None:
        """A bucket's change, as intake writes it."""
        owner = bucket_owner(bucket)
        dealt = self.table.deal(owner)
        if dealt is None:
            owner = UNKNOWN
            dealt = self.table.deal(owner)
        assert dealt is not None
        now = self.time.now()
        self.table.put(owner, dealt.number, Entry({key: (now, now)}, bucket, now))

    def sent(self, target: str) -> None:
        """The sender has worked by the target's record as it is, and ended its wake."""
        self.table.save(target, TargetState(routing=self.routes(target).version))

    def paths(self, target: str, bucket: str, key: str) -> set[str]:
        """The viewer paths that a target is sent for a key, by its record."""
        return {path for each in self.routes(target).routes for path in Router(each, bucket).paths(key)}
