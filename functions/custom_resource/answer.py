"""The answer CloudFormation waits for: once, whatever happens, before the function's time is up.

AWS CloudFormation user guide: crpg-ref-responses. Unanswered, a stack waits an hour, then fails
to roll back.
"""

import json
import re
import threading
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

# An answer over 4,096 bytes is refused, and CloudFormation then waits in vain; the ids take their share.
_LONGEST_REASON = 2000

# CloudFormation's own is https; one in the same machine is not.
_SIGNED_URL = re.compile(r"https?://[!-~]+")

Put = Callable[[str, bytes], None]


def put_to_url(url: str, body: bytes) -> None:
    """Send the answer to the URL that CloudFormation signed for it; the empty content type belongs to that.

    Raises OSError when three tries failed; Lambda then runs the function again, as CloudFormation calls it
    asynchronously. No error's text holds the URL: its signature lets anyone answer, and the log shows the error.
    """
    if not _SIGNED_URL.fullmatch(url):
        raise OSError("the ResponseURL of the event is no web address; nobody can be answered")
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310  an https URL
    for last in (False, False, True):
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310  CloudFormation's own URL
                return
        except OSError:
            if last:
                raise


class Answer:
    """One request's answer.

    Args:
        event: CloudFormation's event.
        physical_id: gives the resource's id for an answer with this status, "SUCCESS" or "FAILED".
        put: sends the answer's bytes to a URL.
    """

    def __init__(self, event: Mapping[str, Any], physical_id: Callable[[str], str], put: Put) -> None:
        self._event = event
        self._physical_id = physical_id
        self._put = put
        self._lock = threading.Lock()
        self._given = False
        self._lost: OSError | None = None

    @property
    def given(self) -> bool:
        """Whether the answer was sent."""
        return self._given

    def succeed(self, reason: str) -> None:
        """Say that it is done. Raises OSError where the answer, this or an earlier one, could not be sent."""
        self._send("SUCCESS", reason)

    def fail(self, reason: str) -> None:
        """Say that it is not, and why. Raises as `succeed` does."""
        self._send("FAILED", reason)

    def _send(self, status: str, reason: str) -> None:
        with self._lock:
            if self._lost is not None:
                # The alarm's thread cannot fail the function; whoever would answer next does, and Lambda runs it again.
                raise self._lost
            if self._given:
                return
            self._given = True
            body = {
                "Status": status,
                "Reason": _short(reason),
                "PhysicalResourceId": self._physical_id(status),
                **{name: self._event.get(name, "") for name in ("StackId", "RequestId", "LogicalResourceId")},
            }
            try:
                self._put(self._event["ResponseURL"], json.dumps(body).encode())
            except OSError as error:
                self._lost = error
                raise


def _short(reason: str) -> str:
    """The reason, as far as it fits: as JSON, a character may take twelve bytes."""
    fitting = reason[:_LONGEST_REASON]
    while len(json.dumps(fitting)) > _LONGEST_REASON:
        fitting = fitting[: len(fitting) * 9 // 10]
    return fitting
