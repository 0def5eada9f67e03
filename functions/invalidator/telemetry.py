"""The logger, the metrics and the tracer, as each function of the stack sets them up."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics


def telemetry(environment: Mapping[str, str]) -> tuple[Logger, Metrics, Callable[..., Any]]:
    """Return a logger, metrics, and what decorates a handler that is traced (parameter Tracing).

    The log is plain ASCII: powertools writes Unicode as it is, and with it a key's C1 controls and line separators; a
    key that is not UTF-8 cannot be written at all, and its line would be lost.
    """
    logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
    return logger, Metrics(), _tracing() if environment.get("TRACING") == "Active" else _untraced


def flush(metrics: Metrics) -> None:
    """Write what was counted, if anything was: most runs count nothing, and an empty line is only paid for."""
    if metrics.provider.metric_set:
        metrics.flush_metrics()


def _tracing() -> Callable[..., Any]:
    # Each trace is paid for.
    from aws_lambda_powertools import Tracer  # noqa: PLC0415  importing it takes a seventh of a cold start

    # The calls to AWS alone: by itself it would also import sqlite3 and a dozen other clients to patch them.
    return Tracer(patch_modules=["botocore"]).capture_lambda_handler(capture_response=False)


def _untraced(handler: Callable[..., Any]) -> Callable[..., Any]:
    return handler
