"""Makes things happen to AWS's answers on the wire, as `wire_happenings` lists them.

It strikes below the real SDK's parsing and retries, in front of what stands for AWS. Time-outs and slow answers move
the test's clock on by the client's own time-outs, and so does the SDK's waiting between its tries: nobody waits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.wire_happenings import Happening, Response

# The most that the SDK waits between two of three tries [botocore.retries.standard, ExponentialBackoff].
BACKOFF_SECONDS = 2.0
# An answer that is slow arrives so long before the SDK gives up on it.
JUST_IN_TIME_SECONDS = 0.1


class Clock(Protocol):
    """Time that passes when somebody waits."""

    def sleep(self, seconds: float) -> None: ...


class Service(Protocol):
    """What stands for AWS: moto's, or a test's own."""

    enabled: bool

    def process_request(self, request: Any) -> Any: ...


class Fault:
    """Meets every call that `meets` says, at the wire, below the SDK's own parsing and retries.

    Args:
        answer: what the SDK sees instead of the service's answer: a response, or an exception to raise.
        meets: tells by its URL, a line end and its body whether a request is met.
        after: whether the service does what was asked, and only its answer is lost.
        most: how many requests are met at most.
        slow: whether an answer takes nearly as long as the client waits.
        clock: what time-outs and slow answers move on.
        service: what stands for AWS at the wire, and is a client's `before-send` handler.
    """

    def __init__(
        self,
        answer: Response | Exception | None,
        *,
        meets: Callable[[str], bool] = lambda _: True,
        after: bool = False,
        most: int | None = None,
        slow: bool = False,
        clock: Clock | None = None,
        service: Service = botocore_stubber,
    ) -> None:
        self.answer = answer
        self.meets = meets
        self.after = after
        self.left = most
        self.slow = slow
        self.clock = clock
        self.service = service
        self.struck = 0
        self._here = False
        self._config: Any = None

    @classmethod
    def of(
        cls,
        what: Happening,
        clock: Clock,
        meets: Callable[[str], bool] = lambda _: True,
        service: Service = botocore_stubber,
    ) -> "Fault":
        """The fault that makes this happen to each try of each call."""
        return cls(what.answer, meets=meets, after=what.after, slow=what.slow, clock=clock, service=service)

    def strike(self, client: Any, operation: str | None = None) -> Callable[[], None]:
        """Begin, at one operation or at all of the client's; returns what ends it."""
        event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
        if operation is not None:
            event += f".{operation}"
        self._config = client.meta.config
        # Handlers of the whole event run after those of one operation; what stands for AWS is among them.
        client.meta.events.register_first(event, self._before)
        client.meta.events.register_last("before-send", self._after)

        def end() -> None:
            client.meta.events.unregister(event, self._before)
            client.meta.events.unregister("before-send", self._after)

        return end

    def _before(self, request: Any, **_: Any) -> None:
        body = request.body or b""
        text = f"{request.url}\n{body.decode() if isinstance(body, bytes) else body}"
        self._here = self.left != 0 and self.meets(text)
        if not self._here:
            return
        self.struck += 1
        if self.left is not None:
            self.left -= 1
        if self.clock is not None:
            self.clock.sleep(self._seconds())
        if self.after and (self.answer is None or isinstance(self.answer, Exception)):
            return  # AWS does what was asked first
        if isinstance(self.answer, Exception):
            self._here = False
            raise self.answer
        if self.after:
            self.service.process_request(request)
        self.service.enabled = False  # it does not answer

    def _seconds(self) -> float:
        """How long the call takes: all of the client's patience, at the worst."""
        most = float(self._config.connect_timeout + self._config.read_timeout)
        if isinstance(self.answer, ConnectTimeoutError):
            return float(self._config.connect_timeout)
        if isinstance(self.answer, ReadTimeoutError):
            return most
        return most - JUST_IN_TIME_SECONDS if self.slow else 0.0

    def _after(self, request: Any, **_: Any) -> AWSResponse | None:
        self.service.enabled = True
        if not self._here:
            return None
        self._here = False
        if self.answer is None:
            return None  # AWS's own answer was there before
        if isinstance(self.answer, Exception):
            raise self.answer
        status, headers, body = self.answer
        return AWSResponse(request.url, status, headers, MockRawResponse(body))


@contextmanager
def waiting_on(clock: Clock) -> Iterator[None]:
    """Let the SDK wait between its tries on a test's clock, as long as it may, and never run out of tries."""

    class Waiting:
        @staticmethod
        def sleep(_: float) -> None:
            clock.sleep(BACKOFF_SECONDS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.endpoint, "time", Waiting)
        patch.setattr(RetryQuota, "acquire", lambda *_: True)
        yield
