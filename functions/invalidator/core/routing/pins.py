"""A pinned route: what people know of a bucket's distributions and a scan cannot see."""

from dataclasses import dataclass

PINNED_ORIGIN = "pinned"


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned route.

    Attributes:
        bucket: the bucket's name.
        distribution: the id of the distribution that serves it.
        origin_path: the OriginPath under which it does: "" or "/prefix".
        prefix: only keys under this prefix are served.
        role: ARN of the role to assume for this distribution, None for the worker's own account.
        templates: how a key appears to viewers; () where it does itself. Not part of what tells pins apart.
        tags: templates of the cache tags of the answers that are made of a key.
    """

    bucket: str
    distribution: str
    origin_path: str = ""
    prefix: str = ""
    role: str | None = None
    templates: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def renders(self) -> bool:
        """Whether it says itself how keys appear to viewers, whatever the origins are."""
        return bool(self.templates or self.tags)
