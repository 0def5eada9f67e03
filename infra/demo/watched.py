"""One upload of the demo on its way: what was changed, what was invalidated since, and when all of it is fresh."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from infra.demo.proof import Changed, Uncovered, fresh_times, uncovered
from infra.local.aws import STACK, LocalAws
from infra.local.cloudfront.quotas import QuotaSettings, Regime
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.core.limits.budget import PRICE_OF_A_PATH_USD

MOST_SECONDS_TO_SETTLE = 90.0

console = Console(highlight=False)


class DemoError(Exception):
    """The demo did not see what it claims; the text says what was missing."""


class Watched:
    """One upload on its way: what was changed, what was invalidated since, what is not covered yet."""

    def __init__(self, aws: LocalAws, name: str, total: int, origin_paths: dict[str, str]) -> None:
        self.name = name
        self.total = total
        self.changes: list[Changed] = []
        self._aws = aws
        self._origin_paths = origin_paths
        self._began = time.time()
        self._ended = float("inf")
        self._waits_for = ""

    def settle(self) -> None:
        """Wait until every change is covered and nothing waits any more. Raises DemoError where it takes too long."""
        settled = in_time(self._is_settled)
        self._ended = time.time()
        self._waits_for = ""
        if not settled:
            missing = self.missing()
            if not missing:
                raise DemoError(
                    "all is invalidated, and yet something is pending; see: invalidator pending list"
                )
            first = missing[0]
            raise DemoError(
                f"{len(missing)} changes were not covered, such as {first.key} on {first.distribution}"
            )

    def _is_settled(self) -> bool:
        """Whether all of it is over; notes what is not."""
        missing = self.missing()
        if missing:
            self._waits_for = f"{len(missing):,} are not invalidated yet"
        elif not _is_done(self._aws):
            self._waits_for = "all is invalidated; waits until nothing is pending"
        else:
            return True
        return False

    def missing(self) -> list[Uncovered]:
        """Return what is not covered yet."""
        return uncovered(list(self.changes), self._origin_paths, self._aws.gate.seen)

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return (distribution, invalidations, paths, wildcards) since this upload began."""
        seen = [each for each in self._aws.gate.invalidations if self._began <= each.at <= self._ended]
        counted = []
        for distribution in self._origin_paths:
            mine = [each for each in seen if each.distribution == distribution]
            paths = [path for each in mine for path in each.paths]
            counted.append((distribution, len(mine), len(paths), sum(path.endswith("*") for path in paths)))
        return counted

    def seconds_to_fresh(self, distribution: str) -> float:
        """Seconds from the last change until the last object the distribution serves was fresh."""
        seen = self._aws.gate.seen
        times = fresh_times(self.changes, distribution, self._origin_paths[distribution], seen)
        last = max(fresh for fresh in times.values() if fresh is not None)
        return max(0.0, last - max(change.at for change in times))

    def objects_of(self, distribution: str) -> int:
        """How many of the changed objects a distribution serves."""
        folder = self._origin_paths[distribution].removeprefix("/")
        return sum(change.key.startswith(folder) for change in self.changes)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show how it goes while the block runs."""
        with Live(
            console=console,
            refresh_per_second=4,
            get_renderable=self._line,
            transient=not console.is_terminal,
        ):
            yield
        if not console.is_terminal:
            console.print(self._line())

    def _line(self) -> str:
        sent = self.rows()
        elapsed = min(time.time(), self._ended) - self._began
        parts = [
            f"{self.name}, {elapsed:.0f} s: {len(self.changes):,} of {self.total:,} objects changed",
            f"invalidations: {sum(row[1] for row in sent)}",
            f"paths: {sum(row[2] for row in sent)}",
        ]
        return ", ".join(parts) + (f"; {self._waits_for}" if self._waits_for else "")


def in_time(seen: Callable[[], bool]) -> bool:
    """Wait until `seen` says so; return False where that takes longer than the demo waits."""
    until = time.monotonic() + MOST_SECONDS_TO_SETTLE
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def _is_done(aws: LocalAws) -> bool:
    """Whether nothing waits: on the queue, in a worker's hands, or pending in the table."""
    if any(waiting(aws, "QueueArn", kind) for kind in ("", "NotVisible", "Delayed")):
        return False
    wakes = WakeTable(DynamoDbTable(aws.client("dynamodb"), _outputs(aws)["TableName"]))
    return all(wake.since is None for wake in wakes.waiting())


def waiting(aws: LocalAws, queue: str, kind: str = "") -> int:
    """Return how many messages of a kind ("", "NotVisible", "Delayed") the queue with this output has."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=_outputs(aws)[queue].rpartition(":")[2])["QueueUrl"]
    name = f"ApproximateNumberOfMessages{kind}"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _outputs(aws: LocalAws) -> dict[str, str]:
    stack = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


# AWS documents two quotas [aws-behaviour.md, CloudFront invalidations]. Under the other one, of a wildcard a second, a
# bulk upload is an invalidation for each of its wildcards: `invalidator simulate` shows it under both.
QUOTAS = QuotaSettings(regime=Regime.IN_FLIGHT)
LEGEND = (
    "sent: invalidations. wild: wildcards among the paths. one each: what one path for each object costs past the free "
    "1,000 a month. fresh: from the last change until all of it was invalidated, with 15 wildcards and 3,000 paths in "
    "progress at most and a call in two seconds, as CloudFront's quotas are listed."
)


def savings(uploads: Iterable[Watched]) -> str:
    """Say what the uploads would have cost with a path for each object, and what they took."""
    counted = [(upload.objects_of(row[0]), row[2]) for upload in uploads for row in upload.rows()]
    objects, paths = sum(each for each, _ in counted), sum(each for _, each in counted)
    return (
        f"{objects:,} objects fresh by {paths:,} paths: ${paths * PRICE_OF_A_PATH_USD:.2f} in place of "
        f"${objects * PRICE_OF_A_PATH_USD:.2f}, both past the free paths."
    )


def summary(uploads: Iterable[Watched]) -> Table:
    """Return the table of what the uploads took."""
    table = Table(title="\nwhat it took", title_justify="left", box=None, pad_edge=False)
    for name in ("upload", "distribution"):
        table.add_column(name, no_wrap=True)
    for name in ("objects", "sent", "paths", "wild", "one each", "fresh"):
        table.add_column(name, justify="right", no_wrap=True)
    for upload in uploads:
        for distribution, invalidations, paths, wildcards in upload.rows():
            objects = upload.objects_of(distribution)
            if not objects:
                continue
            cells = (f"{objects:,}", f"{invalidations}", f"{paths}", f"{wildcards}")
            one_each = f"${objects * PRICE_OF_A_PATH_USD:.2f}"
            seconds = f"{upload.seconds_to_fresh(distribution):.1f} s"
            table.add_row(upload.name, distribution, *cells, one_each, seconds)
    return table
