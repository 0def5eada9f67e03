"""A viewer of one edge in memory: a clock that is set by hand, buckets of objects, and who counts what S3 is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infra.local.edge.distributions import Distribution
from infra.local.edge.edge import Edge, EdgeSettings
from infra.local.edge.location import Request, Response, Steps
from infra.local.edge.origins import (
    AskElsewhere,
    GetObject,
    GetWebsite,
    OriginAnswer,
    Question,
    Stored,
    Told,
    Website,
)


@dataclass
class Objects:
    """What S3 holds: (bucket, key) → body; headers by the same."""

    bodies: dict[tuple[str, str], Any] = field(default_factory=dict)
    headers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    website: Website = field(default_factory=Website)
    missing: int = 404
    down: bool = False
    asked: list[Question] = field(default_factory=list)

    def put(self, key: str, body: Any, bucket: str = "b", **headers: str) -> None:
        self.bodies[bucket, key] = body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers[bucket, key] = {"etag": f'"{body}"', **named}

    def told(self, question: Question) -> Told:
        self.asked.append(question)
        match question:
            case GetWebsite():
                return self.website
            case AskElsewhere(host=host):
                return OriginAnswer(200, f"from {host}")
            case GetObject(bucket=bucket, key=key, etag=etag):
                if self.down:
                    return OriginAnswer(503, "down")
                if (bucket, key) not in self.bodies:
                    return OriginAnswer(self.missing)
                headers = self.headers[bucket, key]
                if etag and etag == headers.get("etag"):
                    return OriginAnswer(304, None, headers)
                body = self.bodies[bucket, key]
                return Stored(body, headers, len(str(body)))


@dataclass
class Viewer:
    """Asks one edge; time stands still unless it is moved."""

    distribution: Distribution
    settings: EdgeSettings = field(default_factory=EdgeSettings)
    now: float = 1_795_000_000.0
    objects: Objects = field(default_factory=Objects)

    def __post_init__(self) -> None:
        self.edge = Edge(lambda: self.now, self.settings)
        self.edge.know([self.distribution])

    def get(self, url: str, location: str = "FRA56", method: str = "GET", **headers: str) -> Response:
        path, _, query = url.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        begun = self.edge.begin(self.distribution, location, Request(path, query, method, named))
        return begun if isinstance(begun, Response) else finish(begun.steps, self.objects.told)

    def seen(self, url: str, **more: Any) -> tuple[int, Any, str]:
        """What a person would look at: status, body, and the first word of X-Cache."""
        response = self.get(url, **more)
        return response.status, response.body, response.x_cache.split()[0]

    def invalidate(self, *items: str) -> None:
        """Invalidate, and wait until it has arrived everywhere."""
        last = self.edge.invalidate(self.distribution.id, f"I{self.now}", items)
        self.now = max(self.now, last)


def finish(steps: Steps, told: Callable[[Question], Told]) -> Response:
    try:
        question = next(steps)
        while True:
            question = steps.send(told(question))
    except StopIteration as ended:
        return ended.value
