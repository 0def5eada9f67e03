"""An HTTP server on 127.0.0.1 that answers viewers as CloudFront does, for all distributions of the local AWS.

What happens to what is no ordinary request:

- A host that no distribution has: 403, as CloudFront's front door answers.
- A distribution or behavior with something that is not modelled, or that cannot be read: 501, "not modelled: …" with
  what; the others are answered. An account that cannot be listed: 503, with why.
- Who has it already (If-None-Match, If-Modified-Since) is answered 304; one Range 206, several are answered whole, as
  CloudFront may do [RangeGETs].
- A request target with a scheme and a host is that host's (RFC 9112 §3.2.2). One that is not ASCII is 400, and a host
  with a dot at its end nobody's: what CloudFront makes of these two is said nowhere; browsers send neither.
- A viewer that goes away: what was being fetched for it is kept, and others that wait for it get it.
- A flood: more than `MOST_AT_ONCE` requests in work are answered 503 at once. Caches are bounded
  (`EdgeSettings.most_bytes`), and of one object that is not cached only one request goes to S3 at a time.
"""

import asyncio
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.edge.distributions import Distribution
from infra.local.edge.edge import Edge, EdgeSettings
from infra.local.edge.location import ERROR, Fetching, Request, Response, Steps
from infra.local.edge.origins import NotModelledError
from infra.local.edge.urls import typed
from infra.local.edge_server.account import Account
from infra.local.edge_server.conditions import sent
from infra.local.edge_server.storage import Storage

if TYPE_CHECKING:
    from infra.local.edge.cache import Name

MOST_AT_ONCE = 1_000
# What the account has is looked at again after so long, in case it changed behind the gate (CloudFormation).
LOOK_AGAIN_SECONDS = 2.0
# Names a location, where the host does not.
LOCATION_HEADER = "X-Edge-Location"
_SECONDS_TO_START = 10.0
_SECONDS_TO_STOP = 0.5
_VIA = "1.1 local.cloudfront.net (CloudFront)"
_BAD_REQUEST, _FORBIDDEN, _NOT_IMPLEMENTED, _BUSY = 400, 403, 501, 503


