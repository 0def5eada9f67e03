"""Answers to HEAD read from a socket: the plain ones as the SDK reads them, all others not at all."""

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invalidator.aws.head_connection import (
    MOST_BYTES,
    Answer,
    HeadConnection,
    NotPlainError,
    Place,
    read_answer,
)

OK = b"HTTP/1.1 200 OK\r\n"
HEADERS = b'Date: Mon, 23 Nov 2026 12:00:05 GMT\r\nETag: "a"\r\nContent-Length: 17\r\n\r\n'
# What is sent after this comes later.
SPLIT = b"|later|"
REQUEST = b"HEAD /a HTTP/1.1\r\nHost: s3\r\n\r\n"


@contextmanager
def server(*connections: list[bytes | None]) -> Iterator[tuple[int, list[int]]]:
    """For each connection, what is sent after each request; None waits until it is closed. Yields port and requests."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)
    asked = [0] * len(connections)

    def serve() -> None:
        for place, answers in enumerate(connections):
            try:
                kept, _ = listening.accept()
            except TimeoutError:
                return  # who asks did not connect again
            with kept:
                kept.settimeout(10)
                for answer in answers:
                    if not kept.recv(65_536):
                        break
                    asked[place] += 1
                    if answer is None:
                        kept.recv(1)
                        break
                    first, _, unasked = answer.partition(SPLIT)
                    kept.sendall(first)
                    if unasked:
                        time.sleep(0.1)  # or the two would be read as one
                        kept.sendall(unasked)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], asked
    finally:
        thread.join()
        listening.close()


def connected(port: int, read: float = 5.0) -> HeadConnection:
    return HeadConnection(
        Place("http", "127.0.0.1", port), ssl.create_default_context(), connect=5.0, read=read
    )


def test_a_connection_is_kept_from_answer_to_answer():
    with server([OK + HEADERS, b"HTTP/1.1 404 Not Found\r\n" + HEADERS]) as (port, asked):
        kept = connected(port)
        found, gone = kept.ask(REQUEST), kept.ask(REQUEST)
        kept.close()
    assert (found.status, gone.status, asked) == (200, 404, [2])
    assert found.headers == {"date": "Mon, 23 Nov 2026 12:00:05 GMT", "etag": '"a"', "content-length": "17"}


def test_one_that_s3_has_closed_meanwhile_is_made_again():
    with server([OK + HEADERS], [OK + HEADERS]) as (port, asked):
        kept = connected(port)
        kept.ask(REQUEST)
        assert kept.ask(REQUEST).status == 200
        kept.close()
    assert asked == [1, 1]


def test_one_that_s3_is_about_to_close_is_not_used_again():
    with server([OK + b"Connection: Close\r\n" + HEADERS, OK + HEADERS], [OK + HEADERS]) as (port, asked):
        kept = connected(port)
        kept.ask(REQUEST)
        kept.ask(REQUEST)
        kept.close()
    assert asked == [1, 1]


def test_what_came_unasked_is_no_answer_to_the_next():
    def answer(etag: bytes) -> bytes:
        return OK + HEADERS.replace(b'"a"', etag)

    with server([answer(b"one") + SPLIT + answer(b"nobody's")], [answer(b"two")]) as (port, asked):
        kept = connected(port)
        assert kept.ask(REQUEST).headers["etag"] == "one"
        assert select.select([vars(kept)["_http"].sock], [], [], 5.0)[0], "it has come"
        assert kept.ask(REQUEST).headers["etag"] == "two"
        kept.close()
    assert asked == [1, 1]


def test_a_new_one_that_is_closed_without_an_answer_is_not_tried_again():
    with server([]) as (port, _), pytest.raises((OSError, NotPlainError)):
        connected(port).ask(REQUEST)


def test_who_does_not_answer_is_waited_for_once():
    with server([OK + HEADERS, None]) as (port, asked):
        kept = connected(port, read=0.05)
        kept.ask(REQUEST)
        with pytest.raises(TimeoutError):
            kept.ask(REQUEST)
    assert asked == [2]


def test_after_an_answer_that_is_not_plain_the_connection_is_another():
    with server([b"HTTP/1.1 100 Continue\r\n\r\n"], [OK + HEADERS]) as (port, asked):
        kept = connected(port)
        with pytest.raises(NotPlainError):
            kept.ask(REQUEST)
        assert kept.ask(REQUEST).status == 200
        kept.close()
    assert asked == [1, 1]


def test_an_answer_without_an_end_is_not_read_for_ever():
    with server([OK + b"x-long: " + b"a" * MOST_BYTES * 8]) as (port, _), pytest.raises(NotPlainError):
        connected(port).ask(REQUEST)


@pytest.mark.parametrize(
    "told",
    [
        b"", b"\r\n\r\n", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n", OK + HEADERS[:-2],
        b"HTTP/1.0 200 OK\r\n" + HEADERS, b"HTTP/1.1 503 Slow Down\r\n" + HEADERS, b"HTTP/1.1 2000\r\n" + HEADERS,
        b"HTTP/1.1 301 Moved\r\n" + HEADERS, OK + b"folded: a\r\n b\r\n\r\n", OK + b"no colon\r\n\r\n",
        OK + b"name : a\r\n\r\n", OK + b": a\r\n\r\n", OK + b"a: b\nc: d\r\n\r\n", OK + b"a: b\rc: d\r\n\r\n",
        OK + HEADERS + HEADERS, OK + HEADERS + OK + HEADERS, b"HTTP/1.1 200\nOK\r\n" + HEADERS,
    ],
)  # fmt: skip
def test_what_is_not_plain_is_not_read(told):
    with pytest.raises(NotPlainError):
        read_answer(told)


NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.!-]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=12)


@given(headers=st.lists(st.tuples(NAMES, st.sampled_from(["", " ", "  ", "\t"]), VALUES), max_size=8))
@settings(max_examples=200, deadline=None)
def test_headers_are_those_that_the_sdk_reads(headers):
    told = (
        OK
        + "".join(f"{name}:{blank}{value}\r\n" for name, blank, value in headers).encode("latin-1")
        + b"\r\n"
    )
    assert read_answer(told) == Answer(200, _by_the_sdk(told))


def _by_the_sdk(told: bytes) -> dict[str, str]:
    """As botocore's clients do: urllib3 joins what is told twice."""
    from urllib3._collections import HTTPHeaderDict  # noqa: PLC0415

    mine, theirs = socket.socketpair()
    with mine, theirs:
        theirs.sendall(told)
        theirs.shutdown(socket.SHUT_WR)
        connection = HTTPConnection("s3")
        connection.sock = mine
        connection.request("HEAD", "/")
        answer = connection.getresponse()
        headers = HTTPHeaderDict(answer.msg.items())
    return {name.lower(): headers[name] for name in headers}
