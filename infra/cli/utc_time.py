"""How the command line writes a moment."""

from datetime import UTC, datetime


def utc_time(epoch_seconds: float) -> str:
    """Return `2026-11-23T12:03:00Z`, the same in text and JSON."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
