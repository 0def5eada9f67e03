"""A random schedule of the whole worker with viewers: they fetch all the while, at each location, and compare.

To the faults of `tests.sender.schedules`, restores of the table among them, come sites of every kind, deletions,
configuration changes that reach locations one after the other, and the survey that sees them. What a viewer is shown is
held against what is true: by the objects in the bucket, and by the configuration that this location has.
"""

import copy
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from infra.local.edge.distributions import Distribution
from infra.local.edge.edge import COMPLETE_SECONDS, LOCATIONS, Edge, EdgeSettings
from infra.local.edge.location import Fetching, Location, Request, Response
from infra.local.edge.origins import AskElsewhere, GetWebsite, OriginAnswer, Question, Stored, Told, Website
from infra.local.edge.readings import WORSE, Readings
from infra.simulator.traffic import notification
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.core.limits.account import Limits
from invalidator.core.pending.entry import UNKNOWN, bucket_owner
from invalidator.core.routing.renewal import Surveying
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.sent import Sent
from invalidator.failures import TableUnavailable
from invalidator.survey.summary import Outcome
from invalidator.survey.survey import Survey
from invalidator.waking import Waking
from tests.sender.schedules.faults import FAULTS_END, START
from tests.sender.schedules.random_schedule import RESTORED_TO_SECONDS, S3_SKEW, Queues, Schedule, covers
from tests.survey.account import Account
from tests.viewers import sites

if TYPE_CHECKING:
    from infra.local.edge.cache import Name

SURVEY_SECONDS = 300.0
# Configurations reach a location within so long; CloudFront says minutes.
DEPLOY_SECONDS = 120.0
# An origin answers within so long: what is fetched while its invalidation arrives began after the upload.
FETCH_SECONDS = 0.5
VIEWERS_EVERY = 5.0
# Where nothing fails, so long after an upload the last viewer has it: told in 2 s, gathered for up to 60 s (the longest
# GatherSeconds of the schedules), a rest as long, the calls' rate, the edge's 25 s at most.
QUIET_SECONDS = 2.0 + 60.0 + 60.0 + 20.0 + COMPLETE_SECONDS
# A new configuration is seen by a survey once all locations have it, and then sent like a change.
RECONFIGURED_SECONDS = SURVEY_SECONDS + DEPLOY_SECONDS + QUIET_SECONDS
# So long after the end of all faults everything is new: what failed last comes again after 170 s, perhaps twice; the
# sweep, a survey, which a restored table's doubt waits for; and patience, which waits a quarter of how long something
# has failed.
RECOVERY_SECONDS = 1_500.0

Shown = tuple[Any, ...]


@dataclass
class Stale:
    """A viewer who saw what was no longer true.

    Attributes:
        at: when.
        since: when what was shown had stopped being true.
    """

    target: str
    url: str
    location: str
    at: float
    since: float
    shown: Shown


