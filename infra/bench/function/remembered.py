"""What a warm memory meets: a portion of a remembered bucket's keys, all uploaded again as they were."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

from infra.bench.function.s3_server import CERTIFICATE, ETAG, HEADERS, MODIFIED
from infra.bench.function.scenario import (
    BUCKET,
    ENVIRONMENT,
    TABLE,
    Scenario,
    dynamodb,
    keys,
    listed,
    wake_record,
)
from invalidator.aws.table.dynamodb import MOST_KEYS_IN_A_CALL, MOST_STATEMENTS_IN_A_CALL, number
from invalidator.aws.table.logs import entry_item, head_key
from invalidator.aws.table.memory import row_item, row_key, state_item
from invalidator.core.pending.entry import Entry, bucket_owner, entries, memory_owner
from invalidator.core.pending.heard import Heard
from invalidator.core.remembering.head import read_head
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.remembering.row import DAY, Kind, Row

REMEMBERED_TABLE = "invalidator-remembered"
ENTRY = "invalidator.entries.remember"
# An hour ago: whatever waits for quiet has waited.
_WAITED_SECONDS = 3600.0
# Keys that intake writes into one entry of the log.
_KEYS_AN_ENTRY = 100
# Time for one portion and no more: the log tells its keys again each time it is read.
_SECONDS = 30


def re_upload(count: int) -> Scenario:
    """Return a wake of the memory of a bucket, so many of whose keys were written again as they were."""
    now = time.time()
    written = now - _WAITED_SECONDS
    chosen = keys()[:count]
    at = MODIFIED + 1.0
    heard = {
        key: (Heard(at, etag=ETAG, sequencer=f"{2 * each + 2:016X}"),) for each, key in enumerate(chosen)
    }
    log: list[Entry] = []
    for begin in range(0, count, _KEYS_AN_ENTRY):
        part = dict.fromkeys(chosen[begin : begin + _KEYS_AN_ENTRY], (at, at))
        log += entries(part, BUCKET, written, heard=heard)
    owner = memory_owner(BUCKET)
    state = MemoryState(epoch=1, through=1, complete=written, rev=1)
    return Scenario(
        {"Records": [wake_record(owner)]},
        {
            "UpdateItem": dynamodb({"Attributes": {"due": number(written), "since": number(written)}}),
            "PutItem": "{}",
            "BatchGetItem": _got({}),
            f'BatchGetItem "{BUCKET}"': _got({REMEMBERED_TABLE: [state_item(BUCKET, state)]}),
            f'BatchGetItem "log#{bucket_owner(BUCKET)}"': _got(
                {TABLE: [head_key(bucket_owner(BUCKET)) | {"seq": number(1)}]}
            ),
            **_rows(chosen),
            "BatchExecuteStatement": dynamodb({"Responses": [{}] * MOST_STATEMENTS_IN_A_CALL}),
            "Query log#": dynamodb(
                listed(entry_item(owner, place, each) for place, each in enumerate(log, 1))
            ),
            "SendMessageBatch": json.dumps({"Successful": [], "Failed": []}),
        },
        entry=ENTRY,
        seconds=_SECONDS,
        through=("HeadObject",),
    )


def _rows(chosen: list[str]) -> dict[str, str]:
    """The rows of the keys, as the calls ask for them: each has the place of its first one."""
    headers = {name.lower(): value for name, value in HEADERS.items()}
    seen = read_head(headers | {"date": formatdate(MODIFIED - DAY, usegmt=True)})
    replies = {}
    for begin in range(0, len(chosen), MOST_KEYS_IN_A_CALL):
        part = chosen[begin : begin + MOST_KEYS_IN_A_CALL]
        items = []
        for place, key in enumerate(part, begin):
            row = Row(
                Kind.SEEN,
                replace(seen, modified=MODIFIED - 2 * DAY),
                sequencer=f"{2 * place + 1:016X}",
                at=MODIFIED - 2.0 * DAY,
                since=MODIFIED - 1.0 * DAY,
                rev="an-earlier-run/1",
            )
            items.append(row_item(BUCKET, key, 1, row))
        first = row_key(BUCKET, part[0])["pk"]["S"]
        replies[f"BatchGetItem {first}"] = _got({REMEMBERED_TABLE: items})
    return replies


def _got(found: Mapping[str, object]) -> str:
    return dynamodb({"Responses": found, "UnprocessedKeys": {}})


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """Have an S3 on this machine; yield the environment of the memory's function that asks it."""
    with subprocess.Popen(
        [sys.executable, "-m", "infra.bench.function.s3_server", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        yield {
            **ENVIRONMENT,
            "REMEMBERED_BUCKETS": BUCKET,
            "REMEMBERED_TABLE_NAME": REMEMBERED_TABLE,
            "REMEMBER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/remember-queue",
            "AWS_ENDPOINT_URL_S3": f"https://127.0.0.1:{port}",
            "AWS_CA_BUNDLE": str(folder / CERTIFICATE),
            # A role's credentials have one.
            "AWS_SESSION_TOKEN": "t" * 700,
        }
