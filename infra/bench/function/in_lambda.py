"""Runs a batch through the built package as Lambda would, in a process of its own, and prints what it measured.

The package and the SDK stand on PYTHONPATH, and nothing else does: see `process`.
So nothing is imported here but what a row measures.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The clients that the function makes as it starts.
CLIENTS = ("dynamodb", "sqs", "lambda", "cloudfront")
# For so many keys the SDK itself asks, for comparison.
SOME_KEYS = 200


class Context:
    """Lambda's context."""

    function_name = "invalidator"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:invalidator"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return self._seconds * 1000


def main() -> None:
    """Do what the first argument says with the scenario in the second."""
    what, file = sys.argv[1], Path(sys.argv[2])
    if what == "clients":
        _make_clients()
        os._exit(0)  # taking a process down is no part of a cold start, on either side
    scenario = json.loads(file.read_bytes())
    # The function's log goes to stdout; it is written, as in Lambda, but not to ours.
    with contextlib.redirect_stdout(io.StringIO()):
        answer = MEASURES[what](scenario)
    print(json.dumps(answer), flush=True)
    if what == "first":
        os._exit(0)


def _make_clients() -> None:
    """The floor of a cold start: the SDK, and the clients that a batch needs."""
    import boto3  # noqa: PLC0415  what is measured

    for service in CLIENTS:
        make: Any = boto3.client
        make(service)


def _handler(scenario: dict[str, Any]) -> Any:
    from infra.bench.function.wire import Wire  # noqa: PLC0415  not part of the other side

    wire = Wire(scenario["replies"], scenario["through"])
    wire.plug_in()
    handler = importlib.import_module(scenario["entry"]).handler  # what is measured

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = handler(event, Context(scenario["seconds"]))
        return answer

    return handle, wire


def _first(scenario: dict[str, Any]) -> dict[str, Any]:
    handle, wire = _handler(scenario)
    return {"answer": handle(scenario["event"]), "calls": wire.calls}


def _warm(scenario: dict[str, Any]) -> dict[str, Any]:
    """Hold a run against `json.loads` of the notifications that it is about."""
    bodies = scenario["bodies"]

    def parse() -> None:
        for body in bodies:
            json.loads(body)

    return _held_against(parse, scenario, *_handler(scenario))


def _alone(scenario: dict[str, Any]) -> dict[str, Any]:
    """Hold a run of intake against the SDK's calls that it makes."""
    import botocore.session  # noqa: PLC0415  what is measured

    handle, wire = _handler(scenario)
    sdk: Any = botocore.session.get_session()
    table, sqs = sdk.create_client("dynamodb"), sdk.create_client("sqs")
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}

    def call() -> None:
        for _ in range(2):
            table.update_item(TableName="t", Key=key, UpdateExpression="ADD n :n", ReturnValues="ALL_NEW")
        table.put_item(TableName="t", Item=key)
        sqs.send_message_batch(QueueUrl="https://q", Entries=[{"Id": "0", "MessageBody": "wake"}])

    return _held_against(call, scenario, handle, wire, times=200)


def _judged(scenario: dict[str, Any]) -> dict[str, Any]:
    """Hold a portion of a remembered bucket against the SDK's own calls for the headers of some keys."""
    import botocore.session  # noqa: PLC0415  what is measured

    handle, wire = _handler(scenario)
    sdk: Any = botocore.session.get_session()
    s3 = sdk.create_client("s3")

    def call() -> None:
        for each in range(SOME_KEYS):
            s3.head_object(Bucket="site", Key=f"page-{each}.html", ChecksumMode="ENABLED")

    return _held_against(call, scenario, handle, wire) | {"keys": SOME_KEYS}


def _held_against(
    theirs: Callable[[], object], scenario: dict[str, Any], handle: Any, wire: Any, times: int = 15
) -> dict[str, Any]:
    from infra.bench.interleaved import cpu_seconds  # noqa: PLC0415  not part of a cold start

    event = scenario["event"]
    handle(event)
    wire.calls.clear()
    answer = handle(event)
    calls = dict(wire.calls)
    ours, other, ratio = cpu_seconds(lambda: handle(event), theirs, times=times)
    return {"ours": ours, "theirs": other, "ratio": ratio, "calls": calls, "answer": answer}


def _memory(scenario: dict[str, Any]) -> dict[str, Any]:
    handle, _ = _handler(scenario)
    text = json.dumps(scenario.pop("event"))
    handle({"Records": json.loads(text)["Records"][:10]})
    tracemalloc.start()
    event = json.loads(text)
    alone, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    handle(event)
    _, peak = tracemalloc.get_traced_memory()
    return {"alone": alone, "peak": peak, "payload": len(text)}


def _resident(scenario: dict[str, Any]) -> dict[str, Any]:
    """Work off a batch and each wake after it in one warm process; how large it became, in bytes."""
    handle, wire = _handler(scenario)
    records = scenario.pop("event")["Records"]
    wakes = [each for each in records if each["eventSourceARN"] == os.environ["WAKE_QUEUE_ARN"]]
    answers = [handle({"Records": records[: len(records) - len(wakes)]})]
    answers += [handle({"Records": [each]}) for each in wakes]
    # What getrusage says begins at the size of the process that started this one.
    status = Path("/proc/self/status").read_text()
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"peak": peak * 1024, "calls": wire.calls, "answers": answers}


MEASURES = {
    "first": _first,
    "warm": _warm,
    "alone": _alone,
    "judged": _judged,
    "memory": _memory,
    "resident": _resident,
}

if __name__ == "__main__":
    main()
