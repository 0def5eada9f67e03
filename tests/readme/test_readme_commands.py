"""What the README tells a person to type works: every command in it is typed here, against the local AWS."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import ministack
from infra.local.__main__ import exports
from infra.local.aws import LocalAws, local_aws
from infra.local.cloudfront.faults import ACCESS_DENIED, Fault
from infra.local.sample_site import make_distribution
from tests.typed_make import MAKE

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text("utf-8")
BUCKETS = ("my-site", "my-assets")
# Typed by other tests, or by the one who runs the tests: they would run themselves.
ELSEWHERE = {"make demo", "make local", "make test"}
DEPLOY = 'make deploy DEPLOY_ARGS="--parameter-overrides {}"'

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("own")]


def commands() -> list[str]:
    """Every line of the README's shell blocks, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [
        line.split("  #")[0].split("    #")[0].strip()
        for block in blocks
        for line in block.splitlines()
        if line
    ]


def once_deployed(typed: list[str]) -> list[str]:
    """With all deployments as one, the first: they differ by their parameters alone, and each takes half a minute."""
    before, after = DEPLOY.split("{}")
    deploys = [each for each in typed if each.startswith(before) and each.endswith(after)]
    given = [one for each in deploys for one in each.removeprefix(before).removesuffix(after).split()]
    parameters = {one.split("=")[0]: one for one in given}
    once = DEPLOY.format(" ".join(parameters.values()))
    return [once if each == deploys[0] else each for each in typed if each not in deploys[1:]]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(logs=tmp_path_factory.mktemp("logs")) as running:
        for bucket in BUCKETS:
            running.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": ministack.REGION}
            )
        yield running


def type_(aws: LocalAws, command: str, folder: Path) -> str:
    """Type a command as it stands in the README, and return what it prints."""
    words = shlex.split(command)
    if words[0] == "make":
        words[:1] = [*MAKE, "--directory", str(REPOSITORY)]
    if words[0] == ".venv/bin/invalidator":
        words[0] = str(Path(sys.executable).with_name("invalidator"))
    finished = subprocess.run(
        words,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            **aws.subprocess_environment,
            **dict(re.findall("export (.*?)=(.*)", exports(aws.environment))),
        },
        cwd=folder,
        input="y\n",  # make delete asks
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def test_every_command_of_the_readme_works_in_the_order_it_is_told(aws: LocalAws, tmp_path: Path) -> None:
    typed = once_deployed([each for each in commands() if each not in ELSEWHERE])
    assert len(typed) > 10
    distribution = ""
    for command in typed:
        if command.startswith("aws s3 cp"):
            aws.client("s3").put_object(Bucket="my-site", Key="index.html", Body=b"hello")
            continue
        if "bucket connect" in command and "--dry-run" in command:
            distribution = _site(aws, tmp_path)
        if "dlq list" in command:
            _fail(aws, distribution)
        if "dlq redrive" in command:
            aws.gate.forget_faults()
        if "dlq purge" in command:
            _send_rubbish(aws)
        said = type_(aws, command, tmp_path)
        if " explain s3://" in command:
            assert distribution in said
        if " plan " in command:
            assert "/index.html" in said
        if "dlq list" in command:
            assert "access-denied" in said


def _site(aws: LocalAws, folder: Path) -> str:
    """A distribution, and the files that `plan` is given in the README."""
    cloudfront = aws.client("cloudfront")
    identifier = make_distribution(cloudfront, "", "my-site")
    answer = cloudfront.get_distribution(Id=identifier)
    answer.pop("ResponseMetadata")
    (folder / "e1.json").write_text(json.dumps(answer, default=str))
    (folder / "keys.txt").write_text("index.html\n")
    for name, etag in (("before", "1"), ("now", "2")):
        (folder / f"{name}.jsonl").write_text(
            json.dumps({"key": "index.html", "etag": etag, "size": 5}) + "\n"
        )
    return identifier


def _fail(aws: LocalAws, distribution: str) -> None:
    aws.gate.inject(Fault(ACCESS_DENIED, times=None, distribution=distribution))
    aws.client("s3").put_object(Bucket="my-site", Key="denied.html", Body=b"never seen")
    _wait_for_dead_letters(aws, 1)


def _send_rubbish(aws: LocalAws) -> None:
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=_queue(aws, "-changes"), MessageBody="not json")
    _wait_for_dead_letters(aws, 1)


def _wait_for_dead_letters(aws: LocalAws, number: int) -> None:
    name = "ApproximateNumberOfMessages"
    dead = _queue(aws, "-DeadLetterQueue-")
    until = time.monotonic() + 300
    while (
        int(aws.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=[name])["Attributes"][name])
        < number
    ):
        assert time.monotonic() < until, "nothing arrived in the dead-letter queue"
        time.sleep(0.5)


def _queue(aws: LocalAws, part: str) -> str:
    return next(url for url in aws.client("sqs").list_queues()["QueueUrls"] if part in url)
