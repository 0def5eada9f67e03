"""Faults that come and go while the worker works, each of them from outside: no switch of them is in the product."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.aws import LocalAws
from infra.local.cloudfront.faults import ACCESS_DENIED, SERVICE_UNAVAILABLE, Fault
from infra.local.cloudfront.proxy import Answer, Forward, Proxy, Request
from infra.local.cloudfront.quotas import THROTTLED, TOO_MANY

NO_TABLE = Answer(
    500,
    {"Content-Type": "application/x-amz-json-1.0"},
    b'{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "not now"}',
)
NO_TABLE_NAME = "no table"
# The worker asks its table a few times a run; while it waits for its turn at CloudFront it asks for nothing.
MOST_SECONDS_TO_MISS = 12.0
# (operation, what its request names) → where a run is.
TAKING_IN = ("PutItem", "log#bucket:")  # it was dealt a number, and nothing stands under it yet
LOOKING = ("BatchGetItem", "target#")  # it holds the target, and nothing was sent
SENT = ("PutItem", "sent#")  # it sent, and nothing is written of that
SKEW_SECONDS = 2.0


def kill_functions(directory: Path) -> int:
    """Kill every process that runs a function of the local AWS whose files are in `directory`; return how many."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            at, command = (process / "cwd").readlink(), (process / "cmdline").read_bytes()
            if at != directory and at.is_relative_to(directory) and b"_worker.py" in command:
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or is not ours
    return killed


@dataclass
class Table:
    """Stands before the worker's table: takes it away, or kills the worker just as it asks for something.

    Attributes:
        directory: the local AWS's files, below which its functions run.
        away: whether the table answers nothing but errors.
        killing: (operation, what its request names) that the worker is killed at, the next time it asks so.
        killed: what it was killed at.
        refused: how many calls got no answer.
        missed: set once one was refused.
    """

    directory: Path
    away: bool = False
    killing: set[tuple[str, str]] = field(default_factory=set)
    killed: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0
    missed: threading.Event = field(default_factory=threading.Event)

    def take_away(self) -> None:
        self.away = True
        self.missed.clear()

    def bring_back(self) -> None:
        self.away = False

    def wait_until_missed(self, seconds: float) -> None:
        """Wait until somebody has asked since it was taken away."""
        self.missed.wait(seconds)

    def answer(self, request: Request, forward: Forward) -> Answer:
        """Decide about one call."""
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        asked = [(op, name) for op, name in self.killing if op == operation and name.encode() in request.body]
        for each in asked:
            self.killing.discard(each)
            assert kill_functions(self.directory), "no worker to kill"
            self.killed.append(each)
            raise OSError("the one who asked is dead")
        if self.away:
            self.refused += 1
            self.missed.set()
            return NO_TABLE
        return forward()


@contextmanager
def table_in_between(aws: LocalAws, function: str, timeout: int) -> Iterator[Table]:
    """Lead the deployed worker to its table through a `Table`, and shorten its time-out so that a kill heals soon."""
    table = Table(aws.directory)
    functions = aws.client("lambda")
    with Proxy(table.answer, aws.endpoint) as proxy:
        before = functions.get_function_configuration(FunctionName=function)
        was = {"Environment": {"Variables": before["Environment"]["Variables"]}, "Timeout": before["Timeout"]}
        there = {**was["Environment"]["Variables"], "AWS_ENDPOINT_URL_DYNAMODB": proxy.endpoint}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": there}, Timeout=timeout
        )
        try:
            yield table
        finally:
            functions.update_function_configuration(FunctionName=function, **was)


@dataclass
class Storm:
    """Faults one after the other, drawn by a seed.

    Attributes:
        strikes: every fault, what begins it and what ends it.
    """

    aws: LocalAws
    table: Table
    chance: random.Random
    denied: str

    def blow(self, seconds: float) -> list[str]:
        """Let every fault strike at least once in so many seconds, in a drawn order; return their names."""
        strikes = self._strikes()
        names = self.chance.sample(list(strikes), len(strikes))
        for name in names:
            begin, end = strikes[name]
            begin()
            time.sleep(seconds / len(names) * self.chance.uniform(0.6, 1.4))
            if name == NO_TABLE_NAME:
                self.table.wait_until_missed(MOST_SECONDS_TO_MISS)
            end()
        return names

    def _strikes(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        gate, table = self.aws.gate, self.table

        def fault(answer, **more):
            return lambda: gate.inject(Fault(answer, times=None, **more)), gate.forget_faults

        def killed_at(place):
            return lambda: table.killing.add(place), lambda: None  # it strikes when it can

        return {
            "503": fault(SERVICE_UNAVAILABLE),
            "Throttling": fault(THROTTLED),
            "TooManyInvalidationsInProgress": fault(TOO_MANY),
            "answer lost": fault(SERVICE_UNAVAILABLE, answer_lost=True),
            "distributions cannot be listed": fault(SERVICE_UNAVAILABLE, operation="ListDistributions"),
            "one distribution denied": fault(ACCESS_DENIED, distribution=self.denied),
            NO_TABLE_NAME: (table.take_away, table.bring_back),
            "killed while it takes in": killed_at(TAKING_IN),
            "killed before it sends": killed_at(LOOKING),
            "killed after it sent": killed_at(SENT),
            "CloudFront's clock ahead": (lambda: gate.skew(SKEW_SECONDS), lambda: gate.skew(0)),
            "CloudFront's clock behind": (lambda: gate.skew(-SKEW_SECONDS), lambda: gate.skew(0)),
        }


@contextmanager
def blowing(storm: Storm, seconds: float) -> Iterator[None]:
    """Let the storm blow while the block runs, and wait for its end."""
    thread = threading.Thread(target=storm.blow, args=(seconds,))
    thread.start()
    try:
        yield
    finally:
        thread.join()
