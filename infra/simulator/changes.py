"""What is written to a simulated site, by a few numbers: an upload, or pages that are written again and again."""

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.simulator.remembered import STANDING
from infra.simulator.simulation import START, Site
from infra.simulator.traffic import Write, rewritten, upload


def made_tree(objects: int, directories: int, seed: int) -> list[str]:
    """Return the keys of a made tree, in a random order as parallel uploads have it."""
    width = len(str(objects))
    keys = [f"assets/part-{index % directories:04d}/file-{index:0{width}d}.js" for index in range(objects)]
    random.Random(seed).shuffle(keys)
    return keys


@dataclass(frozen=True, slots=True)
class Tree:
    """An upload of a made tree, to the first distribution's bucket.

    Attributes:
        objects: so many.
        directories: they lie in.
        rate: objects a second.
    """

    objects: int = 10_000
    directories: int = 100
    rate: float = 500.0

    def writes(self, site: Site) -> Iterator[Write]:
        """Yield the writes in order of time."""
        return upload(site.bucket(0), made_tree(self.objects, self.directories, site.seed), self.rate, START)


@dataclass(frozen=True, slots=True)
class ReUpload:
    """A deploy as most pipelines do it: each page that stands in the site's bucket is uploaded again, whatever changed.

    Attributes:
        edits: so many of the pages have other content.
        assets: so many objects are new, with hashes in their names.
        rate: objects a second.
    """

    edits: int = 10
    assets: int = 300
    rate: float = 100.0

    def writes(self, site: Site) -> Iterator[Write]:
        """Yield the writes in order of time."""
        chance = random.Random(site.seed)
        pages = site.standing()
        edited = set(chance.sample(pages, min(self.edits, len(pages))))
        written = [(key, "edited" if key in edited else STANDING) for key in pages]
        written += [
            (f"assets/chunk-{number:05d}.{chance.getrandbits(32):08x}.js", "new")
            for number in range(self.assets)
        ]
        chance.shuffle(written)
        for number, (key, etag) in enumerate(written):
            yield Write(START + number / self.rate, site.bucket(0), key, etag)


@dataclass(frozen=True, slots=True)
class Keys:
    """An upload of given keys, in their order, to the first distribution's bucket.

    Attributes:
        keys: the objects' keys.
        rate: objects a second.
    """

    keys: Sequence[str]
    rate: float = 500.0

    def writes(self, site: Site) -> Iterator[Write]:
        """Yield the writes in order of time."""
        return upload(site.bucket(0), self.keys, self.rate, START)


@dataclass(frozen=True, slots=True)
class Pages:
    """One page of each distribution, written again and again.

    Attributes:
        every: so often, seconds.
        seconds: for so long.
    """

    every: float = 20.0
    seconds: float = 3600.0

    def writes(self, site: Site) -> Iterator[Write]:
        """Yield the writes in order of time."""
        chance = random.Random(site.seed)
        return heapq.merge(
            *(
                rewritten(
                    site.bucket(number),
                    "news.html",
                    self.every,
                    START + chance.random() * min(self.every, self.seconds),
                    START + self.seconds,
                )
                for number in range(site.distributions)
            )
        )


Changes = Tree | Keys | Pages | ReUpload
