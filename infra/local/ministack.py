"""Starts MiniStack, the emulator that stands in for AWS, and sees to it that nothing of it stays behind."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
INTERPRETER = REPOSITORY / ".tools/ministack/bin/python"
REGION = "eu-central-1"
# MiniStack takes any well-formed credentials as its one account's root; these belong to nobody.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_SECONDS_TO_START = 60
# It ends at once; what it takes longer is a machine that is busy with other tests: there it has taken more than 20 s.
_SECONDS_TO_STOP = 60


class MinistackError(Exception):
    """MiniStack is not installed or does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class Ministack:
    """A running MiniStack.

    Attributes:
        endpoint: its URL, for AWS_ENDPOINT_URL.
        log: the file it writes its log to, the functions' output included.
    """

    endpoint: str
    log: Path


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the user's own AWS: credentials, profile, endpoints."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_", "SAM_"))
    }


@contextmanager
def ministack(
    directory: Path,
    log: Path,
    *,
    function_environment: Mapping[str, str] | None = None,
    enforce_iam: bool = False,
) -> Iterator[Ministack]:
    """Run MiniStack on a free port of 127.0.0.1 until the block is left, or this process ends in any way.

    Args:
        directory: an empty directory for its files; where this process is killed, it is removed.
        log: where its log goes.
        function_environment: variables that it hands on to the functions it runs.
        enforce_iam: whether roles' policies are enforced.

    Raises:
        MinistackError: it is not installed, or does not start.
    """
    if not INTERPRETER.exists():
        raise MinistackError(f"MiniStack is not installed ({INTERPRETER}); install it with: make setup")
    with log.open("wb") as output, socket.socket() as listener:
        # Taken here and handed on: a port that is only looked up may be another local AWS's by the time it is bound.
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        endpoint = f"http://127.0.0.1:{port}"
        environment = without_aws(os.environ) | {
            **CREDENTIALS,
            **(function_environment or {}),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AUTH": str(enforce_iam).lower(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "0",
            "STATE_DIR": str(directory),
            "TMPDIR": str(directory),
        }
        # A session of its own: Ctrl-C reaches only the one who started it, and one signal ends all of it.
        process = subprocess.Popen(
            [INTERPRETER, "-I", "-u", Path(__file__).with_name("ministack_main.py"), str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            start_new_session=True,
        )
        listener.close()  # the child's copy alone holds the port, so that it is free when the child is gone
        try:
            _wait_until_ready(process, port, log)
            yield Ministack(endpoint, log)
        finally:
            _stop(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    give_up = time.monotonic() + _SECONDS_TO_START
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > give_up:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise MinistackError(f"MiniStack did not start; the end of its log ({log}):\n{tail}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200  # noqa: PLR2004  HTTP's OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()  # it takes this as its starter's end, see ministack_main
    process.wait(_SECONDS_TO_STOP)
