"""Puts the stack's events on an EventBridge bus.

They are for others: where one cannot be put there, the log says so, and the work goes on.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from invalidator.aws.aws_errors import AwsError
from invalidator.core.announcement import SOURCE, VERSION, Announcement

# PutEvents takes so many entries, of 256 KB together [aws-behaviour.md, EventBridge].
MOST_ENTRIES = 10
MOST_BYTES = 240_000

_logger = logging.getLogger(__name__)


class EventBus:
    """The port `Announcements` over EventBridge.

    Args:
        client: EventBridge.
        bus: the bus: `default`, or the ARN of another.
        stack: the stack's name, part of each event.
    """

    def __init__(self, client: Any, bus: str, stack: str) -> None:
        self._client = client
        self._bus = bus
        self._stack = stack

    def tell(self, announcements: Iterable[Announcement]) -> None:
        """Put events on the bus, as many at once as it takes."""
        batch: list[Any] = []
        size = 0
        for each in announcements:
            entry = self._entry(each)
            length = len(entry["Detail"])
            if batch and (len(batch) == MOST_ENTRIES or size + length > MOST_BYTES):
                self._put(batch)
                batch, size = [], 0
            batch.append(entry)
            size += length
        if batch:
            self._put(batch)

    def _entry(self, told: Announcement) -> dict[str, str]:
        detail = {"version": VERSION, "stack": self._stack, **told.detail}
        while len(text := json.dumps(detail)) > MOST_BYTES and detail["paths"]:
            detail["paths"] = detail["paths"][: len(detail["paths"]) // 2]
        return {"Source": SOURCE, "DetailType": told.kind, "Detail": text, "EventBusName": self._bus}

    def _put(self, entries: list[Any]) -> None:
        try:
            answer = self._client.put_events(Entries=entries)
        except AwsError as error:
            _logger.warning("events could not be told, and are not told again: %s", error)
            return
        for entry in answer.get("Entries", []):
            if "ErrorCode" in entry:
                _logger.warning(
                    "an event could not be told, and is not told again: %s: %s",
                    entry["ErrorCode"],
                    entry.get("ErrorMessage", ""),
                )


def stack_of(environment: Mapping[str, str]) -> str:
    """Return the stack's name: that of the service, as logs and metrics have it."""
    return environment.get("POWERTOOLS_SERVICE_NAME", "")


class NoEvents:
    """The port `Announcements` of a stack without a bus: nobody is told."""

    def tell(self, announcements: Iterable[Announcement]) -> None:
        """Do nothing."""
