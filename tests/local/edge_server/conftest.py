"""An edge's server over an S3 that the test holds, and an account that it writes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import md5
from http.client import HTTPConnection
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.cloudfront.proxy import Answer, Forward, Proxy, Request
from infra.local.edge.edge import EdgeSettings
from infra.local.edge_server.server import EdgeServer
from tests.core.routing.distributions import S3, behavior, document


@dataclass
class S3Behind:
    """Answers GetObject; each may be held up until it is let go."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)
    called: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    fails: bool = False

    def __post_init__(self) -> None:
        self.goes_on.set()

    def answer(self, request: Request, forward: Forward) -> Answer:
        key = unquote(request.path).removeprefix("/b/")
        self.asked.append(key)
        body = self.bodies.get(key)
        self.called.release()
        self.goes_on.wait(20)
        if self.fails:
            raise OSError("gone")
        if body is None:
            return Answer(404, {"Content-Type": "application/xml"}, b"<Code>NoSuchKey</Code>")
        etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return Answer(304, {"ETag": etag}, b"")
        return Answer(200, {"ETag": etag, "Content-Type": "text/html", **self.headers}, body)


@dataclass
class CloudFrontBehind:
    """The account's distributions: id → DistributionConfig, as the SDK gives them."""

    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    version: int = 0

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self) -> Any:
        items = [
            {"Id": each, "DomainName": f"{each}.cloudfront.net", "ETag": f"{config['Comment']}"}
            for each, config in self.configs.items()
        ]
        return [{"DistributionList": {"Items": items}}] if items else [{"DistributionList": {}}]

    def get_distribution_config(self, Id: str) -> Any:
        self.read.append(Id)
        config = self.configs[Id]
        return {"ETag": config["Comment"], "DistributionConfig": config}

    def get_cache_policy(self, Id: str) -> Any:
        if Id not in self.policies:
            raise ClientError({"Error": {"Code": "NoSuchCachePolicy"}}, "GetCachePolicy")
        return {"CachePolicy": {"CachePolicyConfig": self.policies[Id]}}


@dataclass
class Site:
    """All of it, and a viewer."""

    server: EdgeServer
    s3: S3Behind
    cloudfront: CloudFrontBehind

    def get(
        self, path: str, host: str = "e1.localhost", method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = self.send(path, host, method, **headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def send(
        self, path: str, host: str = "e1.localhost", method: str = "GET", **headers: str
    ) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": host, **named})
        return connection


@pytest.fixture(scope="session")
def storage() -> Iterator[tuple[Proxy, Any]]:
    """Where S3 is, and its client: making one for each test would take most of the time."""
    with Proxy(S3Behind().answer, upstream="") as proxy:
        client = boto3.client(
            "s3",
            endpoint_url=proxy.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        yield proxy, client
        client.close()


@pytest.fixture
def settings() -> EdgeSettings:
    return EdgeSettings(effective_p95_seconds=0.0)


@pytest.fixture
def site(settings: EdgeSettings, storage: tuple[Proxy, Any]) -> Iterator[Site]:
    proxy, client = storage
    s3, cloudfront = S3Behind({"index.html": b"one"}), CloudFrontBehind()
    proxy.decide = s3.answer
    found = document([S3], [behavior("s3")], root="index.html")["Distribution"]["DistributionConfig"]
    cloudfront.configs["E1"] = found | {"Comment": "1"}
    with EdgeServer(cloudfront, client, settings) as server:
        yield Site(server, s3, cloudfront)
        s3.goes_on.set()
