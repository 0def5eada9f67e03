"""The rows on the function itself: warm intake, a warm sender, reading, a cold start, memory, the package."""

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from aws_lambda_powertools.utilities.parser.models import S3Model

from infra.bench.function import process as lambda_process
from infra.bench.function.remembered import re_upload, s3
from infra.bench.function.scenario import Scenario, batch, largest_batch, shared_bucket, wake
from infra.bench.interleaved import cpu_seconds
from infra.bench.row import Row
from invalidator.core.messages.reading import read_body

MESSAGES = 4000
# Keys that a memory judges together.
PORTION = 2000
COLD_STARTS = 15
MEGABYTE = 1_000_000
# Of a process, in megabytes.
MOST_RESIDENT = 256.0


def worker_rows() -> Iterator[Row]:
    """Measure the built package, in processes that see what Lambda's see."""
    package = lambda_process.build()
    yield from _warm("intake", batch(MESSAGES))
    yield from _warm("sender", wake(MESSAGES))
    yield _one_message(batch(1))
    yield _reading(batch(MESSAGES))
    yield _cold_start(_saved("first", batch(1)))
    yield _zipped_start(_saved("first", batch(1)), lambda_process.unzipped(package))
    yield _memory(_saved("largest", largest_batch()))
    yield _shared_bucket(_saved("shared", shared_bucket(300, 20, MESSAGES)))
    yield from _judged(re_upload(PORTION))
    yield _package(package)


def _saved(name: str, scenario: Scenario) -> str:
    file = lambda_process.PLACE / f"{name}.json"
    scenario.save(file)
    return str(file)


# The most calls to AWS of each step, and its reach.
MOST_CALLS = {
    # A number and an entry of the log, a wake and its message; four look for more messages.
    "intake": 8,
    # The lease, the view, the log, what was sent; count, invalidate, record, settle, give the lease back.
    "sender": 9,
}
REACH = {"intake": 5.0, "sender": 3.0}


def _warm(step: str, scenario: Scenario) -> Iterator[Row]:
    measured = lambda_process.answer_of("warm", _saved(step, scenario))
    calls = measured["calls"]
    yield Row(
        f"warm {step} of {MESSAGES:,} changes / json.loads of their notifications",
        measured["ratio"],
        "x",
        REACH[step],
        f"CPU {measured['ours'] * 1000:.1f} ms / {measured['theirs'] * 1000:.1f} ms",
    )
    yield Row(
        f"calls to AWS in that run of {step}",
        sum(calls.values()),
        "calls",
        MOST_CALLS[step],
        ", ".join(f"{count} {name}" for name, count in sorted(calls.items())),
    )


def _judged(scenario: Scenario) -> Iterator[Row]:
    """A portion of a bucket's memory, over TLS: all but the waiting of a re-upload is the processor's."""
    file = _saved("judged", scenario)
    with s3(lambda_process.PLACE) as environment:
        measured = lambda_process.answer_of("judged", file, environment=environment)
    a_key, sdk = measured["ours"] / PORTION, measured["theirs"] / measured["keys"]
    detail = f"CPU {a_key * 1000:.2f} ms / {sdk * 1000:.2f} ms a key"
    yield Row(
        "a remembered key judged / the SDK's HeadObject of one",
        measured["ratio"] * measured["keys"] / PORTION,
        "x",
        0.35,
        detail,
    )
    yield Row("remembered keys judged by a processor", 1 / a_key, "keys/s", 700.0, detail, at_least=True)


def _one_message(scenario: Scenario) -> Row:
    """A quiet site's change: what taking it in costs beyond the SDK's own calls."""
    measured = lambda_process.answer_of("alone", _saved("one", scenario))
    beyond = measured["ours"] - measured["theirs"]
    return Row(
        "warm intake of one message, beyond the SDK's calls",
        beyond * 1000,
        "ms",
        5.0,
        f"CPU {measured['ours'] * 1000:.1f} ms, {measured['theirs'] * 1000:.1f} ms of them the calls",
    )


def _reading(scenario: Scenario) -> Row:
    bodies = [record["body"] for record in scenario.event["Records"]]
    sent = time.time()  # their times are to be believed, as SQS took them just now
    theirs, ours, ratio = cpu_seconds(
        lambda: [S3Model.model_validate_json(body) for body in bodies],
        lambda: [read_body(body, sent) for body in bodies],
        times=15,
    )
    return Row(
        "powertools' S3Model / our reading",
        ratio,
        "x",
        5.0,
        f"CPU {theirs * 1000:.1f} ms / {ours * 1000:.1f} ms",
        at_least=True,
    )


def _cold_start(file: str) -> Row:
    """Whole processes, one of each in turn: CPU, as other work on the machine makes wall time mean little."""
    turns = [
        (lambda_process.run("first", file), lambda_process.run("clients", file)) for _ in range(COLD_STARTS)
    ]
    ours = statistics.median(first.cpu for first, _ in turns)
    theirs = statistics.median(second.cpu for _, second in turns)
    walls = [statistics.median(each) for each in zip(*((a.wall, b.wall) for a, b in turns), strict=True)]
    return Row(
        "cold start to first message done / boto3 and its clients",
        ours / theirs,
        "x",
        1.6,
        f"CPU {ours * 1000:.0f} ms / {theirs * 1000:.0f} ms; wall {walls[0] * 1000:.0f} / {walls[1] * 1000:.0f} ms",
    )


def _zipped_start(file: str, unzipped: Path) -> Row:
    """What a release's zip holds starts as fast as what was built: nothing of it is compiled anew."""
    turns = [
        (lambda_process.run("first", file, package=unzipped), lambda_process.run("first", file))
        for _ in range(COLD_STARTS)
    ]
    theirs, ours = (statistics.median(each.cpu for each in side) for side in zip(*turns, strict=True))
    return Row(
        "cold start of a release's zip / of the built folder",
        theirs / ours,
        "x",
        1.1,
        f"CPU {theirs * 1000:.0f} ms / {ours * 1000:.0f} ms",
    )


def _memory(file: str) -> Row:
    run = lambda_process.run("memory", file)
    measured = json.loads(run.output)
    resident = lambda_process.run("first", file).resident
    return Row(
        "peak memory of a 6 MB batch / its decoded event",
        measured["peak"] / measured["alone"],
        "x",
        2.5,
        f"{measured['peak'] / MEGABYTE:.1f} MB / {measured['alone'] / MEGABYTE:.1f} MB;"
        f" process {resident / MEGABYTE:.0f} MB",
    )


def _shared_bucket(file: str) -> Row:
    """A warm process that takes a bucket's keys in, wakes its distributions, and sends to some of them."""
    measured = lambda_process.answer_of("resident", file)
    return Row(
        f"a bucket on 300 distributions, {MESSAGES:,} keys: memory",
        measured["peak"] / MEGABYTE,
        "MB",
        MOST_RESIDENT,
        f"{measured['calls']['CreateInvalidation']} of them sent to, one after the other",
    )


def _package(package: Path) -> Row:
    files = [each for each in package.rglob("*") if each.is_file()]
    return Row(
        "deployment package",
        sum(each.stat().st_size for each in files) / MEGABYTE,
        "MB",
        15.0,
        f"{len(files)} files; tests/template/test_package.py holds that all of it is imported",
    )
