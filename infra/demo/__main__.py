"""`make demo`: the main job, end to end, on an AWS inside this machine.

A published asset tree is uploaded in bulk, then the changes of its next version, then a deliberate failure ends
in the dead-letter queue. The demo exits 0 only if every change was covered by an invalidation created after it.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from infra.demo import asset_tree, site
from infra.demo.proof import Changed, Uncovered, fresh_times, uncovered
from infra.local.aws import STACK, LocalAws, local_aws
from infra.local.faults import ACCESS_DENIED, Fault
from infra.local.ministack import MinistackError
from infra.local.sam import SamError
from invalidator.core.budget import PRICE_OF_A_PATH_USD

WINDOW_SECONDS = 8
MOST_SECONDS_TO_SETTLE = 90.0
CLI = Path(sys.executable).with_name("invalidator")

LEGEND = """sent: invalidations. wild: wildcards among the paths. one each: what one
path for each object costs past the free 1,000 a month. fresh: from the last
change until all of it was invalidated, under the strictest quotas documented."""

console = Console(highlight=False)


class DemoError(Exception):
    """The demo did not see what it claims; the text says what was missing."""


def main() -> int:
    """Run the demo and return the process's exit code."""
    try:
        _demo()
    except KeyboardInterrupt:
        console.print("\ninterrupted; nothing is left running")
        return 130
    except (DemoError, MinistackError, SamError, asset_tree.AssetsError) as error:
        console.print(f"demo failed: {error}", style="red")
        return 1
    return 0


def _demo() -> None:
    with _step("fetching the asset tree, two versions"):
        before, after = asset_tree.fetch("before"), asset_tree.fetch("after")
    with _starting_aws() as aws:
        s3, cloudfront = aws.client("s3"), aws.client("cloudfront")
        site.make_bucket(s3)
        with _step("sam build and sam deploy of template.yaml"):
            aws.deploy({"BatchWindowSeconds": str(WINDOW_SECONDS)})
        origin_paths = {site.make_distribution(cloudfront, path): path for path in site.ORIGIN_PATHS}
        _invalidator(aws, "bucket", "connect", site.BUCKET)

        keys = asset_tree.keys(before)
        first = Progress(aws, "first version", len(keys), origin_paths)
        with first.live():
            site.upload(s3, before, keys, first.changes.append)
            first.settle()

        update = asset_tree.update(before, after)
        second = Progress(aws, "second version", len(update.written) + len(update.removed), origin_paths)
        with second.live():
            site.upload(s3, after, update.written, second.changes.append)
            site.remove(s3, update.removed, second.changes.append)
            second.settle()

        console.print(_summary([first, second]))
        console.print(LEGEND)
        _fail_on_purpose(aws, next(iter(origin_paths)))
    console.print("every change was covered by an invalidation created after it", style="green")


def _fail_on_purpose(aws: LocalAws, distribution: str) -> None:
    """One distribution denies the worker: its paths end in the dead-letter queue, with the reason."""
    console.print(f"\nnow {distribution} answers AccessDenied, and one more object is uploaded:")
    aws.gate.inject(Fault(ACCESS_DENIED, times=None, distribution=distribution))
    aws.client("s3").put_object(Bucket=site.BUCKET, Key="denied/page.html", Body=b"never seen")
    if not _in_time(lambda: _waiting(aws, "DeadLetterQueueArn") > 0):
        raise DemoError("the denied invalidation did not arrive in the dead-letter queue")
    _invalidator(aws, "dlq", "list")


def _is_empty(aws: LocalAws) -> bool:
    """Whether nothing waits on the queue: not to be received, not in a worker's hands, not put back for later."""
    return not any(_waiting(aws, "QueueArn", kind) for kind in ("", "NotVisible", "Delayed"))


def _waiting(aws: LocalAws, queue: str, kind: str = "") -> int:
    sqs = aws.client("sqs")
    stack = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    url = sqs.get_queue_url(QueueName=outputs[queue].rpartition(":")[2])["QueueUrl"]
    name = f"ApproximateNumberOfMessages{kind}"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


class Progress:
    """One upload on its way: what was changed, what was invalidated since, what is not covered yet."""

    def __init__(self, aws: LocalAws, name: str, total: int, origin_paths: dict[str, str]) -> None:
        self.name = name
        self.total = total
        self.changes: list[Changed] = []
        self._aws = aws
        self._origin_paths = origin_paths
        self._began = time.time()
        self._ended = float("inf")

    def settle(self) -> None:
        """Wait until every change is covered and the queue is empty. Raises DemoError where it takes too long."""
        settled = _in_time(lambda: not self.missing() and _is_empty(self._aws))
        self._ended = time.time()
        if not settled:
            missing = self.missing()
            first = missing[0]
            raise DemoError(
                f"{len(missing)} changes were not covered, such as {first.key} on {first.distribution}"
            )

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
        return (
            f"{self.name}: {len(self.changes):,} of {self.total:,} objects changed, "
            f"{sum(row[1] for row in sent)} invalidations, {sum(row[2] for row in sent)} paths"
        )


def _summary(uploads: list[Progress]) -> Table:
    table = Table(title="\nwhat it took", title_justify="left", box=None, pad_edge=False)
    for name in ("upload", "distribution"):
        table.add_column(name, no_wrap=True)
    for name in ("objects", "sent", "paths", "wild", "one each", "fresh"):
        table.add_column(name, justify="right", no_wrap=True)
    for upload in uploads:
        for distribution, invalidations, paths, wildcards in upload.rows():
            objects = upload.objects_of(distribution)
            cells = (f"{objects:,}", f"{invalidations}", f"{paths}", f"{wildcards}")
            one_each = f"${objects * PRICE_OF_A_PATH_USD:.2f}"
            seconds = f"{upload.seconds_to_fresh(distribution):.1f} s"
            table.add_row(upload.name, distribution, *cells, one_each, seconds)
    return table


def _invalidator(aws: LocalAws, *arguments: str) -> None:
    """Run the command line as a person would, and show what it prints."""
    console.print(f"$ invalidator {' '.join(arguments)}", style="bold")
    finished = subprocess.run([CLI, *arguments], env=aws.subprocess_environment, check=False)
    if finished.returncode:
        raise DemoError(f"invalidator {arguments[0]} ended with exit code {finished.returncode}")


@contextmanager
def _starting_aws() -> Iterator[LocalAws]:
    began = time.monotonic()
    with local_aws() as aws:
        console.print(f"an AWS on {aws.endpoint} ({time.monotonic() - began:.1f} s)")
        yield aws


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(name):
        yield
    console.print(f"{name} ({time.monotonic() - began:.1f} s)")


def _in_time(seen: Callable[[], bool]) -> bool:
    until = time.monotonic() + MOST_SECONDS_TO_SETTLE
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


if __name__ == "__main__":
    sys.exit(main())
