"""How the command line writes moments and lengths of time, for people and for programs."""

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: "2 h 5 min"."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for name, size in _UNITS:
        if left >= size or (name == "s" and not parts):
            parts.append(f"{left // size} {name}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2])


def instant(at: float) -> str:
    """Return a moment (epoch seconds) for people: "2026-11-23 12:03:10 UTC"."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(at: float) -> str:
    """Return a moment (epoch seconds) for programs, to the millisecond: "2026-11-23T12:03:10.000Z"."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
