"""The local AWS takes a real deployment, behaves as AWS does where it matters here, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.local import ministack
from infra.local.aws import local_aws
from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.local.ministack import without_aws
from infra.local.sam import SamError
from infra.local.sample_site import CACHING_OPTIMIZED

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("own")]

TEMPLATE = Path(__file__).with_name("stack") / "template.yaml"


def wait_until(seen, seconds=300.0):
    """Wait until something is so; fail where it is not, also where others leave this machine little time."""
    give_up = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    quotas = QuotaSettings(regime=Regime.IN_FLIGHT, seconds_in_progress=(600, 600))
    with local_aws(quotas=quotas, enforce_iam=True, logs=tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(aws):
    return aws.deploy(stack="small", template=TEMPLATE)


@pytest.fixture(scope="module")
def distribution(aws):
    origin = {
        "Id": "o",
        "DomainName": "site.s3.eu-central-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    created = aws.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "r",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": CACHING_OPTIMIZED,
            },
        }
    )
    return created["Distribution"]["Id"]


def test_batches_of_ten_reach_the_deployed_function_and_their_invalidations_the_gate(
    aws, outputs, distribution
):
    """Under the deployed role, which may invalidate but not list."""
    sqs = aws.client("sqs")
    for start in range(0, 90, 10):
        entries = [
            {"Id": str(n), "MessageBody": f"invalidate {distribution}"} for n in range(start, start + 10)
        ]
        sqs.send_message_batch(QueueUrl=outputs["QueueUrl"], Entries=entries)

    def sizes():
        return [int(seen.paths[0][1:]) for seen in aws.gate.invalidations]

    wait_until(lambda: sum(sizes()) >= 90)  # more where a slow machine let a visibility timeout pass
    assert max(sizes()) == 10
    assert {seen.paths[1] for seen in aws.gate.invalidations} == {"/AccessDenied"}
    listed = aws.client("cloudfront").list_invalidations(DistributionId=distribution)["InvalidationList"]
    assert {each["Status"] for each in listed["Items"]} == {"InProgress"}


def test_a_message_that_fails_each_time_is_counted_and_ends_in_the_dead_letter_queue(aws, outputs):
    sqs = aws.client("sqs")
    sent = sqs.send_message(QueueUrl=outputs["QueueUrl"], MessageBody="fail")["MessageId"]

    def dead():
        found = sqs.receive_message(
            QueueUrl=outputs["DeadLettersUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [each["MessageId"] for each in found.get("Messages", [])]

    def tries():
        return set(re.findall(rf"{sent} received (\d+)", (aws.logs / "ministack.log").read_text()))

    wait_until(lambda: sent in dead())
    wait_until(lambda: tries() == {"1", "2"})


def test_a_delayed_message_comes_when_it_is_due(aws, outputs, distribution):
    sqs, before = aws.client("sqs"), len(aws.gate.invalidations)
    sent = time.time()
    sqs.send_message(QueueUrl=outputs["QueueUrl"], MessageBody=f"invalidate {distribution}", DelaySeconds=3)
    wait_until(lambda: len(aws.gate.invalidations) > before)
    assert time.time() - sent >= 3


def test_a_mapping_that_is_disabled_reads_nothing(aws, outputs, distribution):
    functions, sqs, before = aws.client("lambda"), aws.client("sqs"), len(aws.gate.invalidations)
    (entry,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=entry["UUID"], Enabled=False)
    sqs.send_message(QueueUrl=outputs["QueueUrl"], MessageBody=f"invalidate {distribution}")
    time.sleep(2.5)
    assert len(aws.gate.invalidations) == before
    functions.update_event_source_mapping(UUID=entry["UUID"], Enabled=True)
    wait_until(lambda: len(aws.gate.invalidations) > before)


def test_a_queue_that_asks_for_tls_refuses_a_request_that_says_it_has_none(aws, outputs):
    sqs = aws.client("sqs")
    sqs.get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["QueueArn"])
    sqs.meta.events.register(
        "before-send.sqs.*", lambda request, **_: request.headers.__setitem__("X-Forwarded-Proto", "http")
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["QueueArn"])


def test_a_build_that_fails_says_what_sam_said(aws, tmp_path):
    broken = tmp_path / "template.yaml"
    broken.write_text("Transform: AWS::Serverless-2016-10-31\nResources: [no: yaml\n")
    with pytest.raises(SamError, match="Failed to parse template"):
        aws.deploy(stack="broken", template=broken)


def test_nothing_of_the_users_own_aws_goes_in():
    own = {
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_ENDPOINT_URL_SQS": "https://elsewhere",
        "SAM_CLI_POLL_DELAY": "5",
        "MINISTACK_REGION": "x",
    }
    assert without_aws(own | {"PATH": "/bin"}) == {"PATH": "/bin"}


KILLED = """
import os, signal, tempfile
from http.client import HTTPConnection
from pathlib import Path
from infra.local.ministack import ministack
directory = Path(tempfile.mkdtemp())
with ministack(directory, directory / "log") as running:
    print(directory, running.endpoint.rsplit(":", 1)[1], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def test_nothing_outlives_a_starter_that_is_killed():
    killed = subprocess.run([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    directory, port = killed.stdout.split()
    wait_until(lambda: not listens(port) and not Path(directory).exists())


def test_the_command_prints_export_lines_and_ends_on_ctrl_c(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local", "--bare"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as command:
        lines = (command.stdout.readline().removeprefix("export ").strip() for _ in range(6))
        exports = {name: value for name, _, value in (line.partition("=") for line in lines)}
        port = exports["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
        assert listens(port)
        command.send_signal(signal.SIGINT)
        assert command.wait(60) == 0
    assert not listens(port)
    assert list(tmp_path.iterdir()) == []


def test_its_port_is_its_own_from_the_first_moment_so_that_no_two_local_awss_share_one(monkeypatch, tmp_path):
    held = []
    answers = ministack._answers

    def look_on(port):
        with socket.socket() as other:
            try:
                other.bind(("127.0.0.1", port))
                held.append(False)
            except OSError:
                held.append(True)
        return answers(port)

    monkeypatch.setattr(ministack, "_answers", look_on)
    with ministack.ministack(tmp_path, tmp_path / "log"):
        assert len(held) > 1, "nobody looked before it was up"
        assert all(held)


def viewed(aws, host, path="/index.html"):
    """What a viewer gets: status, body, the first word of X-Cache."""
    connection = HTTPConnection("127.0.0.1", aws.edge.port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers["X-Cache"].split()[0]
    connection.close()
    return found


def test_viewers_see_the_old_object_until_it_is_invalidated_and_the_new_one_then(aws, distribution):
    s3, cloudfront = aws.client("s3"), aws.client("cloudfront")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    host = f"{distribution}.localhost"
    for body, seen in ((b"one", (200, b"one", "Miss")), (b"two", (200, b"one", "Hit"))):
        s3.put_object(Bucket="site", Key="index.html", Body=body)
        assert viewed(aws, host) == seen

    paths = {"Quantity": 1, "Items": ["/index.html"]}
    cloudfront.create_invalidation(
        DistributionId=distribution, InvalidationBatch={"CallerReference": "viewed", "Paths": paths}
    )
    wait_until(lambda: viewed(aws, host)[1] == b"two", 26)


def test_a_tenant_is_served_under_its_domain_and_invalidated_by_its_own_call(aws, distribution):
    cloudfront, s3 = aws.client("cloudfront"), aws.client("s3")
    config = cloudfront.get_distribution_config(Id=distribution)["DistributionConfig"]
    config["Origins"]["Items"][0] |= {"OriginPath": "/{{folder}}"}
    definition = {"Name": "folder", "Definition": {"StringSchema": {"Required": True}}}
    shared = cloudfront.create_distribution(
        DistributionConfig=config
        | {
            "CallerReference": "shared",
            "ConnectionMode": "tenant-only",
            "TenantConfig": {"ParameterDefinitions": [definition]},
        }
    )["Distribution"]["Id"]
    tenant = cloudfront.create_distribution_tenant(
        DistributionId=shared,
        Name="shop",
        Domains=[{"Domain": "shop.example.org"}],
        Parameters=[{"Name": "folder", "Value": "shop"}],
    )["DistributionTenant"]["Id"]
    for body, seen in ((b"s1", (200, b"s1", "Miss")), (b"s2", (200, b"s1", "Hit"))):
        s3.put_object(Bucket="site", Key="shop/index.html", Body=body)
        assert viewed(aws, "shop.example.org") == seen
    assert viewed(aws, f"{shared}.localhost")[0] == 501

    paths = {"Quantity": 1, "Items": ["/index.html"]}
    cloudfront.create_invalidation_for_distribution_tenant(
        Id=tenant, InvalidationBatch={"CallerReference": "shop", "Paths": paths}
    )
    assert aws.gate.invalidations[-1].distribution == tenant
    wait_until(lambda: viewed(aws, "shop.example.org")[1] == b"s2", 26)
