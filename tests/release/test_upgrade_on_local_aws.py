"""Each released version becomes this one by `make deploy`, and this one goes back, with work under way: nothing lost.

The released version is built from its own commit, with its own build.
"""

import io
import subprocess
import sys
import tarfile
from types import SimpleNamespace

import pytest

from infra.local.aws import local_aws
from infra.local.cloudfront.faults import Fault
from infra.local.cloudfront.quotas import Refusal
from infra.template import ROOT
from tests.system import site
from tests.system.conftest import NO_QUOTAS
from tests.system.stack import all_fresh, at_rest, invalidator, left_to_do, letters, until

# The commit of each released version.
RELEASED = {"0.1.0": "0fbb704820afce82a97b91b6b8d461362eb15fcc"}
BUCKET, PINNED = "old-site", "pinned-site"
VISIBILITY_SECONDS = 30
THROTTLED = Refusal("Throttling", "Rate exceeded", 400)
OWNERS_SETTINGS = {
    "BatchWindowSeconds": "1",
    "BatchSize": "100",
    "MappingSeconds": "60",
    "MaxReceiveCount": "5",
}

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.soak("deploys two versions in turn"),
    pytest.mark.xdist_group("upgrade"),
]


def _source(version, into):
    """Write a released version's files."""
    packed = subprocess.run(["git", "archive", RELEASED[version]], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"this clone has no history down to {version}: {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(into, filter="data")
    return into


def _its_own_desk(source, aws, *words):
    """Run a command of the released version's command line."""
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from infra.cli.main import main; main(sys.argv[1:])", *words],
        cwd=source,
        env={**aws.subprocess_environment, "PYTHONPATH": f"{source}/functions:{source}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module", params=RELEASED)
def released(request, tmp_path_factory):
    """A stack of the released version that serves two buckets, one of them by a pin."""
    source = _source(request.param, tmp_path_factory.mktemp("source") / request.param)
    with local_aws(quotas=NO_QUOTAS, enforce_iam=True, logs=tmp_path_factory.mktemp("logs")) as aws:
        for bucket in (BUCKET, PINNED):
            site.make_bucket(aws, bucket)
        template = source / "template.yaml"
        buckets = {"Buckets": f"{BUCKET},{PINNED}"}
        outputs = aws.deploy({**buckets, **OWNERS_SETTINGS}, template=template)
        # The local AWS ends a function's runs when it updates it; what they held comes back after this, not 12 minutes.
        aws.client("sqs").set_queue_attributes(
            QueueUrl=outputs["QueueUrl"], Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )
        served = {site.make_distribution(aws, BUCKET): ""}
        other = site.make_distribution(aws, "nobodys-bucket")
        _its_own_desk(source, aws, "route", "pin", PINNED, "--distribution", other)
        yield SimpleNamespace(
            aws=aws, outputs=outputs, template=template, served=served, pinned={other: ""}, buckets=buckets
        )


def test_work_under_way_survives_the_way_here_and_back(released):
    aws, s3 = released.aws, released.aws.client("s3")
    all_fresh(aws, [site.put(s3, BUCKET, "before.html")], released.served, 60)
    all_fresh(aws, [site.put(s3, PINNED, "before.html")], released.pinned, 60)
    aws.client("sqs").send_message(QueueUrl=released.outputs["QueueUrl"], MessageBody="no json")
    until(
        lambda: letters(aws, released.outputs["DeadLetterQueueUrl"]),
        60,
        "a dead letter of the released version",
    )

    aws.gate.inject(Fault(THROTTLED, times=None))
    waiting = site.upload(s3, BUCKET, site.ODD_KEYS)
    pinned = site.upload(s3, PINNED, ["waits.html"])
    until(lambda: len(aws.gate.seen) > 2, 60, "the released version was refused")
    outputs = aws.deploy(released.buckets)
    late = site.upload(s3, BUCKET, ["late.html"])
    aws.gate.forget_faults()
    all_fresh(aws, [*waiting, *late], released.served, 150)
    all_fresh(aws, pinned, released.pinned, 150)
    assert [each["reason"] for each in invalidator(aws, "dlq", "list")["groups"]] == ["not-json"]
    at_rest(aws, outputs)
    all_fresh(aws, [site.put(s3, PINNED, "after.html")], released.pinned, 60)

    aws.gate.inject(Fault(THROTTLED, times=None))
    back = site.upload(s3, BUCKET, site.ODD_KEYS)
    pinned = site.upload(s3, PINNED, ["goes-back.html"])
    until(lambda: left_to_do(aws, outputs), 60, "changes are pending in the table")
    aws.deploy({**released.buckets, **OWNERS_SETTINGS}, template=released.template)
    aws.gate.forget_faults()
    all_fresh(aws, back, released.served, 120)
    all_fresh(aws, pinned, released.pinned, 120)