@dataclass
class ViewedSchedule(Schedule):
    """A schedule with viewers.

    Attributes:
        quiet: whether nothing fails: no call, no wake, no clock, no process.
        stale: what viewers saw that was no longer true.
        views: how often somebody looked.
        needless: fetches of what was cached and had not changed.
        fetches: fetches in all.
        surveyed: complete surveys.
        unpromised: distributions that were configured anew before any change was taken in, however late: of a bucket
            that never told of a change nothing is purged (`Records.keep`).
    """

    quiet: bool = False
    reconfigured: bool = False
    objects: dict[str, int] = field(default_factory=dict)
    stale: list[Stale] = field(default_factory=list)
    views: int = 0
    needless: int = 0
    fetches: int = 0
    surveyed: int = 0
    last_event: float = START
    unpromised: set[str] = field(default_factory=set)

    def run(self) -> None:
        self.look_chance = random.Random(f"viewers of {self.seed}")
        chance = self.look_chance
        paths = {name: chance.random() < 0.5 for name in ("matches_decoded", "normalizes", "root_first")}
        self.readings = replace(chance.choice([Readings(), WORSE]), **paths)
        # Drawn apart, so that the schedules of known seeds stay what they are.
        names = ("root_cached_as_slash", "plus_is_space", "one_space", "one_plus")
        others = random.Random(f"readings of {self.seed}")
        self.readings = replace(self.readings, **{name: others.random() < 0.5 for name in names})
        # By the worse reading a page's TTL is not what bounds it: the setting that does not count on it is for that.
        seconds = 0 if self.readings.error_pages_last else 30
        self.routing = RoutingSettings(("index.html",), error_page_seconds=seconds)
        self.documents = sites.random_site(chance)
        self.keys = sites.random_keys(chance, self.documents)
        self.urls = {name: sites.urls(self.keys) for name in self.documents}
        self.edge = Edge(self.time.now, EdgeSettings(readings=self.readings, seed=self.seed))
        self._purged: set[tuple[str, Name]] = set()
        for location in self.edge.locations.values():
            self._count_purged(location)
        self.account = Account(self.time)
        # Of each location: what it knows of each distribution, and all that it knew, with the time.
        read = {name: self._read(name) for name in self.documents}
        self.known = {place: dict(read) for place in LOCATIONS}
        self.history: list[tuple[float, dict[str, int], dict[str, dict[str, Distribution]]]] = []
        self._truths: dict[tuple[int, int, str], Shown] = {}
        self._last: dict[tuple[str, str, str], Shown] = {}
        for name in self.documents:
            self._install(name, deployed=True)
        for key in self.keys:
            if chance.random() < 0.7:
                self.objects[key] = 1
        self._happened()
        super().run()

    # What happens

    def _rate(self, chance: random.Random) -> float:
        return 0.0 if self.quiet else super()._rate(chance)

    def _skew(self, chance: random.Random) -> float:
        return 0.0 if self.quiet else super()._skew(chance)

    def deliveries(self, chance: random.Random) -> int:
        return 1 if self.quiet else super().deliveries(chance)

    def _limits(self, chance: random.Random) -> Limits:
        limits = super()._limits(chance)
        return replace(limits, monthly_budget=0)

    def _restore(self, to: float) -> None:
        if not self.quiet:
            super()._restore(to)

    def _know(self, at: float) -> None:
        """Surveys, from a time (epoch seconds) on; after a restore there are more of them."""
        at = START if self.quiet else at
        while at < START + FAULTS_END + 2 * SURVEY_SECONDS + RECOVERY_SECONDS:
            self.time.at(at, self._begin_survey)
            at += SURVEY_SECONDS

    def _survey_now(self) -> None:
        self.time.at(self.time.now() + 1.0, self._begin_survey)

    def _begin_survey(self) -> None:
        self._count += 1
        self.time.start(partial(self._survey, f"survey-{self._count}"))

    def _survey(self, token: str) -> None:
        clients = CloudFrontClients(lambda _service, **_: self.account, self.time.now)
        table: Any = self.restored
        survey = Survey(
            CloudFrontDistributions(clients, self.time, map),
            table,
            table,
            table,
            Waking(table, Queues(self, self.look_chance), self.time),
            self.time,
            Surveying(SURVEY_SECONDS, 7 * 86_400.0, self.routing),
        )
        try:
            summary = survey.run(token, self.time.now() + 300.0, asked=True)
        except TableUnavailable:
            return  # while the table is restored; the next one does it
        self.surveyed += summary.outcome is Outcome.COMPLETE
        self.restored.completed = self.table.survey_state().completed

    def _upload(self) -> None:
        """Change objects, delete some, change the configuration; viewers look on."""
        chance = self.look_chance
        for _ in range(chance.choice([1, 3, 8, 20])):
            key = chance.choice(self.keys)
            at = START + chance.uniform(20, 400)
            self.time.at(at, partial(self._change, key, deleted=chance.random() < 0.2))
            body = notification("b", key, at + (0.0 if self.quiet else chance.uniform(-S3_SKEW, S3_SKEW)))
            for _ in range(1 + (chance.random() < 0.2)):
                self.time.at(
                    at + chance.uniform(0.3, 2.0 if self.quiet else 60.0), partial(self._notify, body)
                )
        # Two that lie between two surveys may hide each other: the README's limits name that.
        for number in chance.sample(range(2), chance.choice([0, 0, 1, 2])):
            self.time.at(START + 350.0 + 2 * SURVEY_SECONDS * number, self._reconfigure)
            self.reconfigured = True
        at = 0.0
        end = FAULTS_END + 2 * SURVEY_SECONDS + RECOVERY_SECONDS
        while at < end:
            self.time.at(START + at, self._look_around)
            # Of the long quiet at the end, only the last look counts.
            at += VIEWERS_EVERY if at < 500 else 20 * VIEWERS_EVERY

    def _change(self, key: str, *, deleted: bool) -> None:
        if deleted:
            self.objects.pop(key, None)
        else:
            self.objects[key] = self.objects.get(key, 0) + 1
            self._versions = max(getattr(self, "_versions", 1), self.objects[key]) + 1
            self.objects[key] = self._versions
        self._happened()

    def _reconfigure(self) -> None:
        """One distribution changes; a location has it at once, the others later."""
        chance = self.look_chance
        name = chance.choice(sorted(self.documents))
        if not any(map(self.table.newest, (bucket_owner("b"), UNKNOWN))):
            self.unpromised.add(name)
        self.documents[name] = sites.changed(chance, self.documents[name])
        self._install(name, deployed=False)
        read = self._read(name)
        places = chance.sample(LOCATIONS, len(LOCATIONS))
        for place in places:
            delay = 0.0 if place == places[0] else chance.uniform(0, DEPLOY_SECONDS)
            self.time.at(self.time.now() + delay, partial(self._deploy, place, name, read))
        self.time.at(self.time.now() + DEPLOY_SECONDS, partial(self.account.deploy, name))

    def _deploy(self, place: str, name: str, read: Distribution) -> None:
        self.known[place][name] = read
        self._happened()

    def _install(self, name: str, *, deployed: bool) -> None:
        self._count += 1
        config = self.documents[name]["Distribution"]["DistributionConfig"]
        self.account.distributions[name] = copy.deepcopy(config) | {
            "Id": name,
            "ETag": f"T{self._count}",
            "LastModifiedTime": datetime.fromtimestamp(self.time.now(), UTC),
            "Status": "Deployed" if deployed else "InProgress",
        }

    def _created(self, sent: Sent) -> None:
        at = self.time.now()
        self.edge.invalidate(sent.distribution, sent.id, sent.paths, at + COMPLETE_SECONDS)

    def _happened(self) -> None:
        self.last_event = self.time.now()
        known = {place: dict(each) for place, each in self.known.items()}
        before = self.history[-1][1] if self.history else None
        objects = before if before == self.objects else dict(self.objects)
        self.history.append((self.time.now(), objects, known))

    # What viewers see

    def _look_around(self) -> None:
        """At each location somebody looks at some pages; at the end, at all of them."""
        chance = self.look_chance
        at_end = self.time.now() > START + FAULTS_END + SURVEY_SECONDS + RECOVERY_SECONDS
        for place in LOCATIONS:
            for name, urls in self.urls.items():
                for url in urls if at_end else chance.sample(urls, min(6, len(urls))):
                    self._view(place, name, url)

    def _view(self, place: str, name: str, url: str) -> None:
        request = _request(url)
        distribution = self.known[place][name]
        begun = self.edge.begin(distribution, place, request)
        if isinstance(begun, Response):
            self._saw(place, name, url, begun)
            return
        self._fetch(place, name, url, begun)

    def _count_purged(self, location: Location) -> None:
        """Note what an invalidation removes that would have been served on."""
        purge = location.purge

        def counted(distribution: str, items: Iterable[str]) -> list[str]:
            now = self.time.now()
            entries = location.cache._entries
            live = [each for each, entry in entries.items() if entry.expires > now]
            removed = purge(distribution, items)
            self._purged |= {(location.name, each) for each in live if each not in entries}
            return removed

        location.purge = counted

    def _fetch(self, place: str, name: str, url: str, fetching: Fetching) -> None:
        """The origin reads the object now, and its answer arrives a while later."""
        self.fetches += 1
        steps = fetching.steps
        last = self._last.get((place, name, url)) if (place, fetching.name) in self._purged else None
        self._purged.discard((place, fetching.name))
        question = next(steps)

        def go_on(told: Told) -> None:
            try:
                asked = steps.send(told)
            except StopIteration as ended:
                response: Response = ended.value
                self.needless += last is not None and _shown(response) == last
                self._saw(place, name, url, response, began)
            else:
                later(self._told(asked))

        def later(told: Told) -> None:
            self.time.at(
                self.time.now() + self.look_chance.uniform(0.02, FETCH_SECONDS / 4), partial(go_on, told)
            )

        began = self.time.now()
        later(self._told(question))

    def _told(self, question: Question) -> Told:
        return _answer(self.objects, question)

    def _saw(self, place: str, name: str, url: str, response: Response, began: float | None = None) -> None:
        self.views += 1
        shown = _shown(response)
        self._last[place, name, url] = shown
        since = self._untrue_since(place, name, url, shown, self.time.now() if began is None else began)
        if since is not None:
            self.stale.append(Stale(name, url, place, self.time.now(), since, shown))

    def _untrue_since(self, place: str, name: str, url: str, shown: Shown, at: float) -> float | None:
        """When what was shown stopped being true, None where it is true. A fetch counts from when it began."""
        was, since = self._last_true(place, name, url, at, shown.__eq__)
        if was:
            return since
        # Never true at once: an error that is new, with its page from the cache. It is as old as that page is.
        configured = {id(known[place][name]): known[place][name] for _, _, known in self.history}.values()
        pages = {each.page for one in configured for each in one.error_pages.values() if each.page}
        for page in sorted(pages):
            was, since = self._last_true(place, name, page, at, lambda truth: truth[1] == shown[1])
            if was and since is not None:
                return since
        return START

    def _last_true(
        self, place: str, name: str, url: str, at: float, is_shown: Callable[[Shown], bool]
    ) -> tuple[bool, float | None]:
        """Whether that was ever true, and when it stopped being so, None where it is true at `at`."""
        untrue = None
        for number in range(len(self.history) - 1, -1, -1):
            if is_shown(self._truth(number, place, name, url)):
                return True, untrue
            time = self.history[number][0]
            untrue = time if time <= at else None
        return False, untrue

    def _truth(self, number: int, place: str, name: str, url: str) -> Shown:
        _, objects, known = self.history[number]
        # Locations that have the same configuration are told the same, and so they are until objects change.
        key = (id(objects), id(known[place][name]), url)
        if key not in self._truths:
            steps = Location(place, self.time.now, self.readings).fresh(known[place][name], _request(url))
            try:
                question = next(steps)
                while True:
                    question = steps.send(_answer(objects, question))
            except StopIteration as ended:
                self._truths[key] = _shown(ended.value)
        return self._truths[key]

    def seen_too_late(self) -> list[Stale]:
        """Return the views that were stale after the stated time, and that no dead letter accounts for.

        Where nothing fails the time runs from each change; where faults strike, from the end of the last of them.
        """
        stale = [each for each in self.stale if each.target not in self.unpromised]
        if self.quiet:
            most = RECONFIGURED_SECONDS if self.reconfigured else QUIET_SECONDS
            return [each for each in stale if each.at - each.since > most]
        late = self.last_fault + RECOVERY_SECONDS
        return [each for each in stale if each.at > late and not self._in_dead_letters(each)]

    @property
    def last_fault(self) -> float:
        """When the last of all happened: a fault, a change, a configuration that arrives."""
        return max(START + FAULTS_END, self.last_event)

    def _in_dead_letters(self, seen: Stale) -> bool:
        path = unquote(seen.url.partition("?")[0], errors="surrogateescape")
        return any(
            target == seen.target and any(covers(unquote(each).partition("?")[0], path) for each in paths)
            for target, paths in self.dead
        )

    def _read(self, name: str) -> Distribution:
        return sites.read(name, self.documents[name])


