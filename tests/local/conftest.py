"""CloudFront as the gate sees it: an emulator behind it that keeps no rules of its own."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from infra.local.cloudfront.gate import Gate
from infra.local.cloudfront.proxy import Answer, Forward, Proxy, Request

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})
NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class CloudFrontBehind:
    """Answers as MiniStack does: creates what it is asked to, completed at once, whole seconds."""

    def __init__(self) -> None:
        self.created: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.refuses: tuple[int, str] | None = None

    def answer(self, request: Request, forward: Forward) -> Answer:
        self.requests.append(request)
        if self.refuses:
            status, code = self.refuses
            body = f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
            return _xml(status, f"{body}<Message>no</Message></Error></ErrorResponse>")
        if request.method == "POST":
            reference = request.body.split(b"<CallerReference>")[1].split(b"<")[0].decode()
            number = list(self.created).index(reference) if reference in self.created else len(self.created)
            self.created.setdefault(reference, request.body)
            return _xml(
                201, f'<Invalidation xmlns="{NAMESPACE}">{_invalidation(f"I{number}")}</Invalidation>'
            )
        if request.path.endswith("/invalidation"):
            items = "".join(
                f"<InvalidationSummary>{_shown(f'I{number}')}</InvalidationSummary>"
                for number in range(len(self.created))
            )
            return _xml(
                200,
                f'<InvalidationList xmlns="{NAMESPACE}"><Marker></Marker><MaxItems>100</MaxItems>'
                f"<IsTruncated>false</IsTruncated><Quantity>{len(self.created)}</Quantity>"
                f"<Items>{items}</Items></InvalidationList>",
            )
        if "/invalidation/" in request.path:
            id_ = request.path.rsplit("/", 1)[1]
            return _xml(200, f'<Invalidation xmlns="{NAMESPACE}">{_invalidation(id_)}</Invalidation>')
        return _xml(200, f'<DistributionList xmlns="{NAMESPACE}"><Quantity>0</Quantity></DistributionList>')


def _shown(invalidation: str) -> str:
    return (
        f"<Id>{invalidation}</Id><Status>Completed</Status><CreateTime>2026-11-23T12:00:00.000Z</CreateTime>"
    )


def _invalidation(invalidation: str) -> str:
    return (
        f"{_shown(invalidation)}<InvalidationBatch><Paths><Quantity>0</Quantity></Paths></InvalidationBatch>"
    )


def _xml(status: int, body: str) -> Answer:
    return Answer(status, {"Content-Type": "text/xml"}, body.encode())


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def behind() -> CloudFrontBehind:
    return CloudFrontBehind()


@pytest.fixture
def gate(behind: CloudFrontBehind, clock: Clock) -> Iterator[Gate]:
    with Proxy(behind.answer, upstream="") as server, Gate(upstream=server.endpoint, clock=clock) as opened:
        yield opened


@pytest.fixture
def cloudfront(gate: Gate):
    client = boto3.client(
        "cloudfront",
        endpoint_url=gate.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=ONE_ATTEMPT,
    )
    yield client
    client.close()
