"""Who has it already is sent nothing, who asks for a part is sent that, and never more than there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from infra.local.edge_server.conditions import sent

BODY = b"0123456789"
HEADERS = {"etag": '"e"', "last-modified": "Thu, 26 Nov 2026 07:00:00 GMT", "content-type": "text/html"}


def answered(method="GET", status=200, **asked):
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in asked.items())
    return sent(method, named, status, HEADERS, BODY)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"if_none_match": '"e"'}, 304),
        ({"if_none_match": 'W/"e"'}, 304),
        ({"if_none_match": '"a", "e"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"a"'}, 200),
        ({"if_none_match": ""}, 200),
        ({"if_modified_since": "Thu, 26 Nov 2026 07:00:00 GMT"}, 304),
        ({"if_modified_since": "Thu, 26 Nov 2026 06:59:59 GMT"}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_modified_since": "Thu, 99 Nov 2026 07:00:00 GMT"}, 200),
        # RFC 9110 §13.2.2: where both come, the ETag decides.
        ({"if_none_match": '"a"', "if_modified_since": "Thu, 26 Nov 2026 07:00:00 GMT"}, 200),
    ],
)
def test_who_has_it_already_is_sent_nothing(asked, status):
    for method in ("GET", "HEAD"):
        found = answered(method, **asked)
        assert (found.status, found.body) == (status, b"" if status == 304 else BODY)
        assert ("content-type" in found.headers) is (status == 200)
        assert found.headers["etag"] == '"e"'
    assert answered(status=404, **asked).status == 404


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, BODY, "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, BODY, None),
        ("bytes=0-1,3-4", 200, BODY, None),
        ("lines=0-1", 200, BODY, None),
        ("bytes=-", 200, BODY, None),
    ],
)
def test_a_part(asked, status, body, told):
    found = answered(range=asked)
    assert (found.status, found.body, found.headers.get("content-range")) == (status, body, told)
    assert answered("HEAD", range=asked).status == 200


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ('"e"', 206),
        ('"a"', 200),
        ('W/"e"', 200),
        ("Thu, 26 Nov 2026 07:00:00 GMT", 206),
        ("Thu, 26 Nov 2026 08:00:00 GMT", 200),
        ("never", 200),
    ],
)
def test_a_part_of_what_the_viewer_holds_the_rest_of(held, status):
    assert answered(range="bytes=0-1", if_range=held).status == status


@given(st.text("bytes=-,0129 ", max_size=12), st.binary(max_size=5))
def test_no_range_is_more_than_there_is(asked, body):
    found = sent("GET", CIMultiDict(Range=asked), 200, {}, body)
    assert found.body in body
    assert (found.status == 206) == (found.headers.get("content-range", "*").count("*") == 0)
