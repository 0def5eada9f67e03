"""Which keys an entry of a bucket's notification speaks of: those with a prefix and a suffix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from bucket_subscription.errors import RefusedError

# S3 takes filter values form-encoded; these characters stay as they are (S3 user guide:
# notification-how-to-filtering, object-keys).
_SAFE = "/!-_.'()"
_LONGEST = 1024


@dataclass(frozen=True, slots=True, order=True)
class KeyFilter:
    """Keys that start with `prefix` and end with `suffix`, both as in the key itself; empty matches all."""

    prefix: str = ""
    suffix: str = ""

    def overlaps(self, other: "KeyFilter") -> bool:
        """Whether S3 takes the two as overlapping: a string could begin with both and end with both prefixes
        and suffixes, each taken by itself (S3 user guide: notification-how-to-filtering).
        """
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        suffixes = self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)
        return prefixes and suffixes

    def covers(self, other: "KeyFilter") -> bool:
        """Whether each key of `other` is one of this filter's."""
        return other.prefix.startswith(self.prefix) and other.suffix.endswith(self.suffix)

    def to_s3(self) -> dict[str, Any]:
        """Return the `Filter` member of an entry; empty where all keys match."""
        values = {"prefix": self.prefix, "suffix": self.suffix}
        rules = [
            {"Name": name, "Value": quote_plus(value, safe=_SAFE)} for name, value in values.items() if value
        ]
        return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}

    def __str__(self) -> str:
        parts = [f"prefix {self.prefix!r}"] * bool(self.prefix) + [f"suffix {self.suffix!r}"] * bool(
            self.suffix
        )
        return ", ".join(parts) or "all keys"


def read_filter(entry: Mapping[str, Any]) -> KeyFilter:
    """Return the filter of an entry as S3 lists it; S3 writes the rules' names in either case."""
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    values = {rule.get("Name", "").lower(): unquote_plus(rule.get("Value", "")) for rule in rules}
    return KeyFilter(values.get("prefix", ""), values.get("suffix", ""))


def asked_filter(prefix: str, suffix: str) -> KeyFilter:
    """Return the filter a person asked for. Raises RefusedError for what S3 does not take."""
    for name, value in (("prefix", prefix), ("suffix", suffix)):
        if "*" in value:
            raise RefusedError(
                f"the {name} {value!r} holds a *, which S3 takes as no wildcard; give it without"
            )
        if len(value.encode()) > _LONGEST:
            raise RefusedError(f"the {name} is longer than {_LONGEST} bytes, which no key can match")
    return KeyFilter(prefix, suffix)
