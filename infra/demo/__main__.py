"""`make demo`: the main job, end to end, on an AWS inside this machine.

One page is written, a published asset tree is uploaded in bulk, then the changes of its next version; then a deliberate
failure ends in the dead-letter queue, and is redriven. The demo exits 0 only if every change was covered by an
invalidation created after it.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.demo import asset_tree, site
from infra.demo.watched import LEGEND, QUOTAS, DemoError, Watched, console, in_time, savings, summary, waiting
from infra.local.aws import LocalAws, local_aws
from infra.local.cloudfront.faults import ACCESS_DENIED, Fault
from infra.local.ministack import MinistackError
from infra.local.sam import SamError
from infra.local.sample_site import make_bucket, make_distribution

CLI = Path(sys.executable).with_name("invalidator")
NEXT = """next:
  make local                          the same AWS to play with; FAULT=name breaks it
  .venv/bin/invalidator plan --help   what your own keys would send, from files
  make deploy                         to the account of your credentials"""


def main() -> int:
    """Run the demo and return the process's exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended so, it clears up as after Ctrl-C
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
        make_bucket(s3, site.BUCKET)
        with _step("sam build and sam deploy of template.yaml"):
            aws.deploy()
        origin_paths = {make_distribution(cloudfront, path, site.BUCKET): path for path in site.ORIGIN_PATHS}
        _invalidator(aws, "bucket", "connect", site.BUCKET)

        page = Watched(aws, "one page", 1, origin_paths)
        with page.live():
            site.put(s3, "index.html", b"<title>Coming soon</title>", page.changes.append)
            page.settle()

        keys = asset_tree.keys(before)
        first = Watched(aws, "first version", len(keys), origin_paths)
        with first.live():
            site.upload(s3, before, keys, first.changes.append)
            first.settle()

        update = asset_tree.update(before, after)
        second = Watched(aws, "second version", len(update.written) + len(update.removed), origin_paths)
        with second.live():
            site.upload(s3, after, update.written, second.changes.append)
            site.remove(s3, update.removed, second.changes.append)
            second.settle()

        console.print(summary([page, first, second]))
        console.print(LEGEND)
        _fail_on_purpose(aws, next(iter(origin_paths)), origin_paths)
        saved = savings([page, first, second])
    console.print("\nevery change was covered by an invalidation created after it", style="green")
    console.print(saved)
    console.print(NEXT)


def _fail_on_purpose(aws: LocalAws, distribution: str, origin_paths: dict[str, str]) -> None:
    """One distribution denies the worker: its paths end in the dead-letter queue, are explained, and sent again."""
    console.print(f"\nnow {distribution} answers AccessDenied, and one more object is uploaded:")
    aws.gate.inject(Fault(ACCESS_DENIED, times=None, distribution=distribution))
    denied = Watched(aws, "denied", 1, origin_paths)
    site.put(aws.client("s3"), "denied/page.html", b"never seen", denied.changes.append)
    with console.status("waiting for the dead letter of it"):
        arrived = in_time(lambda: waiting(aws, "DeadLetterQueueArn") > 0)
    if not arrived:
        raise DemoError("the denied invalidation did not arrive in the dead-letter queue")
    _invalidator(aws, "dlq", "list")
    _invalidator(aws, "dlq", "explain")
    console.print(f"\nnow {distribution} takes it again, and the dead letter is sent back:")
    aws.gate.forget_faults()
    _invalidator(aws, "dlq", "redrive", "--yes")
    with console.status("waiting until it is invalidated"):
        denied.settle()


def _invalidator(aws: LocalAws, *arguments: str) -> None:
    """Run the command line as a person would, and show what it prints."""
    console.print(f"$ invalidator {' '.join(arguments)}", style="bold")
    finished = subprocess.run([CLI, *arguments], env=aws.subprocess_environment, check=False)
    if finished.returncode:
        raise DemoError(f"invalidator {arguments[0]} ended with exit code {finished.returncode}")


@contextmanager
def _starting_aws() -> Iterator[LocalAws]:
    began = time.monotonic()
    with local_aws(quotas=QUOTAS) as aws:
        console.print(f"an AWS on {aws.endpoint} ({time.monotonic() - began:.1f} s)")
        yield aws


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(name):
        yield
    console.print(f"{name} ({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    sys.exit(main())
