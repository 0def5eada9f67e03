"""Who changed a bucket's notification, by CloudTrail's event history, which every account has for 90 days unpaid."""

import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

# As CloudTrail calls PutBucketNotificationConfiguration (S3 user guide, "CloudTrail bucket-level actions").
_CHANGED = "PutBucketNotification"
_MOST_EVENTS = 50


class EventHistory:
    """CloudTrail's event history.

    Args:
        client: a CloudTrail client.
        own: name of the function that asks: what it changed itself says nothing of others.
    """

    def __init__(self, client: Any, own: str) -> None:
        self._client = client
        self._own = own

    def __call__(self, bucket: str, since: float) -> str:
        """Return who changed a bucket's notification last since a time (epoch seconds), in one line.

        "" where nobody did, or that may not be asked: an event comes there some minutes late, and the repair must not
        wait for it.
        """
        try:
            found = self._client.lookup_events(
                LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": bucket}],
                MaxResults=_MOST_EVENTS,
                **({"StartTime": datetime.fromtimestamp(since, UTC)} if since else {}),
            )
        except (BotoCoreError, ClientError):
            return ""
        for event in found.get("Events", []):
            if event.get("EventName") == _CHANGED and (line := self._line(event)):
                return line
        return ""

    def _line(self, event: Any) -> str:
        """One event in one line; "" where it is our own, or cannot be read."""
        try:
            told = json.loads(event["CloudTrailEvent"])
            identity = told["userIdentity"]
            name = identity.get("arn") or event.get("Username", "")
            agent = str(told.get("userAgent", ""))
        except (KeyError, TypeError, ValueError, AttributeError):
            return ""
        if not name or name.endswith(f"/{self._own}"):
            return ""
        at = event["EventTime"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return f"{name} changed it at {at}" + (f" with {agent}" if agent else "")
