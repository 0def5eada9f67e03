"""Requests signed here are those that the SDK's own signer would sign."""

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from invalidator.aws.head_request import CHECKSUM_MODE, HeadRequests, quoted

TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    keys=st.lists(KEYS, min_size=1, max_size=3),
    secret=TEXTS,
    token=st.one_of(st.none(), TEXTS),
    region=st.sampled_from(["eu-west-1", "us-east-1"]),
    path=st.sampled_from(["/", "/with.dots/"]),
    at=st.lists(st.integers(1_764_000_000, 1_764_300_000), min_size=3, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_a_request_is_signed_as_the_sdk_signs_it(keys, secret, token, region, path, at):
    credentials = ReadOnlyCredentials("AKIAEXAMPLE", secret, token)
    host, clock = "site.s3.amazonaws.com", [0.0]
    requests = HeadRequests(host, path, region, credentials, agent="agent", now=lambda: clock[0])
    for key, second in zip(keys, at, strict=False):
        clock[0] = second + 0.9
        line, *lines = requests.of(key).decode().removesuffix("\r\n\r\n").split("\r\n")
        assert line == f"HEAD {path}{quoted(key)} HTTP/1.1"
        told = dict(each.split(": ", 1) for each in lines)
        assert told.pop("User-Agent") == "agent"
        assert told == _signed_by_the_sdk(f"https://{host}{path}{quoted(key)}", credentials, region, second)


def _signed_by_the_sdk(url: str, credentials: ReadOnlyCredentials, region: str, at: int) -> dict[str, str]:
    request = AWSRequest("HEAD", url, {"x-amz-checksum-mode": CHECKSUM_MODE})
    signer = S3SigV4Auth(credentials, "s3", region)
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(at, UTC)):
        signer.add_auth(request)
    lower = {"X-Amz-Date": "x-amz-date", "X-Amz-Security-Token": "x-amz-security-token"}
    lower["X-Amz-Content-SHA256"] = "x-amz-content-sha256"
    headers = {lower.get(name, name): value for name, value in request.headers.items()}
    return {"Host": url.split("/")[2], **headers}