class EdgeServer:
    """Serves on a free port while it is open, in a thread of its own.

    Attributes:
        edge: the caches, for the loop's thread; others use `invalidate` and `look_again`.
        answered: how often each X-Cache was answered.
        port: where it listens.
    """

    def __init__(
        self,
        cloudfront: Any,
        s3: Any,
        settings: EdgeSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a server.

        Args:
            cloudfront: an SDK client, which distributions are read with.
            s3: an SDK client with path-style addresses.
            settings: of the edge.
            clock: epoch seconds.
        """
        self.edge = Edge(clock, settings)
        self.answered: Counter[str] = Counter()
        self.port = 0
        self._account = Account(cloudfront)
        self._s3 = s3
        self._storage: Storage
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="edge", daemon=True)
        self._ready = threading.Event()
        self._running: dict[tuple[str, Name], asyncio.Task[Response]] = {}
        self._in_work = 0
        # Of the looks at the account: how many were asked for, and up to which one it has been read.
        self._asked = 1
        self._read = 0
        self._looked = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_SECONDS_TO_START):
            raise TimeoutError("the edge's server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """Its URL; the distribution is named by the Host header."""
        return f"http://127.0.0.1:{self.port}"

    def url(self, distribution: str, path: str = "/") -> str:
        """Return a URL that a browser on this machine opens: `….localhost` is the machine itself."""
        return f"http://{distribution.lower()}.localhost:{self.port}{path}"

    def invalidate(
        self, distribution: str, invalidation: str, items: tuple[str, ...], completes: float
    ) -> None:
        """Send an invalidation on its way to the locations; for any thread."""
        self._loop.call_soon_threadsafe(self.edge.invalidate, distribution, invalidation, items, completes)

    def look_again(self) -> None:
        """Read the account again before the next answer; for any thread."""
        self._asked += 1

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._stop(runner))
        self._loop.close()

    async def _start(self) -> web.ServerRunner:
        self._storage = Storage(self._s3)
        # A viewer that sends what is no HTTP is answered 400, and is nothing to report.
        runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, logger=logging.getLogger("infra.local.edge_server")),
            shutdown_timeout=_SECONDS_TO_STOP,
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _stop(self, runner: web.ServerRunner) -> None:
        # Its own are all that this loop runs; what waits for S3 is not waited for.
        running = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await runner.cleanup()
        await self._storage.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._in_work >= MOST_AT_ONCE:
            return self._written(request, "", _told(_BUSY, "too many requests at once"))
        self._in_work += 1
        try:
            location, response = await self._answer(request)
            return self._written(request, location, response)
        finally:
            self._in_work -= 1

    async def _answer(self, request: web.BaseRequest) -> tuple[str, Response]:
        host, target = _asked(request.headers.get("Host", ""), request.raw_path)
        if not target.startswith("/"):
            return "", _told(_BAD_REQUEST, f"no path: {target!r}")
        try:
            found = await self._host(host)
        except (BotoCoreError, ClientError) as error:
            return "", _told(_BUSY, f"the account cannot be read: {error}")
        if found is None:
            return "", _told(_FORBIDDEN, f"no distribution answers to {host!r}")
        distribution, location = found
        asked = request.headers.get(LOCATION_HEADER, location).upper()
        if asked not in self.edge.locations:
            known = ", ".join(self.edge.locations)
            return "", _told(_FORBIDDEN, f"there is no location {asked!r}; there are {known}")
        path, _, query = target.partition("?")
        try:
            wanted = Request(typed(path), query, request.method, request.headers)
            return asked, await self._get(distribution, asked, wanted)
        except NotModelledError as error:
            return asked, _told(_NOT_IMPLEMENTED, f"not modelled: {error}")

    async def _host(self, host: str) -> tuple[Distribution, str] | None:
        """Return who answers to a host, as the account is now."""
        late = time.monotonic() - self._looked > LOOK_AGAIN_SECONDS
        if late and self.edge.host(host) is None:
            self._asked += 1
        while self._read < self._asked:
            await asyncio.shield(self._look())
        if late and self._looking is None:
            self._look()
        return self.edge.host(host)

    def _look(self) -> asyncio.Task[None]:
        """Begin to read the account, or join who does."""
        if self._looking is None:
            self._looking = self._loop.create_task(self._read_account(self._asked))
        return self._looking

    async def _read_account(self, asked: int) -> None:
        self._looked = time.monotonic()
        try:
            self.edge.know(await asyncio.to_thread(self._account.distributions))
            self._read = asked
        finally:
            self._looking = None

    async def _get(self, distribution: Distribution, location: str, request: Request) -> Response:
        begun = self.edge.begin(distribution, location, request)
        if isinstance(begun, Fetching) and begun.shares:
            running = self._running.get((location, begun.name))
            if running is not None:
                # What another viewer is waiting for is waited for too: request collapsing
                # [RequestAndResponseBehaviorCustomOrigin, "Simultaneous requests for the same object"].
                begun.steps.close()
                await asyncio.wait([running])
                begun = self.edge.begin(distribution, location, request)
        if isinstance(begun, Response):
            return begun
        task = self._loop.create_task(self._drive(begun.steps))
        if begun.shares:
            key = location, begun.name
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _drive(self, steps: Steps) -> Response:
        try:
            question = next(steps)
            while True:
                question = steps.send(await self._storage.answer(question))
        except StopIteration as ended:
            response: Response = ended.value
            return response

    def _written(self, request: web.BaseRequest, location: str, response: Response) -> web.Response:
        self.answered[response.x_cache] += 1
        headers = dict(response.headers)
        headers["x-cache"] = response.x_cache
        headers["via"] = _VIA
        headers["x-amz-cf-id"] = uuid.uuid4().hex
        if location:
            headers["x-amz-cf-pop"] = location
        if response.age is not None:
            headers["age"] = str(int(response.age))
        answer = sent(request.method, request.headers, response.status, headers, response.body)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _asked(host: str, target: str) -> tuple[str, str]:
    """Return the host without its port, and the path with its query: those of an absolute target are its own."""
    scheme, found, rest = target.partition("://")
    if found and scheme.lower() in {"http", "https"}:
        at = min((rest.find(each) for each in "/?" if each in rest), default=len(rest))
        host, target = rest[:at], rest[at:] if rest[at:].startswith("/") else f"/{rest[at:]}"
    return host.rpartition("@")[2].partition(":")[0], target


def _told(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, f"{text}\n".encode(), ERROR)
