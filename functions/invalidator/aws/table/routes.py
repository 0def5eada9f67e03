"""What the survey writes, in DynamoDB: the targets' routing, which bucket has which targets, and how far it is.

| pk | sk | holds |
| --- | --- | --- |
| `distributions` | target's id | its routing packed, with `version` and `learned` for people, and what CloudFront's list said of it |
| `bucket#NAME` | `target#ID` | this target serves the bucket |
| `log#bucket:NAME` | `head` | `known`; the bucket's `targets` where they are few, else how `many`; of all, `listed` |
| `survey` | `state` | `started`, `completed`, `covers`, `unserved` packed, `lease` and `token` of the run that holds it |

`0.1.0` kept routes by bucket (`routes`): they are left alone, and expire.
"""  # noqa: E501  a row of a table

import logging
from collections.abc import Collection, Iterator
from dataclasses import asdict

from pydantic import TypeAdapter

from invalidator.aws.table.dynamodb import DynamoDbTable, Item, key, number, place, text
from invalidator.aws.table.logs import digest_of_targets, head_key
from invalidator.aws.table.packed_values import UNREADABLE, digest_at, packed, unpacked
from invalidator.aws.table.pins import PinTable
from invalidator.aws.table.wakes import FREE, lease_values
from invalidator.core.pending.entry import bucket_owner
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import NOT_SEEN, Seen, TargetRoutes
from invalidator.failures import UnreadableRoutes
from invalidator.ports import FEW_TARGETS, LONGEST_SURVEY_SECONDS, SURVEYS_APART_SECONDS, SurveyState

_logger = logging.getLogger(__name__)

VERSION = "1"
DISTRIBUTIONS = "distributions"
SURVEY = key("survey", "state")

# Fields that a later version adds are skipped, those that an earlier one did not know get their defaults.
_validate_routes = TypeAdapter(TargetRoutes).validate_python
_validate_seen = TypeAdapter(Seen).validate_python


class RoutesTable:
    """The port `RoutesStore` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table
        self._pins = PinTable(table)

    def all_routes(self) -> Iterator[tuple[TargetRoutes, Seen]]:
        """Yield the routing of every target; one that cannot be read is left out: it is learned again."""
        for item in self._table.items(DISTRIBUTIONS):
            try:
                yield read_routes(item)
            except UnreadableRoutes as problem:
                _logger.warning("%s", problem)

    def store_routes(self, routes: TargetRoutes, seen: Seen = NOT_SEEN) -> None:
        """Remember a target's routing, in the place of what was known of it."""
        self._table.put(routes_item(routes, seen))

    def routes_of(self, target: str) -> tuple[TargetRoutes, Seen] | None:
        """Return one target's routing, strongly consistent; None where there is none that can be read."""
        asked = routes_key(target)
        item = self._table.get([asked]).get(place(asked))
        try:
            return None if item is None else read_routes(item)
        except UnreadableRoutes:
            return None

    def forget_routes(self, target: str) -> None:
        """Forget a target that is gone."""
        self._table.delete(routes_key(target))

    def know_bucket(self, bucket: str, targets: Collection[str]) -> bool:
        """Note that a bucket is known, and the targets that serve it; the list first, then the log's head.

        Returns whether the head said so already.
        """
        partition = bucket_partition(bucket)
        noted = {target_of(item) for item in self._table.items(partition)}
        serving = set(targets)
        self._table.change_all(puts=[key(partition, f"target#{each}") for each in sorted(serving - noted)])
        head = {"known": {"BOOL": True}, "listed": text(digest_of_targets(bucket, serving))}
        few = len(serving) <= FEW_TARGETS
        if few:
            head["targets"] = {"L": [text(each) for each in sorted(serving)]}
        else:
            head["many"] = number(len(serving))
        setting = ", ".join(f"#{name} = :{name}" for name in head)
        before = self._table.update(
            head_key(bucket_owner(bucket)),
            f"SET {setting} REMOVE #{'many' if few else 'targets'}",
            {f":{name}": value for name, value in head.items()},
            returns="ALL_OLD",
        )
        gone = [key(partition, f"target#{each}") for each in sorted(noted - serving)]
        self._table.change_all(deletes=gone)
        return before is not None and all(before.get(name) == value for name, value in head.items())

    def pins(self) -> list[Pin]:
        """Return what people have pinned. Raises UnreadablePin."""
        return self._pins.pins()

    def survey_state(self) -> SurveyState:
        """Return how far the survey is, strongly consistent."""
        return read_survey(self._table.get([SURVEY]).get(place(SURVEY), {}))

    def ask_survey(self, now: float) -> bool:
        """Note that one is asked for at `now`; False where one was within `SURVEYS_APART_SECONDS`."""
        values = {
            ":now": number(now),
            ":earlier": number(now - SURVEYS_APART_SECONDS),
            ":later": number(now + SURVEYS_APART_SECONDS),
        }
        condition = "attribute_not_exists(#started) OR #started <= :earlier OR #started >= :later"
        return self._table.update(SURVEY, "SET #started = :now", values, condition) is not None

    def begin_survey(self, now: float, until: float, token: str) -> SurveyState | None:
        """Take the survey's lease until a time; return how far it was, None where another run has the lease."""
        change = "SET #started = :now, #lease = :until, #token = :token"
        values = lease_values(now, until, token, LONGEST_SURVEY_SECONDS)
        item = self._table.update(SURVEY, change, values, FREE, returns="ALL_OLD")
        return None if item is None else read_survey(item)

    def save_survey(self, token: str, state: SurveyState, until: float = 0.0) -> bool:
        """Remember how far it is, all but `started`, and keep the lease until a time: 0 gives it back."""
        values = {
            ":token": text(token),
            ":completed": number(state.completed),
            ":covers": number(state.covers),
            ":unserved": packed(sorted(state.unserved)),
        } | ({":until": number(until)} if until else {})
        kept = "SET #completed = :completed, #covers = :covers, #unserved = :unserved"
        lease = ", #lease = :until" if until else " REMOVE #lease, #token"
        return self._table.update(SURVEY, kept + lease, values, "#token = :token") is not None


