"""What people say of a bucket's keys, so that nobody has to ask: never seen by viewers, or written once and for all.

`my-site=logs/*,my-site=*.map`: a bucket, an equals sign, a pattern as a cache behavior's, with commas between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.paths.patterns import PathTest, compile_pattern


class HintError(ValueError):
    """It is no list of patterns; the text names the part and what to write."""


@dataclass(frozen=True, slots=True)
class Hints:
    """Patterns of keys, by bucket.

    Attributes:
        ignored: keys that viewers never see, such as logs written into the site's bucket (setting IgnoredKeys).
        immutable: keys that are never overwritten, as their names hold a hash: only their end counts (ImmutableKeys).
        basis: the two settings as written; what is remembered of a bucket is complete only for the same ones.
    """

    ignored: Mapping[str, tuple[PathTest, ...]] = field(default_factory=dict)
    immutable: Mapping[str, tuple[PathTest, ...]] = field(default_factory=dict)
    basis: str = ""

    def ignores(self, bucket: str, key: str, *, removed: bool) -> bool:
        """Whether a change of a key needs nothing, by what people say."""
        return _matches(self.ignored, bucket, key) or (not removed and _matches(self.immutable, bucket, key))

    def passes_over(self, bucket: str, key: str) -> bool:
        """Whether a round through the bucket need not ask for a key: its creation is never judged."""
        return self.ignores(bucket, key, removed=False)


NO_HINTS = Hints()


def read_hints(ignored: str, immutable: str) -> Hints:
    """Read the two settings. Raises HintError."""
    if not ignored and not immutable:
        return NO_HINTS
    return Hints(_patterns(ignored), _patterns(immutable), f"{ignored}\n{immutable}")


def _patterns(text: str) -> dict[str, tuple[PathTest, ...]]:
    found: dict[str, tuple[PathTest, ...]] = {}
    for part in filter(None, text.split(",")):
        bucket, equals, pattern = part.partition("=")
        if not bucket or not equals or not pattern:
            raise HintError(f"{part!r}: write BUCKET=PATTERN, such as my-site=logs/*")
        found[bucket] = (*found.get(bucket, ()), compile_pattern(pattern))
    return found


def _matches(patterns: Mapping[str, tuple[PathTest, ...]], bucket: str, key: str) -> bool:
    return bucket in patterns and any(matches(f"/{key}") for matches in patterns[bucket])