@dataclass
class RestoredSchedule(ViewedSchedule):
    """A schedule in which nothing fails but that the table is restored, while some changes are taken in and not sent.

    Of all schedules few have a restore at such a moment.
    """

    def _rate(self, chance: random.Random) -> float:
        return 0.0

    def _skew(self, chance: random.Random) -> float:
        return 0.0

    def deliveries(self, chance: random.Random) -> int:
        return 1

    def _restore(self, to: float) -> None:
        """Its own one comes instead."""

    def _upload(self) -> None:
        super()._upload()
        chance = self.look_chance
        to = START + chance.uniform(60.0, 200.0)
        super()._restore(to)
        for key in chance.sample(self.keys, 2):
            at = to + RESTORED_TO_SECONDS - chance.uniform(0.5, 1.5)
            self.time.at(at, partial(self._change, key, deleted=False))
            self.time.at(at + 0.3, partial(self._notify, notification("b", key, at)))


@cache
def _request(url: str) -> Request:
    path, _, query = url.partition("?")
    return Request(path, query)


def _shown(response: Response) -> Shown:
    return response.status, response.body, response.headers.get("location")


def _answer(objects: dict[str, int], question: Question) -> Told:
    if isinstance(question, GetWebsite):
        return Website()
    if isinstance(question, AskElsewhere):
        return OriginAnswer(200, ("elsewhere", question.host))
    if question.bucket == "b" and question.key in objects:
        return Stored((question.key, objects[question.key]))
    return OriginAnswer(404)
