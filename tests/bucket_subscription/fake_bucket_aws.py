"""A fake S3 and SQS for the bucket subscription; `test_notifications_contract.py` holds the fake S3 to moto's."""

import copy
import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from moto.s3.notifications import S3NotificationEvent

from bucket_subscription.errors import RefusedError, RejectedError, UnreachableError, UnsettledError
from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.owner import Owner
from bucket_subscription.settle import Patience
from bucket_subscription.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
QUEUE = read_queue_arn(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:site-changes")
OTHER_QUEUE = read_queue_arn(QUEUE.arn.replace("site-changes", "new-changes"))
OWNER = Owner("site", (QUEUE.arn, OTHER_QUEUE.arn))
ARNS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}
_CONCRETE = [event for event in S3NotificationEvent.events() if not event.endswith("*")]


class FakeS3:
    """Buckets' notifications in memory, with S3's own checks; faults and other writers can be set on a call.

    Attributes:
        documents: bucket to configuration.
        calls: the calls so far, such as "read" and "write".
        before_call: run before the call with that number, counted from 0: another writer.
        fault: given (number, name) of each call; returns "before" or "after" to fail before or after its effect.
        broken: destinations to which S3 cannot send its test event.
        stale_reads: how many reads after a write still show the old configuration.
    """

    def __init__(self, **buckets: Any) -> None:
        self.documents: dict[str, Any] = {
            name.replace("_", "-"): document for name, document in buckets.items()
        }
        self.regions: dict[str, str] = {}
        self.denied: set[str] = set()
        self.calls: list[str] = []
        self.writes: list[tuple[str, Any]] = []
        self.before_call: dict[int, Callable[[], object]] = {}
        self.fault: Callable[[int, str], str | None] = lambda number, name: None
        self.broken: set[str] = set()
        self.stale_reads = 0
        self._stale: list[Any] = []
        self._ids = itertools.count()

    def region(self, bucket):
        return self._call("region", bucket, lambda: self.regions.get(bucket, "eu-west-1"))

    def read(self, bucket):
        def answer():
            self._check_access(bucket)
            return self._stale.pop() if self._stale else copy.deepcopy(self.documents[bucket])

        return self._call("read", bucket, answer)

    def write(self, bucket, document, *, validate):
        def effect():
            self._check_access(bucket)
            named = _with_ids(document, self._ids)
            _check_as_s3(named)
            broken = sorted(self.broken.intersection(_destinations(named))) if validate else []
            if broken:
                raise RejectedError(f"S3 could not send its test event to {', '.join(broken)}", broken)
            self._stale = [copy.deepcopy(self.documents[bucket])] * self.stale_reads
            self.documents[bucket] = _as_s3_answers(named)
            self.writes.append((bucket, copy.deepcopy(document)))

        self._call("write", bucket, effect)

    def _call(self, name, bucket, effect):
        number = len(self.calls)
        self.before_call.get(number, lambda: None)()
        self.calls.append(name)
        fault = self.fault(number, name)
        if fault == "before":
            raise UnsettledError(f"S3 did not answer call {number}")
        if bucket not in self.documents:
            raise UnreachableError(f"no bucket {bucket!r}")
        result = effect()
        if fault == "after":
            raise UnsettledError(f"S3's answer to call {number} was lost")
        return result

    def _check_access(self, bucket):
        if bucket in self.denied:
            raise UnreachableError(f"no access to {bucket!r}", denied=True)


class FakeQueueAccess:
    """A queue whose policy lets S3 in, unless `problems` holds lines to say first."""

    def __init__(self, problems=()):
        self.problems = list(problems)

    def problem(self, queue: QueueArn, bucket: str) -> str | None:
        return self.problems.pop(0) if self.problems else None

    def doubts(self) -> tuple[str, ...]:
        return ()

    def messages(self, queue: QueueArn) -> int | None:
        return 0


def patience(tries: int = 5) -> Patience:
    """Wait without waiting: a clock that only sleeping moves."""
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    return Patience(float(tries), lambda: clock[0], sleep, pause=1.0)


def subscription(s3, access=None, show=lambda lines: None, **options):
    return Subscription(OWNER, s3, access or FakeQueueAccess(), patience, show, **options)


def queue_entry(name, events, prefix="", suffix="", kind="QueueConfigurations"):
    """An entry as a person would have made it."""
    service = {"QueueConfigurations": "sqs", "TopicConfigurations": "sns"}.get(kind, "lambda:function")
    middle = (
        f"lambda:eu-west-1:{ACCOUNT}:function" if "lambda" in service else f"{service}:eu-west-1:{ACCOUNT}"
    )
    entry = {"Id": name, ARNS[kind]: f"arn:aws:{middle}:{name}", "Events": list(events)}
    rules = [
        {"Name": each, "Value": value} for each, value in (("prefix", prefix), ("suffix", suffix)) if value
    ]
    return {**entry, "Filter": {"Key": {"FilterRules": rules}}} if rules else entry


def _with_ids(document, ids):
    return {
        member: [{"Id": f"made-up-{next(ids)}", **each} for each in value] if member in ARNS else value
        for member, value in copy.deepcopy(dict(document)).items()
    }


def _destinations(document):
    return [each[arn] for member, arn in ARNS.items() for each in document.get(member, [])]


def _as_s3_answers(document):
    """S3 keeps no order and writes the filters' names with a capital."""
    answer = copy.deepcopy(document)
    for member in ARNS:
        for each in answer.get(member, []):
            each["Events"].reverse()
            for rule in each.get("Filter", {}).get("Key", {}).get("FilterRules", []):
                rule["Name"] = rule["Name"].capitalize()
        if member in answer:
            answer[member].reverse()
    return answer


def _check_as_s3(document):
    listed = [each for member in ARNS for each in document.get(member, [])]
    if len(listed) > 100:
        raise AssertionError("S3 was sent more than 100 configurations")
    ids = [each["Id"] for each in listed]
    if len(ids) != len(set(ids)):
        raise RefusedError("S3: an id is used twice")
    claims = [(_concrete(each), *_filter(each)) for each in listed]
    for (events, prefix, suffix), (more, start, end) in itertools.combinations(claims, 2):
        if events & more and _either(str.startswith, prefix, start) and _either(str.endswith, suffix, end):
            raise AssertionError("S3 was sent an ambiguous configuration")


def _concrete(entry):
    return {
        each for event in entry["Events"] for each in _CONCRETE if each.startswith(event.removesuffix("*"))
    }


def _filter(entry):
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    found = {rule["Name"].lower(): unquote_plus(rule["Value"]) for rule in rules}
    return found.get("prefix", ""), found.get("suffix", "")


def _either(test, one, other):
    return test(one, other) or test(other, one)
