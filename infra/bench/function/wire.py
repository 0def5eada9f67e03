"""AWS, stubbed on the wire: the SDK writes and signs every request and reads every answer, and none leaves."""

import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import botocore
from botocore.awsrequest import AWSResponse, HeadersDict


class _Body(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        """What urllib3's response has, and botocore reads from."""
        yield self.read()


class Wire:
    """Answers the calls of the clients, and counts them by operation.

    Args:
        replies: operation → the body of its answer. A name may go on, after a blank, with what the request must hold.
        through: operations that are sent where the SDK's environment says.
    """

    def __init__(self, replies: Mapping[str, str], through: Collection[str] = ()) -> None:
        self.calls: Counter[str] = Counter()
        self._through = frozenset(through)
        self._replies: dict[str, list[tuple[bytes, bytes]]] = {}
        for name in sorted(replies, key=len, reverse=True):
            operation, _, held = name.partition(" ")
            self._replies.setdefault(operation, []).append((held.encode(), replies[name].encode()))

    def plug_in(self) -> None:
        """Stand in for the network of every client of every session that the SDK opens from now on."""

        def plug(session: Any) -> None:
            session.register("before-send", self._answer)

        botocore.register_initializer(plug)

    def _answer(self, event_name: str, request: Any, **_: object) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self.calls[operation] += 1
        if operation in self._through:
            return None
        asked = request.body or b""
        reply = next(body for held, body in self._replies[operation] if held in asked)
        headers: Any = HeadersDict()
        return AWSResponse(request.url, 200, headers, _Body(reply))