def routes_key(target: str) -> Item:
    """Return the key of a target's routing: all targets in one partition, so that one query lists them."""
    return key(DISTRIBUTIONS, target)


def routes_item(routes: TargetRoutes, seen: Seen) -> Item:
    """Return the item of a target's routing."""
    item = {
        **routes_key(routes.target),
        "v": {"N": VERSION},
        "routes": packed(asdict(routes)),
        "version": text(routes.version),
        "learned": number(routes.learned),
        "seen": packed(asdict(seen)),
    }
    return item | {"digest": text(_digest(item))}


def read_routes(item: Item) -> tuple[TargetRoutes, Seen]:
    """Read a target's routing. Raises UnreadableRoutes: taken for none, its changes would be lost."""
    try:
        version = item["v"]["N"]
        if version != VERSION:
            raise UnreadableRoutes(item["sk"]["S"], f"version {version} is not known here")
        if "digest" in item and item["digest"]["S"] != _digest(item):
            raise UnreadableRoutes(item["sk"]["S"], "somebody edited it")
        return _validate_routes(unpacked(item["routes"])), _validate_seen(unpacked(item["seen"]))
    except UNREADABLE as error:
        raise UnreadableRoutes(item["sk"]["S"], str(error) or type(error).__name__) from error


def _digest(item: Item) -> str:
    return digest_at(item, item["routes"]["B"], item["seen"]["B"])


def bucket_partition(bucket: str) -> str:
    """Return where the targets of a bucket stand."""
    return f"bucket#{bucket}"


def target_of(item: Item) -> str:
    """Return the id of the target that an item of a bucket names."""
    return str(item["sk"]["S"]).removeprefix("target#")


def read_survey(item: Item) -> SurveyState:
    """Read how far the survey is; what cannot be read counts as never."""
    try:
        return SurveyState(
            started=float(item["started"]["N"]) if "started" in item else 0.0,
            completed=float(item["completed"]["N"]) if "completed" in item else 0.0,
            covers=int(item["covers"]["N"]) if "covers" in item else 0,
            unserved=frozenset(map(str, unpacked(item["unserved"]) if "unserved" in item else ())),
        )
    except UNREADABLE:
        return SurveyState()
