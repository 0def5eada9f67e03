"""An operator's desk for tests: dead letters in a local SQS, everything else in moto, commands as typed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.dlq.local_sqs import REGION, LocalSqs

REPOSITORY = Path(__file__).parents[3]
# As a shell starts it: what runs these tests in the background may have Ctrl-C ignored, and children inherit that.
TYPED = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from infra.cli.main import main; main()"
)


class Desk:
    """The stack's queues, and the command line."""

    def __init__(self, sqs: LocalSqs, run):
        self.sqs = sqs
        self.run = run
        self.stored: Any = None
        self.function: Any = None
        self.queue, self.dead = sqs.outputs["QueueUrl"], sqs.outputs["DeadLetterQueueUrl"]

    def bury(self, body, reason="", sent=None, **attributes):
        """Put a dead letter in the queue, as the worker or the redrive policy does; return its id."""
        named = {"Reason": reason, **attributes} if reason else attributes
        return self.sqs.put(self.dead, body, named, sent)

    def typed(self, *arguments, stderr=subprocess.PIPE):
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", TYPED, *arguments],
            env=os.environ | environment(self.sqs),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=REPOSITORY,
        )


def environment(sqs):
    return {
        "AWS_ENDPOINT_URL_SQS": sqs.endpoint,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": sqs.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def compact(distribution="E1", buckets=("site",), paths=None, **more):
    """A compact message as the worker writes it."""
    return json.dumps({
        "invalidator": 1, "distribution": distribution, "buckets": buckets,
        "paths": paths or {"/a": 1795000000.0}, "attempts": 0, "reason": "", **more,
    })  # fmt: skip


def notification(key="a", bucket="site", at="2026-11-23T10:00:00.000Z"):
    """A message as S3 writes it."""
    return json.dumps({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": at,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }]})  # fmt: skip
