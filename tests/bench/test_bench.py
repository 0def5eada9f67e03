"""The benchmark's own parts: what counts as a fault, and that what it measures is the whole way."""

import json
import os
import subprocess
import sys

import pytest

from infra.bench.function.remembered import re_upload, s3
from infra.bench.function.rows import MEGABYTE, MOST_RESIDENT
from infra.bench.function.scenario import (
    ENVIRONMENT,
    PAYLOAD_BYTES,
    batch,
    largest_batch,
    shared_bucket,
    wake,
)
from infra.bench.row import Row, faults
from tests.template.resolved import ROOT


def _row(value, **changes):
    return Row(**{"name": "n", "value": value, "unit": "x", "reach": 3.0, "detail": "", **changes})


def test_a_ratio_a_quarter_worse_than_the_committed_one_is_a_fault():
    assert faults(_row(2.4), {"n": 2.0}) == []
    assert faults(_row(2.6), {"n": 2.0}) == ["more than a quarter worse than the committed 2 x"]


def test_where_more_is_better_less_than_four_fifths_of_the_committed_ratio_is_a_fault():
    assert faults(_row(5.0, reach=4.0, at_least=True), {"n": 6.0}) == []
    assert faults(_row(5.0, reach=4.0, at_least=True), {"n": 6.5}) != []


def test_a_missed_reach_is_a_fault_even_as_committed():
    assert faults(_row(3.1), {"n": 3.1}) == ["misses its reach"]


def test_figures_of_one_machine_are_not_held_against_another():
    assert faults(_row(2.9, unit="ms"), {"n": 1.0}) == []


def test_the_largest_batch_is_six_megabytes_and_its_messages_are_notifications():
    records = largest_batch().event["Records"]
    assert (
        0.98 * PAYLOAD_BYTES
        < len(json.dumps({"Records": records}, separators=(",", ":")))
        <= PAYLOAD_BYTES + 20
    )
    assert "ObjectCreated:Put" in records[0]["body"]


@pytest.mark.parametrize(
    ("scenario", "calls"),
    [
        (lambda: batch(200), {"UpdateItem": 2, "PutItem": 1, "SendMessageBatch": 1, "ReceiveMessage": 4}),
        (lambda: batch(1), {"UpdateItem": 2, "PutItem": 1, "SendMessageBatch": 1}),
        (
            lambda: wake(200),
            {"UpdateItem": 3, "BatchGetItem": 1, "Query": 2, "CreateInvalidation": 1, "PutItem": 2},
        ),
    ],
    ids=["intake", "intake of one message", "sender"],
)
def test_what_is_measured_goes_the_whole_way_in_as_few_calls_as_that_takes(tmp_path, scenario, calls):
    answer = _in_lambda("first", scenario(), tmp_path / "scenario.json")
    assert answer == {"answer": {"batchItemFailures": []}, "calls": calls}


def test_a_bucket_on_300_distributions_with_4000_keys_stays_small(tmp_path):
    """One warm process takes the keys in, wakes all 300, and sends to five: each look has all of the keys."""
    shared = shared_bucket(300, 5, 4000)
    answer = _in_lambda("resident", shared, tmp_path / "scenario.json")
    assert answer["peak"] / MEGABYTE <= MOST_RESIDENT
    assert answer["answers"] == [{"batchItemFailures": []}] * 7
    assert answer["calls"]["CreateInvalidation"] == 5
    # Those of 300 targets, ten a call, and intake's.
    assert answer["calls"]["SendMessageBatch"] == 31


def test_keys_that_a_memory_judges_are_asked_for_without_the_sdk_and_none_of_them_changed(tmp_path):
    with s3(tmp_path) as environment:
        answer = _in_lambda("first", re_upload(200), tmp_path / "scenario.json", environment)
    assert answer["answer"] == {"batchItemFailures": []}
    # The first key's headers show how the others' are asked for. Each row is replaced, once; the lease is taken and
    # given back, and nobody else is woken.
    assert [answer["calls"][each] for each in ("HeadObject", "BatchExecuteStatement", "UpdateItem")] == [
        1,
        8,
        2,
    ]


def _in_lambda(what, scenario, file, environment=ENVIRONMENT):
    scenario.save(file)
    run = subprocess.run(
        [sys.executable, "-m", "infra.bench.function.in_lambda", what, str(file)],
        env={**environment, "PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_cold_start_leaves_out_what_the_worker_does_not_use():
    """The ratio itself is measured by `make bench`; this is what it rests on."""
    run = subprocess.run(
        [sys.executable, "-c", "import sys, invalidator.handler; print(*sys.modules)"],
        env={**ENVIRONMENT, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "invalidator.aws.distributions" in run.stdout.split()
    assert {"boto3", "sqlite3"} & set(run.stdout.split()) == set()
